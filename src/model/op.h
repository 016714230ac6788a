/* What the files about operators share; private to model/. */
#ifndef VERIFY_MODEL_OP_H
#define VERIFY_MODEL_OP_H

#include "model/graph.h"

/* Fails with the operator and its node named in front of the reason. */
#define OP_FAIL(op, ...)                                                                           \
    ((void)FAIL(STATUS_BAD_INPUT, __VA_ARGS__),                                                    \
     (void)status_prefix(STATUS_BAD_INPUT, "operator %.200s, node '%.200s': ", (op)->type_name,    \
                         (op)->name),                                                              \
     status_value(STATUS_BAD_INPUT))

/* Families of op_shape: in[i] is never NULL, of rank 0 for an absent input. The result may still be
 * a shape that no tensor can have; op_shape looks at it. */
enum status op_shape_window(const struct op *op, const struct shape *const *in, struct shape *out);
enum status op_shape_move(const struct op *op, const struct shape *const *in, int64_t height,
                          int64_t width, struct shape *out);

/* The common shape of two that are broadcast together. */
enum status op_broadcast(const struct op *op, const struct shape *a, const struct shape *b,
                         struct shape *out);
/* Whether an optional input is there. */
static inline bool op_has_input(const struct op *op, size_t input) {
    return input < op->n_inputs && op->inputs[input] >= 0;
}

/* A slice's range on a dimension, start and end counted from the front and within it; a step beyond
 * it shrinks to it, which takes the same one element. */
static inline struct slice_range slice_clamp(struct slice_range range, int64_t dim) {
    int64_t start = range.start < 0 ? range.start + dim : range.start;
    int64_t end = range.end < 0 ? range.end + dim : range.end;
    range.start = start < 0 ? 0 : start > dim ? dim : start;
    range.end = end < 0 ? 0 : end > dim ? dim : end;
    if (range.step > dim)
        range.step = dim > 0 ? dim : 1;
    return range;
}

/* Families of op_evaluate; out has at least one element. */
enum status op_evaluate_window(const struct op *op, const struct value *in, struct value *out);
enum status op_evaluate_move(const struct op *op, const struct value *in, struct value *out);
enum status op_evaluate_elements(const struct op *op, const struct value *in, struct value *out);
enum status op_evaluate_math(const struct op *op, const struct value *in, struct value *out);

int64_t float_to_i64(float x); /* towards 0, at the ends of the range where it does not fit */
void value_fill(struct value *value, float fill);

/* Up to three arrays visited side by side in the row-major order of one shape, a row (the last
 * axis) at a time. Strides and offsets are in elements. */
struct walk {
    size_t rank;
    int64_t dims[GRAPH_RANK], at[GRAPH_RANK];
    int64_t stride[3][GRAPH_RANK], offset[3];
};
/* Starts at the first row; a shape of rank 0 is one row of 1. Every stride is 0. */
void walk_start(struct walk *walk, const struct shape *shape);
/* Sets one array's strides: that of a dense array of a shape broadcast to the walk's. */
void walk_broadcast(struct walk *walk, size_t array, const struct shape *shape);
bool walk_row(struct walk *walk); /* goes to the next row; false after the last */
static inline int64_t walk_columns(const struct walk *walk) {
    return walk->dims[walk->rank - 1];
}
static inline int64_t walk_step(const struct walk *walk, size_t array) {
    return walk->stride[array][walk->rank - 1];
}
/* Strides of a dense row-major array. */
void shape_strides(const struct shape *shape, int64_t strides[GRAPH_RANK]);

/* What is known of a graph's tensors while its operators are visited in order. Arrays are indexed
 * by tensor. */
struct derivation {
    const struct graph *graph;
    int64_t height, width;
    struct shape *shapes;
    enum dtype *dtypes;
    bool *known; /* constant, the input, or computed by an operator visited before */
};
enum status derivation_start(struct derivation *derivation, const struct graph *graph,
                             int64_t height, int64_t width);
/* Checks one operator and derives its output's type and shape. */
enum status derivation_step(struct derivation *derivation, const struct op *op);
/* Derives what can be derived, whatever other operators fail, at the size that the graph is fixed
 * to or else 640 x 640: enough to compare shapes within one graph. */
enum status derivation_probe(struct derivation *derivation, const struct graph *graph);
void derivation_free(struct derivation *derivation);

/* Who computes each tensor and who needs it; arrays are indexed by tensor. */
struct links {
    int64_t *producer; /* index of the operator, or -1 */
    size_t *uses;      /* inputs of operators, and the head's uses */
};
/* STATUS_BAD_INPUT where an operator or the head names a tensor that is not there. */
enum status links_build(struct links *links, const struct graph *graph);
void links_free(struct links *links);

/* The tensors that the head reads (some may be the same). */
size_t head_tensors(const struct head *head, int tensors[2 * GRAPH_LEVELS]);
/* Removes the operators that are marked. */
void graph_remove_ops(struct graph *graph, const bool *dead);

#endif
