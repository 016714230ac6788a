/* Convolutions 3x3 of padding 1 by minimal filtering, in tiles of 4x4 outputs. S. Winograd's
 * F(4x4,3x3) for stride 1 takes 36 products a tile instead of 144 (A. Lavin, S. Gray, "Fast
 * Algorithms for Convolutional Neural Networks", arXiv:1509.09308). For stride 2, along one axis,
 *   y[i] = (w[0] x[2i-1] + w[2] x[2i+1]) + w[1] x[2i]:
 * F(4,2) over every second value and a plain product with those between, 9 products for 12; 81 for
 * 144 over both axes.
 *
 * Maps and weights are in blocks of channels (nChw8c or nChw16c), the rest of a last block zeros.
 * With U, V, M the transformed weights, input and output, M[p] = U[p] V[p] for each of 36 places p.
 * A tile has one column of V[p], but for the plain products of stride 2, which share their weights:
 * these are place 5 of an axis, with four columns. */
#ifndef VERIFY_CPU_WINOGRAD_H
#define VERIFY_CPU_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

#include "model/graph.h"

enum {
    WINOGRAD_TILE = 4, /* side of a tile of the output */
    WINOGRAD_SIDE = 6, /* places along one axis */
    WINOGRAD_PLACES = WINOGRAD_SIDE * WINOGRAD_SIDE,
};

struct winograd {
    size_t block;               /* channels of one: 8 or 16 */
    size_t stride;              /* 1 or 2 */
    size_t in_height, in_width; /* of the input */
    size_t height, width;       /* of the output */
    size_t in_blocks, out_blocks;
    size_t tile_columns, n_tiles; /* tiles are numbered in rows */
    size_t chunk;                 /* so many at most are done at a time */
    const float *weights;         /* winograd_weights' */
    const float *bias;            /* (block out_blocks) */
    enum activation activation;
    float alpha;
};

/* Fills in what follows from sizes and channels, and from the threads that share the work. */
struct winograd winograd_of(size_t block, size_t stride, size_t in_height, size_t in_width,
                            size_t in_channels, size_t out_channels, size_t threads);

/* Whether the kernels have this activation built in. */
bool winograd_activates(enum activation activation);

/* U from weights (out_channels, in_channels, 3, 3): for each place, for each pair of output blocks
 * (the last may be alone), (block in_blocks, 2 block or block). `u` has winograd_weight_count
 * floats. */
void winograd_weights(const struct winograd *winograd, const float *weights, size_t in_channels,
                      size_t out_channels, float *u);
size_t winograd_weight_count(const struct winograd *winograd);

/* Columns that a tile has of V and M at place i of an axis. */
static inline size_t winograd_columns(const struct winograd *winograd, size_t i) {
    return winograd->stride == 2 && i == WINOGRAD_SIDE - 1 ? WINOGRAD_TILE : 1;
}
/* Where each place's matrix (blocks, columns of `chunk` tiles, block) begins in V or M, in floats;
 * returns where the last one ends. They lie an odd number of cache lines apart, so that the places
 * of one tile do not meet in one set of the cache. */
size_t winograd_layout(const struct winograd *winograd, size_t blocks,
                       size_t begin[WINOGRAD_PLACES]);

/* Floats that the kernel (convolutions.h) needs besides for a chunk: V, then M. */
size_t winograd_scratch_count(const struct winograd *winograd);

#endif
