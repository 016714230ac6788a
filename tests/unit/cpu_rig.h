/* What the CPU backend's tests share: a graph's results from the network and from graph_evaluate,
 * compared for every layout and number of threads. */
#ifndef VERIFY_TEST_CPU_RIG_H
#define VERIFY_TEST_CPU_RIG_H

#include "graph_rig.h"

#include "cpu/network.h"

#define ASSERT_OK(call)                                                                            \
    do {                                                                                           \
        if ((call) != STATUS_OK)                                                                   \
            fail_msg("%s", status_message());                                                      \
    } while (0)

/* Numbers from -1 to 1 that look random. */
static inline void fill_random(float *data, size_t n, uint32_t seed) {
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
}

static inline float *random_planes(size_t height, size_t width, uint32_t seed) {
    float *planes = malloc(3 * height * width * sizeof *planes);
    assert_non_null(planes);
    fill_random(planes, 3 * height * width, seed);
    return planes;
}

/* The elements of a map as planes; free() releases them. Asserts that blocks are filled up with
 * zeros: who reads the blocks may count on it. */
static inline float *map_planes(const struct head_map *map) {
    size_t cells = map->width * map->height;
    size_t blocks = (map->channels + map->block - 1) / map->block;
    float *planes = malloc((map->channels * cells + 1) * sizeof *planes);
    assert_non_null(planes);
    for (size_t c = 0; c < blocks * map->block; c++)
        for (size_t p = 0; p < cells; p++) {
            float value = map->data[c / map->block * cells * map->block + p * map->block +
                                    c % map->block];
            if (c < map->channels)
                planes[c * cells + p] = value;
            else if (value != 0.0f)
                fail_msg("padding of channel %zu, cell %zu is %g", c, p, (double)value);
        }
    return planes;
}

/* Runs a graph with one head level; returns its map as planes and the number of elements. */
static inline float *network_result(struct cpu_network *network, size_t height, size_t width,
                                    const float *planes, size_t *n) {
    struct head_maps maps;
    ASSERT_OK(cpu_network_forward(network, height, width, planes, &maps));
    const struct head_map *map = &maps.boxes[0];
    *n = map->channels * map->width * map->height;
    return map_planes(map);
}

static inline void assert_close(const float *actual, const float *expected, size_t n,
                                float tolerance) {
    for (size_t i = 0; i < n; i++) {
        float scale = fmaxf(1.0f, fabsf(expected[i]));
        if (!(fabsf(actual[i] - expected[i]) <= tolerance * scale))
            fail_msg("element %zu of %zu is %.9g; %.9g is expected", i, n, (double)actual[i],
                     (double)expected[i]);
    }
}

#endif
