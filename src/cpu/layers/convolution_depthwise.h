/* Convolutions of each channel by itself, by our own kernels. */
#ifndef VERIFY_CPU_CONVOLUTION_DEPTHWISE_H
#define VERIFY_CPU_CONVOLUTION_DEPTHWISE_H

#include "cpu/compile/plan.h"

/* Appends such a convolution with its activation and residual; *done is left as it is where the
 * case is another. */
enum status convolution_depthwise(struct plan *plan, const struct op *op, bool *done);

#endif
