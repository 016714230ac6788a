/* What the kernel of minimal filtering is given: chunks of tiles, transformed weights. */
#include "cpu/kernels/winograd.h"

#include <string.h>

#include "cpu/kernels/packing.h"

/* Bytes of V and M of a chunk: they stay in a core's second-level cache. */
enum { CHUNK_BYTES = 384 * 1024, CHUNK_LEAST = 32, CHUNK_MOST = 48 };

static size_t divide_up(size_t a, size_t b) {
    return (a + b - 1) / b;
}

/* As many tiles as fit; then chunks of like sizes, the same number for each thread. */
static size_t choose_chunk(const struct winograd *winograd, size_t threads) {
    size_t products = 0;
    for (size_t p = 0; p < WINOGRAD_PLACES; p++)
        products += winograd_columns(winograd, p / WINOGRAD_SIDE) *
                    winograd_columns(winograd, p % WINOGRAD_SIDE);
    size_t tile_bytes =
        (winograd->in_blocks + winograd->out_blocks) * winograd->block * products * sizeof(float);
    size_t most = CHUNK_BYTES / tile_bytes;
    most = most < CHUNK_LEAST ? CHUNK_LEAST : most > CHUNK_MOST ? CHUNK_MOST : most;
    size_t rounds = divide_up(winograd->n_tiles, most * threads);
    return divide_up(winograd->n_tiles, rounds * threads);
}

struct winograd winograd_of(size_t block, size_t stride, size_t in_height, size_t in_width,
                            size_t in_channels, size_t out_channels, size_t threads) {
    struct winograd winograd = {
        .block = block,
        .stride = stride,
        .in_height = in_height,
        .in_width = in_width,
        .height = divide_up(in_height, stride),
        .width = divide_up(in_width, stride),
        .in_blocks = divide_up(in_channels, block),
        .out_blocks = divide_up(out_channels, block),
    };
    winograd.tile_columns = divide_up(winograd.width, WINOGRAD_TILE);
    winograd.n_tiles = divide_up(winograd.height, WINOGRAD_TILE) * winograd.tile_columns;
    winograd.chunk = choose_chunk(&winograd, threads);
    return winograd;
}

bool winograd_activates(enum activation activation) {
    return activation == ACTIVATION_NONE || activation == ACTIVATION_SILU ||
           activation == ACTIVATION_RELU || activation == ACTIVATION_LEAKY_RELU;
}

size_t winograd_weight_count(const struct winograd *winograd) {
    return WINOGRAD_PLACES * winograd->in_blocks * winograd->out_blocks * winograd->block *
           winograd->block;
}

size_t winograd_layout(const struct winograd *winograd, size_t blocks,
                       size_t begin[WINOGRAD_PLACES]) {
    const size_t line = 16;
    size_t at = 0;
    for (size_t p = 0; p < WINOGRAD_PLACES; p++) {
        size_t columns = winograd_columns(winograd, p / WINOGRAD_SIDE) *
                         winograd_columns(winograd, p % WINOGRAD_SIDE);
        begin[p] = at;
        at += (divide_up(blocks * winograd->chunk * columns * winograd->block, line) | 1) * line;
    }
    return at;
}

size_t winograd_scratch_count(const struct winograd *winograd) {
    size_t begin[WINOGRAD_PLACES];
    return winograd_layout(winograd, winograd->in_blocks, begin) +
           winograd_layout(winograd, winograd->out_blocks, begin);
}

/* G g G^T of one 3x3 kernel, in double: it is done once. */
static void transform_kernel(size_t stride, const float *g,
                             double u[WINOGRAD_SIDE][WINOGRAD_SIDE]) {
    /* F(4,3) from the points 0, 1, -1, 2, -2 and infinity. */
    static const double G1[WINOGRAD_SIDE][3] = {
        {1.0 / 4, 0, 0},
        {-1.0 / 6, -1.0 / 6, -1.0 / 6},
        {-1.0 / 6, 1.0 / 6, -1.0 / 6},
        {1.0 / 24, 1.0 / 12, 1.0 / 6},
        {1.0 / 24, -1.0 / 12, 1.0 / 6},
        {0, 0, 1},
    };
    /* F(4,2) from the points 0, 1, -1, 2 and infinity; the plain product. */
    static const double G2[WINOGRAD_SIDE][3] = {
        {1.0 / 2, 0, 0},
        {-1.0 / 2, 0, -1.0 / 2},
        {-1.0 / 6, 0, 1.0 / 6},
        {1.0 / 6, 0, 1.0 / 3},
        {0, 0, 1},
        {0, 1, 0},
    };
    const double(*G)[3] = stride == 2 ? G2 : G1;
    for (size_t i = 0; i < WINOGRAD_SIDE; i++)
        for (size_t j = 0; j < WINOGRAD_SIDE; j++) {
            u[i][j] = 0.0;
            for (size_t y = 0; y < 3; y++)
                for (size_t x = 0; x < 3; x++)
                    u[i][j] += G[i][y] * (double)g[3 * y + x] * G[j][x];
        }
}

void winograd_weights(const struct winograd *winograd, const float *weights, size_t in_channels,
                      size_t out_channels, float *u) {
    size_t block = winograd->block;
    size_t inputs = winograd->in_blocks * block, outputs = winograd->out_blocks * block;
    memset(u, 0, winograd_weight_count(winograd) * sizeof *u);
    for (size_t o = 0; o < out_channels; o++)
        for (size_t i = 0; i < in_channels; i++) {
            double transformed[WINOGRAD_SIDE][WINOGRAD_SIDE];
            float *to = u + packing_index(block, inputs, outputs, i, o);
            transform_kernel(winograd->stride, weights + (o * in_channels + i) * 9, transformed);
            for (size_t p = 0; p < WINOGRAD_PLACES; p++)
                to[p * inputs * outputs] = (float)transformed[p / WINOGRAD_SIDE][p % WINOGRAD_SIDE];
        }
}
