/* A whole letterbox as a network reads it: for tests. */
#ifndef VERIFY_TESTS_LETTERBOX_RENDER_H
#define VERIFY_TESTS_LETTERBOX_RENDER_H

#include <stdlib.h>

#include "base/memory.h"
#include "image/image.h"

/* letterbox_levels as planes of level / 255, (3,net_height,net_width). */
static inline enum status letterbox_render(const struct image *image,
                                           const struct letterbox *letterbox, float *planes) {
    enum status status;
    size_t n = 3 * (size_t)letterbox->net_width * letterbox->net_height;
    uint8_t *levels = NULL;
    TRY(memory_zeroed(n, 1, &levels));
    TRY(letterbox_levels(image, letterbox, &(struct letterbox){0}, levels));
    letterbox_units(levels, n, planes);
out:
    free(levels);
    return status;
}

#endif
