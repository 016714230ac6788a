/* Turning a picture upright. Orientations 5 to 8 exchange rows and columns. */
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

/* Pixels of a square that is turned at a time: its rows stay in the cache. */
enum { TILE = 32 };

static void swap_pixels(uint8_t *a, uint8_t *b) {
    uint8_t kept[3];
    memcpy(kept, a, 3);
    memcpy(a, b, 3);
    memcpy(b, kept, 3);
}

static void reverse_pixels(uint8_t *pixels, size_t count) {
    if (count < 2)
        return;
    uint8_t *last = pixels + (count - 1) * 3;
    for (; pixels < last; pixels += 3, last -= 3)
        swap_pixels(pixels, last);
}

static void flip_left_right(struct image *image) {
    for (size_t y = 0; y < image->height && !image_budget_cancelled(image->budget); y++)
        reverse_pixels(image->pixels + y * image->width * 3, image->width);
}

static void flip_up_down(struct image *image) {
    for (size_t y = 0; y < image->height / 2 && !image_budget_cancelled(image->budget); y++) {
        uint8_t *upper = image->pixels + y * image->width * 3;
        uint8_t *lower = image->pixels + (image->height - 1 - y) * image->width * 3;
        for (size_t x = 0; x < image->width; x++)
            swap_pixels(upper + x * 3, lower + x * 3);
    }
}

static void transpose_tile(const struct image *image, uint8_t *out, size_t x0, size_t y0) {
    size_t x1 = x0 + TILE < image->width ? x0 + TILE : image->width;
    size_t y1 = y0 + TILE < image->height ? y0 + TILE : image->height;
    for (size_t x = x0; x < x1; x++) {
        for (size_t y = y0; y < y1; y++)
            memcpy(out + (x * image->height + y) * 3, image->pixels + (y * image->width + x) * 3,
                   3);
    }
}

static void swap_sides(uint32_t *width, uint32_t *height) {
    uint32_t kept = *width;
    *width = *height;
    *height = kept;
}

static enum status transpose(struct image *image) {
    size_t size = (size_t)image->width * image->height * 3;
    uint8_t *turned = malloc(size);
    if (!turned)
        return FAIL(STATUS_FAILED, "out of memory: a picture of %zu bytes", size);
    for (size_t y = 0; y < image->height && !image_budget_cancelled(image->budget); y += TILE) {
        for (size_t x = 0; x < image->width; x += TILE)
            transpose_tile(image, turned, x, y);
    }
    free(image->pixels);
    image->pixels = turned;
    image->capacity = size;
    swap_sides(&image->width, &image->height);
    swap_sides(&image->whole_width, &image->whole_height);
    return STATUS_OK;
}

enum status image_orient(struct image *image, int orientation) {
    enum status status = STATUS_OK;
    if (orientation >= 5 && orientation <= 8)
        TRY(transpose(image));
    switch (orientation) {
    case 2: /* mirrored */
    case 6: /* turned left: transposed and mirrored */
        flip_left_right(image);
        break;
    case 3: /* upside down */
    case 7: /* transposed along the other diagonal */
        flip_left_right(image);
        flip_up_down(image);
        break;
    case 4: /* mirrored upside down */
    case 8: /* turned right: transposed and flipped */
        flip_up_down(image);
        break;
    }
    TRY(image_go_on(image));
out:
    return status;
}
