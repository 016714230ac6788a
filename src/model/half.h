/* Sixteen-bit floating-point numbers, as model files store them. */
#ifndef VERIFY_MODEL_HALF_H
#define VERIFY_MODEL_HALF_H

#include <stdint.h>
#include <string.h>

/* IEEE 754 half precision. */
static inline float half_to_float(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31,
                   fraction = half & 1023,
                   bits = sign | (exponent == 31 ? 255u : exponent + 112u) << 23 | fraction << 13;
    float value = (float)fraction * 0x1p-24f; /* zero or subnormal */
    if (exponent == 0)
        return sign ? -value : value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The upper half of a float. */
static inline float bfloat_to_float(uint16_t bfloat) {
    const uint32_t bits = (uint32_t)bfloat << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
