/* Finds the boxes that say which tiles a picture is made of, and how large the parts are. */
#include "image/heif_grid.h"

#include <string.h>

/* HEAD: a box's length and kind; SIZE: all of a box of sides; of references the bytes before their
 * list, in either version of theirs. */
enum { MOST_TILES = 1 << 20, HEAD = 8, KIND = 4, SIZE = 20, SHORT_HEAD = 12, LONG_HEAD = 14 };

static uint32_t number(const uint8_t *bytes, int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* Tiles of a box whose length is what so many references take; 0: it is none of references. */
static uint32_t tiles_of(const uint8_t *box, size_t left) {
    if (left < LONG_HEAD)
        return 0;
    uint32_t length = number(box, 4);
    uint32_t few = number(box + SHORT_HEAD - 2, 2), many = number(box + LONG_HEAD - 2, 2);
    if (length == SHORT_HEAD + 2 * few)
        return few;
    return length == LONG_HEAD + 4 * many ? many : 0;
}

struct heif_grid heif_grid_of(const uint8_t *bytes, size_t length, uint32_t width,
                              uint32_t height) {
    struct heif_grid grid = {0};
    const uint8_t *end = bytes + length, *at = bytes;
    for (; length >= HEAD && (at = memchr(at, 'd', (size_t)(end - at))) != NULL; at++)
        if (at - bytes >= KIND && end - at >= KIND && memcmp(at, "dimg", KIND) == 0)
            grid.tiles += tiles_of(at - KIND, (size_t)(end - at) + KIND);
    for (at = bytes; length >= HEAD && (at = memchr(at, 'i', (size_t)(end - at))) != NULL; at++) {
        if (at - bytes < KIND || end - at < SIZE - KIND || memcmp(at, "ispe", KIND) != 0)
            continue;
        uint32_t wide = number(at + KIND + 4, 4), high = number(at + KIND + 8, 4);
        uint64_t pixels = (uint64_t)wide * high;
        if ((wide != width || high != height) && pixels > grid.tile_pixels)
            grid.tile_pixels = pixels;
    }
    if (grid.tiles > MOST_TILES)
        grid.tiles = MOST_TILES;
    if (!grid.tile_pixels)
        grid.tile_pixels = (uint64_t)width * height;
    return grid;
}
