/* Looks at the CPU. */
#include "cpu/kernels/convolutions_choose.h"

#if defined(__x86_64__)
#include <stdbool.h>

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

const struct convolutions *convolutions_choose(size_t block) {
    if (block == 16)
        return has_avx512() ? &convolutions_avx512 : NULL;
    return block == 8 && has_avx2() ? &convolutions_avx2 : NULL;
}

size_t convolutions_choose_block(void) {
    return has_avx512() ? 16 : convolutions_choose(8) ? 8 : 1;
}
#else
const struct convolutions *convolutions_choose(size_t block) {
    (void)block;
    return NULL;
}

size_t convolutions_choose_block(void) {
    return 1;
}
#endif
