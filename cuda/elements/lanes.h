/* Elements of fp32 or fp16 as floats, one or eight at a time: an element function computes `lanes`
 * neighbouring channels, 1 or LANES, so that on the device whole 16-byte words are moved. */
#ifndef VERIFY_CUDA_ELEMENTS_LANES_H
#define VERIFY_CUDA_ELEMENTS_LANES_H

#include <stdint.h>

#include "base/inline.h"
#include "cuda/map.h"

#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

/* Before a loop over lanes, which are to be registers. */
#ifdef __CUDA_ARCH__
#define LANES_UNROLL _Pragma("unroll")
#else
#define LANES_UNROLL
#endif

enum { LANES = 8 };

VERIFY_INLINE float element_load(const void *data, enum element element, size_t index) {
    if (element == ELEMENT_F32)
        return ((const float *)data)[index];
#ifdef __CUDACC__
    return __half2float(((const __half *)data)[index]);
#else
    return (float)((const _Float16 *)data)[index];
#endif
}

/* Rounds to the nearest; what is too large for fp16 becomes infinite. */
VERIFY_INLINE void element_store(void *data, enum element element, size_t index, float value) {
    if (element == ELEMENT_F32)
        ((float *)data)[index] = value;
    else
#ifdef __CUDACC__
        ((__half *)data)[index] = __float2half_rn(value);
#else
        ((_Float16 *)data)[index] = (_Float16)value;
#endif
}

#ifdef __CUDACC__
/* Eight elements that begin on a 16-byte boundary. */
VERIFY_INLINE void lanes_load_words(const void *data, enum element element, size_t index,
                                    float *out) {
    if (element == ELEMENT_F16) {
        union {
            uint4 word;
            __half2 pairs[4];
        } from;
        from.word = *(const uint4 *)((const __half *)data + index);
        LANES_UNROLL
        for (int i = 0; i < 4; i++) {
            float2 pair = __half22float2(from.pairs[i]);
            out[2 * i] = pair.x;
            out[2 * i + 1] = pair.y;
        }
    } else {
        const float4 *words = (const float4 *)((const float *)data + index);
        LANES_UNROLL
        for (int i = 0; i < 2; i++) {
            float4 word = words[i];
            out[4 * i] = word.x;
            out[4 * i + 1] = word.y;
            out[4 * i + 2] = word.z;
            out[4 * i + 3] = word.w;
        }
    }
}

VERIFY_INLINE void lanes_store_words(void *data, enum element element, size_t index,
                                     const float *values) {
    if (element == ELEMENT_F16) {
        union {
            uint4 word;
            __half2 pairs[4];
        } to;
        LANES_UNROLL
        for (int i = 0; i < 4; i++)
            to.pairs[i] = __floats2half2_rn(values[2 * i], values[2 * i + 1]);
        *(uint4 *)((__half *)data + index) = to.word;
    } else {
        float4 *words = (float4 *)((float *)data + index);
        LANES_UNROLL
        for (int i = 0; i < 2; i++)
            words[i] =
                make_float4(values[4 * i], values[4 * i + 1], values[4 * i + 2], values[4 * i + 3]);
    }
}
#endif

VERIFY_INLINE void lanes_load(const void *data, enum element element, size_t index, int lanes,
                              float *out) {
#ifdef __CUDACC__
    if (lanes == LANES) {
        lanes_load_words(data, element, index, out);
        return;
    }
#endif
    LANES_UNROLL
    for (int i = 0; i < lanes; i++)
        out[i] = element_load(data, element, index + (size_t)i);
}

VERIFY_INLINE void lanes_store(void *data, enum element element, size_t index, int lanes,
                               const float *values) {
#ifdef __CUDACC__
    if (lanes == LANES) {
        lanes_store_words(data, element, index, values);
        return;
    }
#endif
    LANES_UNROLL
    for (int i = 0; i < lanes; i++)
        element_store(data, element, index + (size_t)i, values[i]);
}

/* How many lanes an address allows: LANES on a 16-byte boundary, NULL included, else 1. */
VERIFY_INLINE int lanes_of_address(const void *data) {
    return (uintptr_t)data % 16 == 0 ? LANES : 1;
}

/* How many lanes a map allows: LANES where each of its cells begins on a 16-byte boundary and has
 * a multiple of LANES channels, else 1. */
VERIFY_INLINE int lanes_of_map(const struct map *map) {
    return map->channels % LANES == 0 && map->pitch % LANES == 0 ? lanes_of_address(map->data) : 1;
}

VERIFY_INLINE int lanes_least(int a, int b) {
    return a < b ? a : b;
}

#endif
