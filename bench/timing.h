/* Times of benchmarks. */
#ifndef VERIFY_BENCH_TIMING_H
#define VERIFY_BENCH_TIMING_H

#include <time.h>

/* Milliseconds of a clock: CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID. */
static inline double timing_ms(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

/* For qsort, of doubles. */
static inline int timing_ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

#endif
