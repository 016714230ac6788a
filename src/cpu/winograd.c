#include "cpu/winograd.h"

#include <string.h>

/* Bytes of V and M of a chunk: they stay in a core's second-level cache. */
enum { CHUNK_BYTES = 384 * 1024, CHUNK_LEAST = 12, CHUNK_MOST = 48 };

static size_t divide_up(size_t a, size_t b) {
    return (a + b - 1) / b;
}

/* As many tiles as fit; then as many chunks as threads, or twice..., of like sizes. */
static size_t choose_chunk(const struct winograd *winograd, size_t threads) {
    size_t tile_bytes = (winograd->in_blocks + winograd->out_blocks) * WINOGRAD_BLOCK *
                        WINOGRAD_PLACES * sizeof(float);
    size_t most = CHUNK_BYTES / tile_bytes;
    most = most < CHUNK_LEAST ? CHUNK_LEAST : most > CHUNK_MOST ? CHUNK_MOST : most;
    size_t rounds = divide_up(winograd->n_tiles, most * threads);
    return divide_up(winograd->n_tiles, rounds * threads);
}

struct winograd winograd_of(size_t height, size_t width, size_t in_channels, size_t out_channels,
                            size_t threads) {
    struct winograd winograd = {
        .height = height,
        .width = width,
        .in_blocks = divide_up(in_channels, WINOGRAD_BLOCK),
        .out_blocks = divide_up(out_channels, WINOGRAD_BLOCK),
        .tile_rows = divide_up(height, WINOGRAD_TILE),
        .tile_columns = divide_up(width, WINOGRAD_TILE),
    };
    winograd.n_tiles = winograd.tile_rows * winograd.tile_columns;
    winograd.chunk = choose_chunk(&winograd, threads);
    return winograd;
}

bool winograd_activates(enum activation activation) {
    return activation == ACTIVATION_NONE || activation == ACTIVATION_SILU ||
           activation == ACTIVATION_RELU || activation == ACTIVATION_LEAKY_RELU;
}

size_t winograd_weight_count(const struct winograd *winograd) {
    return WINOGRAD_PLACES * winograd->in_blocks * winograd->out_blocks * WINOGRAD_BLOCK *
           WINOGRAD_BLOCK;
}

size_t winograd_place_stride(const struct winograd *winograd, size_t blocks) {
    const size_t line = 16;
    return (divide_up(blocks * winograd->chunk * WINOGRAD_BLOCK, line) | 1) * line;
}

size_t winograd_scratch_count(const struct winograd *winograd) {
    return WINOGRAD_PLACES * (winograd_place_stride(winograd, winograd->in_blocks) +
                              winograd_place_stride(winograd, winograd->out_blocks));
}

/* G g G^T of one 3x3 kernel, in double: it is done once. */
static void transform_kernel(const float *g, double u[WINOGRAD_PATCH][WINOGRAD_PATCH]) {
    static const double G[WINOGRAD_PATCH][3] = {
        {1.0 / 4, 0, 0},
        {-1.0 / 6, -1.0 / 6, -1.0 / 6},
        {-1.0 / 6, 1.0 / 6, -1.0 / 6},
        {1.0 / 24, 1.0 / 12, 1.0 / 6},
        {1.0 / 24, -1.0 / 12, 1.0 / 6},
        {0, 0, 1},
    };
    for (size_t i = 0; i < WINOGRAD_PATCH; i++)
        for (size_t j = 0; j < WINOGRAD_PATCH; j++) {
            u[i][j] = 0.0;
            for (size_t y = 0; y < 3; y++)
                for (size_t x = 0; x < 3; x++)
                    u[i][j] += G[i][y] * (double)g[3 * y + x] * G[j][x];
        }
}

void winograd_weights(const struct winograd *winograd, const float *weights, size_t in_channels,
                      size_t out_channels, float *u) {
    const size_t block = WINOGRAD_BLOCK;
    size_t inputs = winograd->in_blocks * block, outputs = winograd->out_blocks * block;
    memset(u, 0, winograd_weight_count(winograd) * sizeof *u);
    for (size_t o = 0; o < out_channels; o++) {
        size_t pair = o / (2 * block) * 2 * block;
        size_t columns = outputs - pair < 2 * block ? block : 2 * block;
        for (size_t i = 0; i < in_channels; i++) {
            double transformed[WINOGRAD_PATCH][WINOGRAD_PATCH];
            float *to = u + pair * inputs + i * columns + (o - pair);
            transform_kernel(weights + (o * in_channels + i) * 9, transformed);
            for (size_t p = 0; p < WINOGRAD_PLACES; p++)
                to[p * inputs * outputs] =
                    (float)transformed[p / WINOGRAD_PATCH][p % WINOGRAD_PATCH];
        }
    }
}
