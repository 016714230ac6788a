/* What kind of case a convolution, transposed or not, is. */
#ifndef VERIFY_CPU_CONVOLUTION_CASE_H
#define VERIFY_CPU_CONVOLUTION_CASE_H

#include "cpu/compile/plan.h"

/* Whether it is more than op_evaluate's: one picture, constant floats, no empty maps. */
bool convolution_is_plain(const struct plan *plan, const struct op *op);
/* Whether it works on blocks of channels. */
bool convolution_is_blocked(const struct plan *plan, const struct op *op);
/* Whether it reads its input as planes, though its output is in blocks. */
bool convolution_reads_planes(const struct plan *plan, const struct op *op);
/* Whether our own kernels may compute it: they are there, one group, blocks of channels. */
bool convolution_is_ours(const struct plan *plan, const struct op *op);
/* The constants of such a convolution, packed once for all sizes of the input: *weights of `n`
 * floats, which the caller fills in where they are *fresh, and *bias, in blocks, zeros where there
 * is none. */
enum status convolution_constants(struct runtime *runtime, const struct op *op, size_t n,
                                  bool *fresh, float **weights, const float **bias);

#endif
