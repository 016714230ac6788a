/* Upsampled maps that need not be written. */
#ifndef VERIFY_CPU_UPSAMPLED_H
#define VERIFY_CPU_UPSAMPLED_H

#include "cpu/compile/plan.h"

/* Where a resizing doubles a map for one pointwise convolution alone, has that convolution do it
 * (struct upsampled). */
void upsampled_shorten(struct plan *plan, const struct op *resize);

#endif
