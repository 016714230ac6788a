/* How much there is to compute; private to model/. */
#ifndef VERIFY_MODEL_OPERATORS_COST_H
#define VERIFY_MODEL_OPERATORS_COST_H

#include "model/graph.h"

/* Multiply-adds of one operator: of convolutions and matrix products those of the textbook, of
 * pools the elements under each window, of all others the elements of the output. `shapes` is
 * indexed by tensor; `out` is the output's. UINT64_MAX where the number is absurd. */
uint64_t op_multiply_adds(const struct op *op, const struct shape *shapes, const struct shape *out);

/* What op_evaluate takes for one operator, in steps: what a processor does in about a nanosecond.
 * An upper estimate for whatever shapes, memory for the result included; arguments as of
 * op_multiply_adds. */
uint64_t op_steps(const struct op *op, const struct shape *shapes, const struct shape *out);

/* Takes steps from those that are left; where there are not as many, all, and returns false. */
bool steps_spend(uint64_t *left, uint64_t steps);

/* Whether the operator is one that multiplies by weights or matrices: what GFLOPs count. */
bool op_multiplies(const struct op *op);

/* Elements of its weights, biases and scales: constant inputs with a value per channel or matrix
 * entry. */
uint64_t op_parameters(const struct graph *graph, const struct op *op);

#endif
