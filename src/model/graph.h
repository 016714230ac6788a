/* The network as a flat list of operators: what every importer produces and every backend
 * compiles. Batch is implied: a graph describes one image, dim 0 of every feature map is 1, and a
 * backend that runs several images at once multiplies it itself.
 *
 * A graph does not fix the input's size: graph_shapes() derives every shape from it. */
#ifndef VERIFY_MODEL_GRAPH_H
#define VERIFY_MODEL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    GRAPH_RANK = 6,    /* most dimensions of a tensor */
    GRAPH_INPUTS = 64, /* most inputs of an operator (Concat's are many) */
    GRAPH_LEVELS = 8,  /* most strides of a detection head */
    GRAPH_ANCHORS = 8, /* most anchors per cell of an anchor-based head */
    GRAPH_BINS = 64,   /* most bins of a side's distribution: 16 is usual */
};

enum dtype { DTYPE_F32, DTYPE_I64, DTYPE_BOOL };

struct shape {
    size_t rank;
    int64_t dims[GRAPH_RANK];
};

/* A value of the graph: the output of an operator, the input image, or a constant. */
struct tensor {
    char *name; /* as in the model file; owned */
    enum dtype dtype;
    bool constant;
    struct shape shape; /* of a constant; unset for others (see graph_shapes) */
    void *data;         /* of a constant: row-major elements, owned; NULL for others */
};

enum activation {
    ACTIVATION_NONE,
    ACTIVATION_SILU, /* x sigmoid(x) */
    ACTIVATION_RELU,
    ACTIVATION_LEAKY_RELU, /* x < 0 ? alpha x : x */
    ACTIVATION_SIGMOID,
    ACTIVATION_MISH,         /* x tanh(softplus(x)) */
    ACTIVATION_HARD_SIGMOID, /* clamp(alpha x + beta, 0, 1) */
    ACTIVATION_HARD_SWISH,   /* x clamp(x / 6 + 0.5, 0, 1) */
    ACTIVATION_TANH,
    ACTIVATION_GELU,     /* x (1 + erf(x / sqrt 2)) / 2 */
    ACTIVATION_CLIP,     /* clamp(x, alpha, beta) */
    ACTIVATION_SOFTPLUS, /* ln(1 + exp(x)) */
};

/* What an operator is: the rows of operators/list.h. */
enum op_kind {
#define OPERATOR(kind, name) kind,
#include "model/operators/list.h"
#undef OPERATOR
    OP_UNKNOWN, /* read but not understood: an error only where the result depends on it */
};
enum { OP_KINDS = OP_UNKNOWN + 1 };

enum unary {
    UNARY_ACTIVATION,
    UNARY_EXP,
    UNARY_LOG,
    UNARY_SQRT,
    UNARY_NEG,
    UNARY_ABS,
    UNARY_FLOOR,
    UNARY_CEIL,
    UNARY_ROUND,
    UNARY_RECIPROCAL,
    UNARY_SIN,
    UNARY_COS,
    UNARY_ERF,
    UNARY_NOT
};
enum binary {
    BINARY_ADD,
    BINARY_SUB,
    BINARY_MUL,
    BINARY_DIV,
    BINARY_POW,
    BINARY_MIN,
    BINARY_MAX,
    BINARY_EQUAL,
    BINARY_LESS,
    BINARY_GREATER,
    BINARY_AND,
    BINARY_OR,
    BINARY_MOD
};
enum reduce { REDUCE_MEAN, REDUCE_SUM, REDUCE_MAX, REDUCE_MIN };

/* Where one dimension of a Reshape's output comes from. */
enum dim_source {
    DIM_CONSTANT, /* value */
    DIM_PRODUCT,  /* the product of input dimensions first .. first + count - 1 */
    DIM_HEIGHT,   /* the network input's height / value */
    DIM_WIDTH,    /* the network input's width / value */
    DIM_REST,     /* what is left (at most one) */
};
struct reshape_dim {
    enum dim_source source;
    int64_t value;
    size_t first, count;
};

struct slice_range {
    /* end is exclusive, clamped to the dimension (INT64_MAX: to the end); a negative start or end
     * counts from the end; step > 0. A whole axis is {0, INT64_MAX, 1}. */
    int64_t start, end, step;
};

/* Geometry of convolutions and pools, height first. */
struct window {
    int64_t kernel[2], stride[2], dilation[2];
    int64_t pad[4];            /* top, left, bottom, right */
    int64_t output_padding[2]; /* of a transposed convolution */
    int64_t group;
    bool ceil_mode; /* of pools */
};

