/* A sketch of a picture: few bytes by which copies of it are found, whatever their size, quality
 * and brightness, and where a little of the border was cut off. */
#ifndef VERIFY_IMAGE_SKETCH_H
#define VERIFY_IMAGE_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"

enum {
    SKETCH_SIDE = 16,                         /* cells of a side */
    SKETCH_CELLS = SKETCH_SIDE * SKETCH_SIDE, /* row by row */
    SKETCH_BITS = 128,                        /* of the hash */
    SKETCH_KEY_BITS = 44,                     /* the first ones: of the lowest frequencies */
    SKETCH_WEAK = 12,                         /* of them that copies are most likely to flip */
    SKETCH_WORDS = SKETCH_BITS / 64,
};

/* The signs of the lowest frequencies of the picture's cosine transform, the lowest first; and
 * which of the first SKETCH_KEY_BITS are the least sure, the least sure one first. */
struct sketch_hash {
    uint64_t bits[SKETCH_WORDS];
    uint8_t weak[SKETCH_WEAK];
};

struct sketch {
    struct sketch_hash hash;
    uint8_t levels[SKETCH_CELLS]; /* mean grey of each cell */
};

/* *plain: the picture has so little contrast that it would be like others by chance; it has no hash
 * then. STATUS_FAILED only where memory runs out. Thread-safe. */
enum status sketch_make(const struct image *image, struct sketch *sketch, bool *plain);

/* The hash of levels; false where they are plain. */
bool sketch_hash_make(const uint8_t levels[SKETCH_CELLS], struct sketch_hash *hash);

/* The most bits in which the hashes of two copies differ. */
enum { SKETCH_MOST_FLIPPED = 32 };

/* Whether two pictures are copies of each other: moved, scaled, brightened a little, one is like
 * the other. Symmetric. */
bool sketch_same(const struct sketch *a, const struct sketch *b);

#endif
