/* The arithmetic of one letterboxed sample, shared by the C and CUDA renderers: OpenCV's
 * INTER_LINEAR on 8-bit pictures (11-bit weights, modules/imgproc/src/resize.cpp), to the bit.
 * Where both sides shrink to half OpenCV averages 2 x 2 pixels, which comes to the same levels. */
#ifndef VERIFY_IMAGE_LETTERBOX_SAMPLE_H
#define VERIFY_IMAGE_LETTERBOX_SAMPLE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inline.h"
#include "image/image.h"

enum { LETTERBOX_PADDING = 114 };

/* Two neighbouring source lines and their weights, in 1/2048. */
struct letterbox_tap {
    int32_t first, second;
    int32_t weight_first, weight_second;
};

/* Source pixels per scaled pixel, by the detour over its inverse that OpenCV takes. */
VERIFY_INLINE double letterbox_scale(uint32_t source, uint32_t scaled) {
    return 1.0 / ((double)scaled / (double)source);
}

/* The centre of scaled pixel `i` in source pixels. A fused multiply-add would round differently. */
VERIFY_INLINE float letterbox_position(int32_t i, double scale) {
#ifdef __CUDA_ARCH__
    return (float)__dsub_rn(__dmul_rn(i + 0.5, scale), 0.5);
#else
    return (float)((i + 0.5) * scale - 0.5);
#endif
}

VERIFY_INLINE int32_t letterbox_floor(float value) {
    int32_t truncated = (int32_t)value;
    return truncated - (value < (float)truncated);
}

VERIFY_INLINE struct letterbox_tap letterbox_tap_at(int32_t first, float fraction, int32_t size) {
    struct letterbox_tap tap;
    tap.first = first < 0 ? 0 : first < size ? first : size - 1;
    tap.second = first + 1 < 0 ? 0 : first + 1 < size ? first + 1 : size - 1;
    tap.weight_first = (int32_t)rintf((1.0f - fraction) * 2048.0f);
    tap.weight_second = (int32_t)rintf(fraction * 2048.0f);
    return tap;
}

/* The source rows of scaled row `i`; `size`: source rows. Beyond an edge a row stands twice. */
VERIFY_INLINE struct letterbox_tap letterbox_row_tap(int32_t i, double scale, int32_t size) {
    float position = letterbox_position(i, scale);
    int32_t first = letterbox_floor(position);
    return letterbox_tap_at(first, position - (float)first, size);
}

/* The source columns of scaled column `i`; `size`: source columns. Beyond an edge the outermost
 * column has the whole weight: unlike with rows, so that truncation comes out as in OpenCV. */
VERIFY_INLINE struct letterbox_tap letterbox_column_tap(int32_t i, double scale, int32_t size) {
    float position = letterbox_position(i, scale);
    int32_t first = letterbox_floor(position);
    float fraction = position - (float)first;
    if (first < 0 || first >= size - 1)
        fraction = 0.0f;
    return letterbox_tap_at(first, fraction, size);
}

/* Two pixels of a row to a value in 1/128 of a level (0 to 32640). */
VERIFY_INLINE int32_t letterbox_mix_columns(int32_t first, int32_t second, int32_t weight_first,
                                            int32_t weight_second) {
    return (first * weight_first + second * weight_second) >> 4;
}

/* Two such values, one above the other, to a level (0 to 255). */
VERIFY_INLINE int32_t letterbox_mix_rows(int32_t first, int32_t second, int32_t weight_first,
                                         int32_t weight_second) {
    return (((first * weight_first) >> 16) + ((second * weight_second) >> 16) + 2) >> 2;
}

/* level / 255 correctly rounded, without a division: 1/255 in a part of 17 bits, whose product
 * with a level is exact, and a rest. */
VERIFY_INLINE float letterbox_unit(int32_t level) {
    return (float)level * 0x1.0101p-8f + (float)level * 0x1.010102p-32f;
}

/* One sample (channel, y, x) of the network's input from the picture's pixels (height, width, 3).
 */
VERIFY_INLINE float letterbox_sample(const uint8_t *pixels, const struct letterbox *letterbox,
                                     int32_t channel, int32_t y, int32_t x) {
    x -= (int32_t)letterbox->left;
    y -= (int32_t)letterbox->top;
    if (x < 0 || y < 0 || x >= (int32_t)letterbox->width || y >= (int32_t)letterbox->height)
        return letterbox_unit(LETTERBOX_PADDING);
    size_t stride = (size_t)letterbox->image_width * 3;
    pixels += channel;
    struct letterbox_tap row =
        letterbox_row_tap(y, letterbox_scale(letterbox->image_height, letterbox->height),
                          (int32_t)letterbox->image_height);
    struct letterbox_tap column =
        letterbox_column_tap(x, letterbox_scale(letterbox->image_width, letterbox->width),
                             (int32_t)letterbox->image_width);
    const uint8_t *upper = pixels + (size_t)row.first * stride;
    const uint8_t *lower = pixels + (size_t)row.second * stride;
    size_t first = (size_t)column.first * 3, second = (size_t)column.second * 3;
    int32_t above = letterbox_mix_columns(upper[first], upper[second], column.weight_first,
                                          column.weight_second);
    int32_t below = letterbox_mix_columns(lower[first], lower[second], column.weight_first,
                                          column.weight_second);
    return letterbox_unit(letterbox_mix_rows(above, below, row.weight_first, row.weight_second));
}

#endif
