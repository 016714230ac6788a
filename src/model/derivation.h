/* Shapes and types of a graph's tensors, operator by operator; private to model/. */
#ifndef VERIFY_MODEL_DERIVATION_H
#define VERIFY_MODEL_DERIVATION_H

#include "model/graph.h"

/* What is known of a graph's tensors while its operators are visited in order. Arrays are indexed
 * by tensor. */
struct derivation {
    const struct graph *graph;
    int64_t height, width;
    struct shape *shapes;
    enum dtype *dtypes;
    bool *known; /* constant, the input, or computed by an operator visited before */
};
/* Begins with the constants and an input of height x width pixels. The graph stays the caller's and
 * must outlive it; derivation_free releases the arrays, also on failure. STATUS_BAD_INPUT where the
 * graph has no input or none of that size. */
enum status derivation_start(struct derivation *derivation, const struct graph *graph,
                             int64_t height, int64_t width);
/* Checks one operator and derives its output's type and shape. STATUS_BAD_INPUT, for
 * REASON_OPERATOR, where it is not one that can be computed. */
enum status derivation_step(struct derivation *derivation, const struct op *op);
/* Derives what can be derived, whatever other operators fail, at the size that the graph is fixed
 * to or else 640 x 640: enough to compare shapes within one graph. */
enum status derivation_probe(struct derivation *derivation, const struct graph *graph);
void derivation_free(struct derivation *derivation);

#endif
