/* What an operator is: all that is particular to one kind of struct op, in its struct operator_row.
 * Private to model/. */
#ifndef VERIFY_MODEL_OPERATORS_OPERATOR_H
#define VERIFY_MODEL_OPERATORS_OPERATOR_H

#include "model/graph.h"

struct importer;
struct node;

/* What the shape of an operator's output follows from. */
struct shape_inputs {
    const struct shape *const *in; /* never NULL; of rank 0 for an absent input */
    const struct graph *graph;     /* whose constants may say how large the result is */
    int64_t height, width;         /* of the network's input */
};

/* What there is to compute for one operator; see operators/cost.h. */
struct op_cost {
    double multiply_adds;
    double element; /* steps of one element of the output, beside multiply-adds and pieces */
    double pieces;  /* that it goes through one by one, each at a price of its own however short it
                       is: rows, a Concat's blocks, a Gather's picks, the taps over a row */
    double more;    /* steps beside all of these */
};

struct operator_row {
    const char *name;   /* ONNX's, where ONNX has it */
    size_t least, most; /* how many inputs it takes, and how many of the first must be there */
    bool moves;         /* its output's elements are elements of input 0, or of all its inputs */
    bool of_shapes;     /* only met in shape arithmetic: gone once a graph is imported */
    bool multiplies;    /* by weights or matrices: what GFLOPs count */
    bool weighs;        /* constant inputs have a value per channel or matrix entry: parameters */
    /* The element type of the output from those of the inputs; *out is input 0's at first. NULL
     * where that is right whatever it is. */
    enum status (*dtype)(const struct op *op, const struct value *in, enum dtype *out);
    /* The shape of the output, zeroed at first; it may still be one that no tensor can have. NULL
     * where it is input 0's. */
    enum status (*shape)(const struct op *op, const struct shape_inputs *inputs, struct shape *out);
    /* Computes the output, which has at least one element. */
    enum status (*evaluate)(const struct op *op, const struct value *in, struct value *out);
    double element_steps; /* op_cost.element */
    /* Changes what is otherwise: as many multiply-adds as the output has elements, as many pieces
     * as it has rows, element_steps. `in` as for shape. May be NULL. */
    void (*cost)(const struct op *op, const struct shape *const *in, const struct shape *out,
                 struct op_cost *cost);
    /* Fills in the attributes from ONNX's node of this name, whose first inputs are the operator's.
     * NULL where ONNX's operator is not just this one: model/onnx/ translates it then. */
    enum status (*read_onnx)(const struct importer *importer, const struct node *node,
                             struct op *op);
};

#define OPERATOR(kind, name) extern const struct operator_row operator_##name;
#include "model/operators/list.h"
#undef OPERATOR

/* The operator of a kind; for OP_UNKNOWN one that takes no types. */
const struct operator_row *operator_of(enum op_kind kind);

/* Fails with the operator and its node named in front of the reason. */
#define OP_FAIL(op, ...)                                                                           \
    ((void)FAIL_FOR(REASON_OPERATOR, STATUS_BAD_INPUT, __VA_ARGS__),                               \
     (void)status_prefix(STATUS_BAD_INPUT, "operator %.200s, node '%.200s': ", (op)->type_name,    \
                         (op)->name),                                                              \
     status_value(STATUS_BAD_INPUT))

/* Whether an optional input is there. */
static inline bool op_has_input(const struct op *op, size_t input) {
    return input < op->n_inputs && op->inputs[input] >= 0;
}

/* Checks that an operator has as many inputs as its kind takes, and that they are tensors of the
 * graph. */
enum status op_check_inputs(const struct graph *graph, const struct op *op);

/* common.c: what several operators share */

/* operator.dtype of operators that take float alone, and of those whose input 1 is integers. */
enum status op_dtype_float(const struct op *op, const struct value *in, enum dtype *out);
enum status op_dtype_indexed(const struct op *op, const struct value *in, enum dtype *out);
/* operator.read_onnx of operators without attributes. */
enum status op_read_plain(const struct importer *importer, const struct node *node, struct op *op);

/* Checks that op.axis is an axis of x. */
enum status op_check_axis(const struct op *op, const struct shape *x);
/* The common shape of two that are broadcast together. */
enum status op_broadcast(const struct op *op, const struct shape *a, const struct shape *b,
                         struct shape *out);
/* The elements of an input that must be a constant of the graph and of this type, as it says how
 * large the result is. */
enum status op_size_constant(const struct graph *graph, const struct op *op, size_t input,
                             enum dtype dtype, const void **data);
/* A result's dimensions, `times` times (NULL: once) those in a constant input of the graph. */
enum status op_shape_from_list(const struct op *op, const struct shape_inputs *inputs, size_t list,
                               const struct shape *times, struct shape *out);

int64_t dims_product(const struct shape *shape, size_t first, size_t end);
double shape_cost(const struct shape *shape); /* elements; of what may be no shape of a tensor */
int64_t float_to_i64(float x); /* towards 0, at the ends of the range where it does not fit */
void value_fill(struct value *value, float fill);

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

#endif
