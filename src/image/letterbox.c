/* Fitting a picture into the network's input. Each source row is scaled horizontally once, into one
 * of two rows of planes; an output row mixes the two. The arithmetic is in letterbox_sample.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "image/letterbox_sample.h"

/* Built once for AVX2 and once for any x86-64, chosen when the program starts; both give the same
 * bits. The sanitizers' run time is not yet up when the choice is made, hence not with them. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR_CLONES
#endif

static double smaller(double a, double b) {
    return a < b ? a : b;
}

/* Python's round: halves go to the even neighbour. */
static uint32_t round_side(double side) {
    double rounded = nearbyint(side);
    return rounded < 1.0 ? 1 : (uint32_t)rounded;
}

/* The same as YOLOX cuts it. */
static uint32_t cut_side(double side) {
    return side < 1.0 ? 1 : (uint32_t)side;
}

struct letterbox letterbox_within(uint32_t image_width, uint32_t image_height,
                                  const struct letterbox_frame *frame) {
    double gain = smaller((double)frame->height / image_height, (double)frame->width / image_width);
    double scaled_width = image_width * gain, scaled_height = image_height * gain;
    uint32_t width = frame->corner ? cut_side(scaled_width) : round_side(scaled_width);
    uint32_t height = frame->corner ? cut_side(scaled_height) : round_side(scaled_height);
    uint32_t padding_x = frame->width - width;
    uint32_t padding_y = frame->height - height;
    if (frame->rect) {
        padding_x %= frame->stride;
        padding_y %= frame->stride;
    }
    return (struct letterbox){
        .image_width = image_width,
        .image_height = image_height,
        .net_width = width + padding_x,
        .net_height = height + padding_y,
        .width = width,
        .height = height,
        /* LetterBox rounds (padding / 2 - 0.1): the odd pixel goes right and below. */
        .left = frame->corner ? 0 : padding_x / 2,
        .top = frame->corner ? 0 : padding_y / 2,
        .gain = (float)gain,
        .gain_x = (float)((double)width / image_width),
        .gain_y = (float)((double)height / image_height),
    };
}

struct letterbox letterbox_plan(uint32_t image_width, uint32_t image_height, uint32_t imgsz,
                                bool rect, uint32_t stride) {
    return letterbox_within(
        image_width, image_height,
        &(struct letterbox_frame){.width = imgsz, .height = imgsz, .stride = stride, .rect = rect});
}

/* A source column pair: byte offsets within a row, and weights. */
struct column {
    uint32_t first, second;
    int16_t weight_first, weight_second;
};

VECTOR_CLONES
static void scale_row(const uint8_t *restrict pixels, const struct column *restrict columns,
                      size_t width, int16_t *restrict red, int16_t *restrict green,
                      int16_t *restrict blue) {
    for (size_t x = 0; x < width; x++) {
        const uint8_t *a = pixels + columns[x].first;
        const uint8_t *b = pixels + columns[x].second;
        int32_t wa = columns[x].weight_first, wb = columns[x].weight_second;
        red[x] = (int16_t)letterbox_mix_columns(a[0], b[0], wa, wb);
        green[x] = (int16_t)letterbox_mix_columns(a[1], b[1], wa, wb);
        blue[x] = (int16_t)letterbox_mix_columns(a[2], b[2], wa, wb);
    }
}

VECTOR_CLONES
static void mix_row(const int16_t *restrict upper, const int16_t *restrict lower,
                    int16_t weight_upper, int16_t weight_lower, size_t width,
                    uint8_t *restrict out) {
    for (size_t x = 0; x < width; x++)
        out[x] = (uint8_t)letterbox_mix_rows(upper[x], lower[x], weight_upper, weight_lower);
}

VECTOR_CLONES
static void copy_row(const uint8_t *restrict pixels, size_t width, uint8_t *restrict red,
                     uint8_t *restrict green, uint8_t *restrict blue) {
    for (size_t x = 0; x < width; x++) {
        red[x] = pixels[3 * x];
        green[x] = pixels[3 * x + 1];
        blue[x] = pixels[3 * x + 2];
    }
}

static void fill(uint8_t *row, size_t from, size_t end) {
    if (from < end)
        memset(row + from, LETTERBOX_PADDING, end - from);
}

