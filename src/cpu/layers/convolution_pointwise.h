/* Convolutions 1x1, by our own matrix product (kernels/pointwise.h). */
#ifndef VERIFY_CPU_CONVOLUTION_POINTWISE_H
#define VERIFY_CPU_CONVOLUTION_POINTWISE_H

#include "cpu/compile/plan.h"

/* Whether it does this convolution. */
bool convolution_is_pointwise(const struct plan *plan, const struct op *op);
/* Appends its steps, where it does this case: *done. */
enum status convolution_pointwise(struct plan *plan, const struct op *op, bool *done);

#endif
