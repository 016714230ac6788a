/* Convolutions with few input channels, by their definition (kernels/direct.h). */
#ifndef VERIFY_CPU_CONVOLUTION_DIRECT_H
#define VERIFY_CPU_CONVOLUTION_DIRECT_H

#include "cpu/compile/plan.h"

/* Appends its steps, where it does this case: *done. */
enum status convolution_direct(struct plan *plan, const struct op *op, bool *done);

#endif
