/* Half floats: bits, converted by the C compiler's own type, which g++ 12 has in C only. */
#ifndef VERIFY_TEST_CUDA_FP16_H
#define VERIFY_TEST_CUDA_FP16_H

#include "emulation_types.h"

extern "C" {
float emulation_half_to_float(unsigned short bits);
/* Rounds to the nearest, halfway to even. */
unsigned short emulation_half_from_float(float value);
}

struct __half {
    unsigned short bits;
};
struct alignas(4) __half2 {
    __half x, y;
};

inline float __half2float(__half value) {
    return emulation_half_to_float(value.bits);
}
inline __half __float2half_rn(float value) {
    return {emulation_half_from_float(value)};
}
inline __half __float2half(float value) {
    return __float2half_rn(value);
}
inline float2 __half22float2(__half2 pair) {
    return {__half2float(pair.x), __half2float(pair.y)};
}
inline __half2 __floats2half2_rn(float x, float y) {
    return {__float2half_rn(x), __float2half_rn(y)};
}

#endif