/* Pads what `stale` covers of a plane and the scaled picture does not. */
static void pad_plane(const struct letterbox *box, const struct letterbox *stale, uint8_t *plane) {
    size_t first = stale->left, end = first + stale->width;
    for (uint32_t y = stale->top; y < stale->top + stale->height; y++) {
        uint8_t *row = plane + (size_t)y * box->net_width;
        bool within = y >= box->top && y < box->top + box->height;
        fill(row, first, within ? box->left : end);
        fill(row, within ? box->left + box->width : end, end);
    }
}

/* Where row y of the scaled picture begins in a plane. */
static uint8_t *plane_row(const struct letterbox *box, uint8_t *levels, int channel, uint32_t y) {
    size_t rows = (size_t)channel * box->net_height + box->top + y;
    return levels + rows * box->net_width + box->left;
}

static void copy_rows(const struct image *image, const struct letterbox *box, uint8_t *levels) {
    for (uint32_t y = 0; y < box->height; y++)
        copy_row(image->pixels + (size_t)y * image->width * 3, box->width,
                 plane_row(box, levels, 0, y), plane_row(box, levels, 1, y),
                 plane_row(box, levels, 2, y));
}

static void find_columns(const struct image *image, const struct letterbox *box,
                         struct column *columns) {
    double scale = letterbox_scale(image->width, box->width);
    for (uint32_t x = 0; x < box->width; x++) {
        struct letterbox_tap tap = letterbox_column_tap((int32_t)x, scale, (int32_t)image->width);
        columns[x] = (struct column){.first = (uint32_t)tap.first * 3,
                                     .second = (uint32_t)tap.second * 3,
                                     .weight_first = (int16_t)tap.weight_first,
                                     .weight_second = (int16_t)tap.weight_second};
    }
}

static enum status scale_rows(const struct image *image, const struct letterbox *box,
                              uint8_t *levels) {
    size_t width = box->width, stride = (size_t)image->width * 3;
    size_t rows_size = 6 * width * sizeof(int16_t);
    struct column *columns = malloc(width * sizeof *columns + rows_size);
    if (!columns)
        return FAIL(STATUS_FAILED, "out of memory: a letterbox %zu pixels wide", width);
    find_columns(image, box, columns);
    int16_t *rows[2] = {(int16_t *)(columns + width), (int16_t *)(columns + width) + 3 * width};
    int32_t held[2] = {-1, -1}; /* which source row each holds */
    double scale = letterbox_scale(image->height, box->height);
    for (uint32_t y = 0; y < box->height; y++) {
        struct letterbox_tap tap = letterbox_row_tap((int32_t)y, scale, (int32_t)image->height);
        int32_t wanted[2] = {tap.first, tap.second};
        if (held[1] == wanted[0]) {
            int16_t *row = rows[0];
            rows[0] = rows[1];
            rows[1] = row;
            held[1] = held[0];
            held[0] = wanted[0];
        }
        for (int i = 0; i < 2; i++) {
            if (held[i] != wanted[i])
                scale_row(image->pixels + (size_t)wanted[i] * stride, columns, width, rows[i],
                          rows[i] + width, rows[i] + 2 * width);
            held[i] = wanted[i];
        }
        for (int channel = 0; channel < 3; channel++)
            mix_row(rows[0] + (size_t)channel * width, rows[1] + (size_t)channel * width,
                    (int16_t)tap.weight_first, (int16_t)tap.weight_second, width,
                    plane_row(box, levels, channel, y));
    }
    free(columns);
    return STATUS_OK;
}

enum status letterbox_levels(const struct image *image, const struct letterbox *letterbox,
                             const struct letterbox *before, uint8_t *levels) {
    size_t plane = (size_t)letterbox->net_width * letterbox->net_height;
    const struct letterbox whole = {.width = letterbox->net_width, .height = letterbox->net_height};
    bool same_input =
        before->net_width == letterbox->net_width && before->net_height == letterbox->net_height;
    for (int channel = 0; channel < 3; channel++)
        pad_plane(letterbox, same_input ? before : &whole, levels + (size_t)channel * plane);
    if (image->width == letterbox->width && image->height == letterbox->height) {
        copy_rows(image, letterbox, levels);
        return STATUS_OK;
    }
    return scale_rows(image, letterbox, levels);
}

VECTOR_CLONES
void letterbox_units(const uint8_t *restrict levels, size_t n, float *restrict units) {
    for (size_t i = 0; i < n; i++)
        units[i] = letterbox_unit(levels[i]);
}