struct op {
    enum op_kind kind;
    char *name;      /* the node's name in the model file, for messages; owned */
    char *type_name; /* the operator as the model file calls it ("Conv"); owned */
    size_t n_inputs;
    int inputs[GRAPH_INPUTS]; /* tensor indices; -1: an optional input that is absent */
    int output;
    /* Attributes; each kind uses its own. */
    struct window window;
    bool pool_count_padding;
    enum activation activation; /* of OP_UNARY; of OP_CONV: applied after the bias */
    float alpha, beta;          /* of the activation; alpha: epsilon of OP_BATCH_NORM */
    enum unary unary;
    enum binary binary;
    enum reduce reduce;
    bool keep_dims;
    int64_t axis; /* not negative */
    size_t n_axes;
    int64_t axes[GRAPH_RANK];
    size_t permutation[GRAPH_RANK];
    float scale[2]; /* of a resize: output / input, height first */
    size_t n_reshape;
    struct reshape_dim reshape[GRAPH_RANK];
    struct slice_range slice[GRAPH_RANK];
    int64_t pads[2 * GRAPH_RANK]; /* of OP_PAD: begins of x's axes, then from [x's rank] on ends */
    float pad_value;              /* of OP_PAD and OP_CONSTANT_OF_SHAPE */
    struct shape expand;
    enum dtype cast_to; /* of OP_CAST and OP_CONSTANT_OF_SHAPE */
};

/* How the raw maps of the detection head become boxes; backends leave the maps as they are. */
enum head_kind {
    HEAD_DISTANCE, /* v6, v8, v9, 10, 11, 12, 26: per cell four distances (left, top, right,
                      bottom) in units of the stride from the cell's centre, each the mean of a
                      softmax over `bins` bins (DFL), or the value itself where bins is 1 */
    HEAD_ANCHOR,   /* v5, v7: per cell and anchor x, y, w, h, objectness, classes; all sigmoid:
                      x = (2 x - 0.5 + column) stride, w = (2 w)^2 anchor_w; score = obj * class.
                      Darknet's v3, v4, where head_level.scale_xy is s > 0: the same but for
                      x = (s x - (s - 1) / 2 + column) stride, w = e^w anchor_w, no sigmoid of w.
                      YOLOX's, where it is HEAD_LINEAR_XY: as Darknet's but for
                      x = (x + column) stride, no sigmoid of x; anchors are of the stride's size */
    HEAD_FINAL,    /* the graph's own tail gives boxes (xc, yc, w, h in network pixels) and scores
                      after the sigmoid, as one map with 4 + classes channels or 5 + classes
                      (objectness after the box), one cell an anchor */
};

/* What a network says of an object beside its box and class, and what labels of such a data set say
 * of it. */
enum task {
    TASK_DETECT,  /* nothing */
    TASK_SEGMENT, /* an outline: coefficients of masks that are the head's, too */
    TASK_OBB,     /* the angle by which its box is turned */
    TASK_POSE,    /* keypoints */
    TASK_COUNT
};

/* One stride of the head. Channels of a distance head: the boxes' from box_channel on are 4 * bins,
 * side by side; the scores' are n_classes logits. An anchor head has one map (boxes == scores), its
 * n_anchors * (5 + n_classes) channels from box_channel on. Extras are n_anchors * n_extras
 * channels from extra_channel on. */
struct head_level {
    int boxes;  /* tensor (1,C,h,w) */
    int scores; /* tensor (1,C,h,w); may be the same as boxes */
    int extras; /* tensor (1,C,h,w) where the head has extras: n_extras channels an anchor */
    size_t box_channel, score_channel, extra_channel;
    size_t stride;                   /* network pixels per cell */
    float anchors[GRAPH_ANCHORS][2]; /* width, height in network pixels */
    /* Of HEAD_ANCHOR: 0, above it where boxes are Darknet's, HEAD_LINEAR_XY where YOLOX's. */
    float scale_xy;
};
#define HEAD_LINEAR_XY (-1.0f)
struct head {
    enum head_kind kind;
    enum task task;
    /* Numbers an anchor beside box and classes; 0 where the task has none, or they are not known:
     * then boxes and classes are all that the head says. */
    size_t n_extras;
    /* Of TASK_OBB, whose boxes are turned around the cell's centre by the angle: it is what the map
     * holds, in radians; else (sigmoid - 1/4) pi. */
    bool raw_angle;
    /* Of TASK_SEGMENT with extras, which are coefficients then: tensor (1,n_extras,h,w), a cell of
     * which is as many pixels wide and high as the input by them. A mask's logits are the sum of
     * these maps, each times its coefficient. */
    int prototypes;
    size_t n_classes;
    size_t bins;
    size_t n_anchors;   /* 1 for a distance head */
    bool objectness;    /* of HEAD_FINAL */
    bool channels_last; /* of HEAD_FINAL: (1,A,C) rather than (1,C,A) */
    /* Of HEAD_FINAL, where its tail could not be run on random numbers when it was read, so that
     * what it makes of each picture is looked at: the longer side of its input. 0: it could. */
    float untried_side;
    size_t n_levels;
    struct head_level levels[GRAPH_LEVELS];
};

