/* From a graph to a plan: each tensor's layout; what need not be computed; concatenations, slices
 * and reshapes as views where possible; the steps, in an order of the operators; the buffers'
 * places in the arena. */
#ifndef VERIFY_CPU_COMPILE_H
#define VERIFY_CPU_COMPILE_H

#include "cpu/compile/layer.h"

/* Compiles with these layers. The runtime must outlive the plan. On failure *out is NULL;
 * STATUS_BAD_INPUT for an operator that cannot be run. */
enum status plan_make(struct runtime *runtime, const struct layer_table *layers, size_t height,
                      size_t width, struct plan **out);

#endif
