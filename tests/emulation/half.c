/* See include/cuda_fp16.h. */
#include <string.h>

float emulation_half_to_float(unsigned short bits);
unsigned short emulation_half_from_float(float value);

float emulation_half_to_float(unsigned short bits) {
    _Float16 half;
    memcpy(&half, &bits, sizeof half);
    return (float)half;
}

unsigned short emulation_half_from_float(float value) {
    _Float16 half = (_Float16)value;
    unsigned short bits;
    memcpy(&bits, &half, sizeof bits);
    return bits;
}
