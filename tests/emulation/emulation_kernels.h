/* Kernels that show what the emulation does, and launch it; see emulation_kernels.cu. All memory is
 * the caller's. */
#ifndef VERIFY_TEST_EMULATION_KERNELS_H
#define VERIFY_TEST_EMULATION_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { EMULATED_THREADS = 256, EMULATED_LANES = 32 };

/* Each of n elements times 2, by blocks of EMULATED_THREADS. */
void emulated_double(float *data, size_t n);
/* The sums of each block's EMULATED_THREADS numbers; `whole`: with all barriers. */
void emulated_block_sums(const int *numbers, size_t blocks, int whole, int *sums);
/* One block of 200 threads: how many numbers are odd, whether any and whether all are. */
void emulated_block_votes(const int *numbers, int *count, int *any, int *all);
/* What shared memory holds that nothing wrote: four words each of two kernels, the second a
 * template's. */
void emulated_shared(uint32_t *words);

/* What one warp's lanes make of their numbers. */
struct emulated_warp {
    int sum[EMULATED_LANES];         /* by xor */
    float prefix[EMULATED_LANES];    /* by up: numbers of this and the lanes before */
    uint64_t next[EMULATED_LANES];   /* by down: the next lane's, the last's own */
    unsigned eighth[EMULATED_LANES]; /* lane 5's of each eight */
    unsigned odd[EMULATED_LANES];    /* ballot */
    int any_large[EMULATED_LANES], all_odd[EMULATED_LANES];
    unsigned half[EMULATED_LANES]; /* ballot of odd numbers within a half of the warp */
};
void emulated_warp(const int *numbers, struct emulated_warp *out);
/* 40 threads with full masks: the lanes of each warp, by ballot. */
void emulated_short_warp(unsigned *lanes);

struct emulated_atomics {
    unsigned count, largest, bits, tickets[EMULATED_THREADS];
    int sum, smallest, exchanged;
    unsigned long long wide;
    float real;
};
/* Two blocks. */
void emulated_atomics(struct emulated_atomics *out);

/* The threads' places in the order in which a block of 8 ran, before and after a barrier. */
void emulated_order(unsigned before[8], unsigned after[8]);
/* A grid of 3 x 2 blocks of 4 x 2 threads: each adds 1 to its own element. */
void emulated_grid(int counts[48]);

/* The errors after a launch with this many blocks and threads, and after asking for them. */
void emulated_launch(unsigned blocks, unsigned threads, int errors[2]);

/* Each aborts. */
enum emulated_mistake {
    MISTAKE_BARRIER_MISSED,  /* thread 3 goes round it */
    MISTAKE_BARRIER_ENDED,   /* thread 3 has returned */
    MISTAKE_BARRIERS_DIFFER, /* odd threads wait at another */
    MISTAKE_LANE_MISSED,
    MISTAKE_LANE_NOT_IN_MASK,
    MISTAKE_MASKS_DIFFER
};
void emulated_mistake(enum emulated_mistake mistake);

#ifdef __cplusplus
}
#endif

#endif
