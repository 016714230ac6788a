/* Convolutions 3x3 of stride 1 and padding 1 by Winograd's minimal filtering F(4x4,3x3): 36 instead
 * of 144 products for every 4x4 tile of the output. A. Lavin, S. Gray, "Fast Algorithms for
 * Convolutional Neural Networks", arXiv:1509.09308.
 *
 * Maps and weights are in blocks of WINOGRAD_BLOCK channels (nChw8c), the rest of a last block
 * zeros. With U, V, M the transformed weights, input and output, M[p] = U[p] V[p] for each of the
 * 36 places p of a transformed tile. */
#ifndef VERIFY_CPU_WINOGRAD_H
#define VERIFY_CPU_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

#include "model/graph.h"

enum {
    WINOGRAD_BLOCK = 8,
    WINOGRAD_TILE = 4,    /* side of a tile of the output */
    WINOGRAD_PATCH = 6,   /* side of what it depends on */
    WINOGRAD_PLACES = 36, /* of a transformed tile */
};

struct winograd {
    size_t height, width; /* of both maps */
    size_t in_blocks, out_blocks;
    size_t tile_rows, tile_columns;
    size_t n_tiles, chunk; /* tiles, numbered in rows; at most `chunk` are done at a time */
    const float *weights;  /* winograd_weights' */
    const float *bias;     /* (8 out_blocks) */
    enum activation activation;
    float alpha;
};

/* Fills in what follows from the size of the maps and the threads that share the work. */
struct winograd winograd_of(size_t height, size_t width, size_t in_channels, size_t out_channels,
                            size_t threads);

/* Whether the kernels have this activation built in. */
bool winograd_activates(enum activation activation);

/* U from weights (out_channels, in_channels, 3, 3): for each place, for each pair of output blocks
 * (the last may be alone), (8 in_blocks, 16 or 8). `u` has winograd_weight_count floats. */
void winograd_weights(const struct winograd *winograd, const float *weights, size_t in_channels,
                      size_t out_channels, float *u);
size_t winograd_weight_count(const struct winograd *winograd);

/* Floats that one call of winograd_tiles needs besides: V, then M. */
size_t winograd_scratch_count(const struct winograd *winograd);
/* Floats from one place of V or M to the next: an odd number of cache lines, so that all places of
 * a tile lie in sets of their own. */
size_t winograd_place_stride(const struct winograd *winograd, size_t blocks);

/* dst = f(conv(src) + bias) + residual (NULL: none; of dst's shape) for the tiles from `first` on,
 * at most `chunk`. Which tiles a call takes does not change their values. `scratch` is aligned to
 * 64 bytes, the rest to 32. For CPUs with AVX2 and FMA. */
void winograd_tiles_avx2(const struct winograd *winograd, const float *src, const float *residual,
                         float *dst, size_t first, size_t count, float *scratch);

#endif
