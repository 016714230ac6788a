/* A part of a picture, copied. */
#include <string.h>

#include "image/image.h"

enum status image_crop(const struct image *image, const struct crop *crop, struct image *out) {
    enum status status;
    size_t row = (size_t)crop->width * 3, stride = (size_t)image->width * 3;
    TRY(image_resize_buffer(out, crop->width, crop->height));
    const uint8_t *from = image->pixels + crop->y * stride + (size_t)crop->x * 3;
    for (uint32_t y = 0; y < crop->height; y++)
        memcpy(out->pixels + y * row, from + y * stride, row);
out:
    return status;
}
