/* How much there is to compute, from an operator's row and its shapes. */
#include "model/operators/cost.h"

#include "model/operators/operator.h"

static struct op_cost cost_of(const struct op *op, const struct shape *shapes,
                              const struct shape *out) {
    static const struct shape absent = {0};
    const struct operator_row *row = operator_of(op->kind);
    const struct shape *in[GRAPH_INPUTS];
    double columns = out->rank > 0 ? (double)out->dims[out->rank - 1] : 1.0;
    struct op_cost cost = {.multiply_adds = shape_cost(out),
                           .element = row->element_steps,
                           .pieces = shape_cost(out) / columns};
    for (size_t i = 0; i < GRAPH_INPUTS; i++)
        in[i] = op_has_input(op, i) ? &shapes[op->inputs[i]] : &absent;
    if (row->cost)
        row->cost(op, in, out, &cost);
    return cost;
}

/* A count that may be too large for one. */
static uint64_t whole(double count) {
    return count < 1e18 ? (uint64_t)count : UINT64_MAX;
}

bool op_multiplies(const struct op *op) {
    return operator_of(op->kind)->multiplies;
}

uint64_t op_multiply_adds(const struct op *op, const struct shape *shapes,
                          const struct shape *out) {
    return whole(cost_of(op, shapes, out).multiply_adds);
}

uint64_t op_steps(const struct op *op, const struct shape *shapes, const struct shape *out) {
    enum { ALWAYS = 500, A_PIECE = 20 };
    double n = shape_cost(out);
    if (n == 0.0 || !op_has_input(op, 0))
        return whole(ALWAYS + n * operator_of(op->kind)->element_steps);
    struct op_cost cost = cost_of(op, shapes, out);
    double steps = ALWAYS + n * cost.element;
    steps += A_PIECE * cost.pieces + (double)whole(cost.multiply_adds);
    return whole(steps + cost.more);
}

bool steps_spend(uint64_t *left, uint64_t steps) {
    bool enough = steps <= *left;
    *left = enough ? *left - steps : 0;
    return enough;
}

uint64_t op_parameters(const struct graph *graph, const struct op *op) {
    uint64_t count = 0;
    if (!operator_of(op->kind)->weighs)
        return 0;
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0 && graph->tensors[op->inputs[i]].constant)
            count += (uint64_t)shape_elements(&graph->tensors[op->inputs[i]].shape);
    return count;
}
