/* What a plan of the fake cuDNN computes: plain numbers, without gaps, so that they can be kept as
 * a text. */
#ifndef VERIFY_TEST_CUDNN_PROGRAM_H
#define VERIFY_TEST_CUDNN_PROGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PROGRAM_RANK = 4, PROGRAM_STEPS = 3, PROGRAM_POINTERS = 3 + PROGRAM_STEPS };

struct program_tensor {
    int64_t uid, is_half, alignment; /* uid 0: there is none */
    int64_t dims[PROGRAM_RANK], strides[PROGRAM_RANK];
};

/* running = mode(running), or running + its operand. */
struct program_step {
    int64_t mode;
    double swish, softplus, slope, clip;
    struct program_tensor operand;
};

struct program {
    int64_t engine, tile;
    int64_t pad[2], stride[2], dilation[2];
    struct program_tensor x, w, y;
    int64_t n_steps;
    struct program_step steps[PROGRAM_STEPS];
};

/* The pointers are those of x, w, y and the steps' operands. */
void program_run(const struct program *program, void *const pointers[PROGRAM_POINTERS]);
/* Fills y with not-a-number. */
void program_spoil(const struct program *program, void *const pointers[PROGRAM_POINTERS]);

#ifdef __cplusplus
}
#endif

#endif
