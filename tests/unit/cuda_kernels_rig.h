/* What the tests of the CUDA kernels share, over plain loops and over the emulation: maps in
 * buffers with guards, filled from and compared with the planes (N,C,H,W) of op_evaluate. */
#ifndef VERIFY_TEST_CUDA_KERNELS_RIG_H
#define VERIFY_TEST_CUDA_KERNELS_RIG_H

#include "assert_ok.h"
#include "graph_rig.h"

#include "cuda/elements/lanes.h"
#include "cuda/kernels/kernels.h"

/* GUARD fills what no kernel may write; read as a number it is large, so that a kernel that reads
 * it shows. */
enum { GUARD = 0x7B, GUARD_BYTES = 64 };

/* A map within a buffer of `pitch` channels, from channel `offset` on. */
struct guarded {
    struct map map;
    unsigned char *bytes; /* owned */
    size_t size;
};

/* How a test's maps lie in memory, and how large they are. */
struct setup {
    enum element element;
    size_t n, height, width, channels;
    size_t extra, offset; /* channels of the buffer besides the map's, and before it */
};

static inline struct guarded guarded_make(const struct setup *setup, size_t n, size_t channels,
                                          size_t height, size_t width) {
    struct guarded guarded;
    size_t pitch = channels + setup->extra, element = element_size(setup->element);
    guarded.size = 2 * GUARD_BYTES + n * height * width * pitch * element;
    guarded.bytes = malloc(guarded.size);
    assert_non_null(guarded.bytes);
    memset(guarded.bytes, GUARD, guarded.size);
    guarded.map = (struct map){guarded.bytes + GUARD_BYTES + setup->offset * element,
                               setup->element,
                               n,
                               height,
                               width,
                               channels,
                               pitch};
    return guarded;
}

/* The index in the map's data of element i of the planes. */
static inline size_t plane_index(const struct map *map, size_t i) {
    size_t cells = map->height * map->width, cell = i % cells;
    size_t channel = i / cells % map->channels, n = i / cells / map->channels;
    return (n * cells + cell) * map->pitch + channel;
}

static inline size_t map_elements(const struct map *map) {
    return map->n * map->channels * map->height * map->width;
}

/* Rounds planes to the element type, in place. */
static inline void round_planes(enum element element, float *planes, size_t n) {
    for (size_t i = 0; i < n && element == ELEMENT_F16; i++)
        planes[i] = (float)(_Float16)planes[i];
}

/* A map of these planes, of another pitch than a result's, with as many lanes. */
static inline struct guarded guarded_fill(const struct setup *setup, const float *planes, size_t n,
                                          size_t channels, size_t height, size_t width) {
    struct setup wider = *setup;
    wider.extra += 8;
    struct guarded guarded = guarded_make(&wider, n, channels, height, width);
    for (size_t i = 0; i < map_elements(&guarded.map); i++)
        element_store(guarded.map.data, setup->element, plane_index(&guarded.map, i), planes[i]);
    return guarded;
}

/* Fails where a byte that is not the map's was written; frees the map. */
static inline void guarded_end(struct guarded *guarded) {
    const struct map *map = &guarded->map;
    size_t element = element_size(map->element);
    for (size_t i = 0; i < map_elements(map); i++)
        memset((unsigned char *)map->data + plane_index(map, i) * element, GUARD, element);
    for (size_t i = 0; i < guarded->size; i++)
        if (guarded->bytes[i] != GUARD)
            fail_msg("byte %zu of %zu, outside the map, was written", i, guarded->size);
    free(guarded->bytes);
}

/* Compares a map with planes: to 1e-5 in fp32, in fp16 to half a unit in the last place besides. */
static inline void assert_planes(const struct map *map, const float *planes) {
    for (size_t i = 0; i < map_elements(map); i++) {
        float actual = element_load(map->data, map->element, plane_index(map, i));
        float size = fabsf(planes[i]), tolerance = 1e-5f * fmaxf(1.0f, size);
        if (map->element == ELEMENT_F16)
            tolerance += size * 0x1p-11f;
        if (!(fabsf(actual - planes[i]) <= tolerance))
            fail_msg("map (%zu,%zu,%zu,%zu) of pitch %zu, element type %d: element %zu of its "
                     "planes is %.9g; %.9g is expected",
                     map->n, map->height, map->width, map->channels, map->pitch, map->element, i,
                     (double)actual, (double)planes[i]);
    }
}

/* Checks a result, its guards too, and frees it. */
static inline void guarded_check(struct guarded *guarded, const float *planes) {
    assert_planes(&guarded->map, planes);
    guarded_end(guarded);
}

/* Numbers from -2 to 2 that look random. */
static inline void fill_noise(float *data, size_t n, uint32_t seed) {
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (float)(seed >> 8) / 4194304.0f - 2.0f;
    }
}

/* Appends an input of noise, rounded to the element type; returns its elements. */
static inline float *rig_noise(struct rig *rig, enum element element, struct shape shape,
                               uint32_t seed) {
    float *data = rig_input(rig, DTYPE_F32, shape);
    fill_noise(data, (size_t)shape_elements(&shape), seed);
    round_planes(element, data, (size_t)shape_elements(&shape));
    return data;
}

static inline struct shape planes_shape(size_t n, size_t channels, size_t height, size_t width) {
    return SHAPE((int64_t)n, (int64_t)channels, (int64_t)height, (int64_t)width);
}

/* A map for the result of the rig's last run. */
static inline struct guarded guarded_result(const struct setup *setup, const struct rig *rig) {
    const int64_t *dims = rig->out.shape.dims;
    return guarded_make(setup, (size_t)dims[0], (size_t)dims[1], (size_t)dims[2], (size_t)dims[3]);
}

/* Weights (A,B,kh,kw) to (kh,kw,B,A), or to (kh,kw,A,B) where `swap`, in the element type. */
static inline void *pack_weights(enum element element, const float *weights, const int64_t dims[4],
                                 bool swap) {
    size_t a = (size_t)dims[0], b = (size_t)dims[1], taps = (size_t)(dims[2] * dims[3]);
    void *packed = malloc(a * b * taps * element_size(element));
    assert_non_null(packed);
    for (size_t i = 0; i < a; i++)
        for (size_t j = 0; j < b; j++)
            for (size_t tap = 0; tap < taps; tap++)
                element_store(packed, element, swap ? (tap * a + i) * b + j : (tap * b + j) * a + i,
                              weights[(i * b + j) * taps + tap]);
    return packed;
}

/* Calls `check` for odd sizes, channels that allow one lane or eight, and places in buffers that
 * are packed, aligned and not aligned. */
static inline void for_all_setups(void (*check)(const struct setup *setup)) {
    static const size_t sizes[][2] = {{1, 1}, {3, 5}, {7, 13}};
    static const size_t channels[] = {1, 3, 8, 20, 24};
    static const size_t places[][2] = {{0, 0}, {16, 8}, {5, 3}};
    for (size_t i = 0; i < 3 * 5 * 3 * 2 * 2; i++) {
        const size_t *size = sizes[i % 3], *place = places[i / 15 % 3];
        check(&(struct setup){i / 45 % 2 ? ELEMENT_F16 : ELEMENT_F32, i / 90 ? 3 : 1, size[0],
                              size[1], channels[i / 3 % 5], place[0], place[1]});
    }
}

#endif
