/* How many tiles AVIF and HEIC files put pictures together of. */
#ifndef VERIFY_IMAGE_HEIF_GRID_H
#define VERIFY_IMAGE_HEIF_GRID_H

#include <stddef.h>
#include <stdint.h>

struct heif_grid {
    uint64_t tiles; /* of all pictures of the file that are made of some, up to 2^20; 0: none is */
    uint64_t tile_pixels; /* of the largest part that is not as large as the whole */
};

/* Of an ISO media file whose picture has these sides. A codec's library may decode every tile
 * before it looks whether they fit into the whole. */
struct heif_grid heif_grid_of(const uint8_t *bytes, size_t length, uint32_t width, uint32_t height);

/* About as many items, or a few more, as the file's lists have: a library may look through all for
 * each of them. */
uint64_t heif_items(const uint8_t *bytes, size_t length);

#endif
