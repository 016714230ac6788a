/* A feature map on the device: NHWC, possibly some channels of a wider buffer. */
#ifndef VERIFY_CUDA_MAP_H
#define VERIFY_CUDA_MAP_H

#include <stddef.h>
#include <stdint.h>

enum element { ELEMENT_F32, ELEMENT_F16 };

static inline size_t element_size(enum element element) {
    return element == ELEMENT_F16 ? 2 : 4;
}

/* Element (n, y, x, c) is data[((n * height + y) * width + x) * pitch + c]: `data` points to the
 * map's first channel, `pitch` is the number of channels of the buffer that it lies in. */
struct map {
    void *data;
    enum element element;
    size_t n, height, width, channels;
    size_t pitch;
};

#endif
