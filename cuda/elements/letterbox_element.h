/* One pixel of the network's input from a picture's bytes. */
#ifndef VERIFY_CUDA_ELEMENTS_LETTERBOX_ELEMENT_H
#define VERIFY_CUDA_ELEMENTS_LETTERBOX_ELEMENT_H

#include "cuda/elements/place.h"
#include "cuda/kernels/kernels.h"
#include "image/letterbox_sample.h"

/* A picture with what is the same for all of its pixels. */
struct letterbox_view {
    struct kernel_picture picture;
    double row_scale, column_scale;
};

VERIFY_INLINE struct letterbox_view letterbox_view_of(const struct kernel_picture *picture) {
    struct letterbox_view view;
    const struct letterbox *box = &picture->letterbox;
    view.picture = *picture;
    view.row_scale = letterbox_scale(box->image_height, box->height);
    view.column_scale = letterbox_scale(box->image_width, box->width);
    return view;
}

/* The three channels at (y, x) of the network's input. */
VERIFY_INLINE void letterbox_pixel(const struct letterbox_view *view, int32_t y, int32_t x,
                                   float rgb[3]) {
    const struct letterbox *box = &view->picture.letterbox;
    y -= (int32_t)box->top;
    x -= (int32_t)box->left;
    if (x < 0 || y < 0 || x >= (int32_t)box->width || y >= (int32_t)box->height) {
        rgb[0] = rgb[1] = rgb[2] = letterbox_unit(LETTERBOX_PADDING);
        return;
    }
    struct letterbox_tap row = letterbox_row_tap(y, view->row_scale, (int32_t)box->image_height);
    struct letterbox_tap column =
        letterbox_column_tap(x, view->column_scale, (int32_t)box->image_width);
    size_t stride = (size_t)box->image_width * 3;
    const uint8_t *upper = view->picture.pixels + (size_t)row.first * stride;
    const uint8_t *lower = view->picture.pixels + (size_t)row.second * stride;
    size_t first = (size_t)column.first * 3, second = (size_t)column.second * 3;
    LANES_UNROLL
    for (int channel = 0; channel < 3; channel++) {
        int32_t above = letterbox_mix_columns(upper[first + channel], upper[second + channel],
                                              column.weight_first, column.weight_second);
        int32_t below = letterbox_mix_columns(lower[first + channel], lower[second + channel],
                                              column.weight_first, column.weight_second);
        rgb[channel] =
            letterbox_unit(letterbox_mix_rows(above, below, row.weight_first, row.weight_second));
    }
}

/* The twelve channels of cell (y, x), of 2x2 pixels; zeros before the picture. */
VERIFY_INLINE void letterbox_cell(const struct letterbox_view *view, int32_t y, int32_t x,
                                  float *values) {
    LANES_UNROLL
    for (int pixel = 0; pixel < 4; pixel++) {
        float rgb[3] = {0};
        if (y >= 0 && x >= 0)
            letterbox_pixel(view, 2 * y + pixel / 2, 2 * x + pixel % 2, rgb);
        LANES_UNROLL
        for (int channel = 0; channel < 3; channel++)
            values[3 * pixel + channel] = rgb[channel];
    }
}

/* Writes all channels of cell `i` of picture n (cells counted through the picture). */
VERIFY_INLINE void letterbox_run(const struct letterbox_view *view, const struct map *dst, size_t n,
                                 size_t i, int lanes) {
    float values[2 * LANES] = {0};
    const struct letterbox *box = &view->picture.letterbox;
    size_t y = i / dst->width, cell = n * dst->height * dst->width + i, written = 3;
    size_t at = cell * dst->pitch, x = i - y * dst->width;
    if (dst->height >= box->net_height) {
        letterbox_pixel(view, (int32_t)y, (int32_t)x, values);
    } else {
        int32_t border_y = (int32_t)(dst->height - box->net_height / 2);
        int32_t border_x = (int32_t)(dst->width - box->net_width / 2);
        letterbox_cell(view, (int32_t)y - border_y, (int32_t)x - border_x, values);
        written = 12;
    }
    if (lanes == LANES) {
        lanes_store(dst->data, dst->element, at, LANES, values);
        if (written > LANES)
            lanes_store(dst->data, dst->element, at + LANES, LANES, values + LANES);
        written = written > LANES ? 2 * LANES : LANES;
    } else {
        LANES_UNROLL
        for (size_t c = 0; c < 12; c++)
            if (c < written)
                element_store(dst->data, dst->element, at + c, values[c]);
    }
    for (size_t c = written; c < dst->channels; c++)
        element_store(dst->data, dst->element, at + c, 0.0f);
}

#endif
