/* Convolutions 3x3, by minimal filtering (kernels/winograd.h). */
#ifndef VERIFY_CPU_CONVOLUTION_WINOGRAD_H
#define VERIFY_CPU_CONVOLUTION_WINOGRAD_H

#include "cpu/compile/plan.h"

/* Appends its steps, along with others of the same input, where it does this case: *done. */
enum status convolution_winograd(struct plan *plan, const struct op *op, bool *done);

#endif
