#include "cpu/convolutions.h"

#if defined(__x86_64__)
const struct convolutions *convolutions_choose(size_t block) {
    if (block == 16 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return &convolutions_avx512;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return NULL;
    return block == 8 ? &convolutions_avx2 : block == 16 ? &convolutions_halves : NULL;
}
#else
const struct convolutions *convolutions_choose(size_t block) {
    (void)block;
    return NULL;
}
#endif