/* Whether the head has masks: coefficients and prototypes. */
static inline bool head_has_masks(const struct head *head) {
    return head->task == TASK_SEGMENT && head->n_extras > 0;
}

struct graph {
    size_t n_tensors, tensor_capacity;
    struct tensor *tensors;
    size_t n_ops, op_capacity;
    struct op *ops; /* in an order in which every input is computed before it is used */
    int input;      /* tensor (1,3,H,W): RGB planes, 0 to 1 */
    struct head head;
    int64_t fixed_height, fixed_width; /* not 0: the graph is run at this input size alone */
    bool corner; /* pictures lie in the input's upper left corner: struct letterbox_frame */
};

/* Adds a tensor or an operator; pointers into the arrays are invalid afterwards. The texts are
 * copied. A new tensor is a non-constant DTYPE_F32; a new op is zeroed but for kind, name and
 * type_name, and has output -1. */
enum status graph_add_tensor(struct graph *graph, const char *name, int *index);
enum status graph_add_op(struct graph *graph, enum op_kind kind, const char *name,
                         const char *type_name, size_t *index);
/* Makes a tensor constant with zeroed elements of this type and shape (data owned by the graph). */
enum status graph_make_constant(struct graph *graph, int index, enum dtype dtype,
                                const struct shape *shape);
/* Frees what the graph owns and zeroes it; a zeroed graph is an empty one. */
void graph_free(struct graph *graph);

size_t dtype_size(enum dtype dtype); /* bytes of one element */
/* Elements of a shape (rank 0: 1); -1 where it is not one that a tensor may have: a rank above
 * GRAPH_RANK, a negative dimension, more than 2^40 elements. */
int64_t shape_elements(const struct shape *shape);
bool shape_equal(const struct shape *a, const struct shape *b);
/* Writes "(1,3,640,640)" into text and returns it, for messages. */
enum { SHAPE_TEXT = 21 * GRAPH_RANK + 3 };
const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT]);

/* Derives the shape of every tensor for an input of height x width; `shapes` has n_tensors
 * entries; those of tensors that no operator computes are zeroed. Checks the whole graph with it:
 * order, numbers of inputs, attributes, element types. STATUS_BAD_INPUT, naming operator and node,
 * where it does not hold or does not accept this size, and for OP_UNKNOWN. */
enum status graph_shapes(const struct graph *graph, int64_t height, int64_t width,
                         struct shape *shapes);
/* The shape of one operator's output from those of its inputs, `shapes` indexed by tensor
 * (graph_shapes' single step). The inputs of OP_RANGE, OP_CONSTANT_OF_SHAPE and OP_TILE that say
 * how large the result is must be constants of the graph. */
enum status op_shape(const struct graph *graph, const struct op *op, const struct shape *shapes,
                     int64_t height, int64_t width, struct shape *out);

/* A view of a tensor's elements for op_evaluate. */
struct value {
    enum dtype dtype;
    struct shape shape;
    void *data; /* row-major */
};

/* The element type of one operator's output from its inputs' (only their dtype is read);
 * STATUS_BAD_INPUT where the operator does not take these types. */
enum status op_dtype(const struct op *op, const struct value *inputs, enum dtype *out);

/* Runs one operator in plain C: the oracle of the backends' tests, the folding of constants, and
 * the CPU backend's way for what its library lacks. inputs[i].data is NULL for an absent input;
 * out has its shape (op_shape's), type (op_dtype's) and memory set. Sums are kept in double.
 * STATUS_BAD_INPUT for OP_UNKNOWN, types it does not know, indices out of range. */
enum status op_evaluate(const struct op *op, const struct value *inputs, struct value *out);

/* Passes over an imported graph, in this order; each leaves a valid graph in which the head's
 * tensors are computed as before. Tensors that lose their use stay until graph_prune. */

/* STATUS_BAD_INPUT, naming operator and node, where weights of a convolution, matrix product or
 * BatchNorm are not finite. Other constants may be: masks hold infinities. */
enum status graph_check_weights(const struct graph *graph);
/* A BatchNorm with constant parameters goes into the weights and bias of the Conv or ConvTranspose
 * before it, where nothing else uses that one's output; otherwise it becomes Mul and Add. */
enum status graph_fold_batch_norm(struct graph *graph);
/* x Sigmoid(x), x HardSigmoid(x) and x Tanh(Softplus(x)) become SiLU, HardSwish and Mish; an
 * activation goes into the Conv before it; so does an Add of a tensor of the same shape, as the
 * Conv's residual. */
enum status graph_fuse(struct graph *graph);
/* Removes the operators and tensors that nothing the head needs depends on, and numbers the rest
 * anew, the head's and the input included. STATUS_BAD_INPUT where the graph has no head. */
enum status graph_prune(struct graph *graph);

#endif
