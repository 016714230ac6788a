/* CUDA's vector types, aligned as there: a sanitizer sees a word that is not. */
#ifndef VERIFY_TEST_EMULATION_TYPES_H
#define VERIFY_TEST_EMULATION_TYPES_H

struct uint3 {
    unsigned x, y, z;
};

struct dim3 : uint3 {
    dim3(unsigned width = 1, unsigned height = 1, unsigned depth = 1)
        : uint3{width, height, depth} {
    }
};

struct alignas(8) int2 {
    int x, y;
};
struct alignas(16) int4 {
    int x, y, z, w;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};

inline int2 make_int2(int x, int y) {
    return {x, y};
}
inline int4 make_int4(int x, int y, int z, int w) {
    return {x, y, z, w};
}
inline uint2 make_uint2(unsigned x, unsigned y) {
    return {x, y};
}
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
    return {x, y, z, w};
}
inline float2 make_float2(float x, float y) {
    return {x, y};
}
inline float4 make_float4(float x, float y, float z, float w) {
    return {x, y, z, w};
}

#endif
