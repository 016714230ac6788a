/* What the files of the network share: features (where maps lie), the steps that compute them, and
 * what is known of each tensor while the graph is compiled. */
#ifndef VERIFY_CUDA_NETWORK_PLAN_H
#define VERIFY_CUDA_NETWORK_PLAN_H

#include "cuda/memory.h"
#include "cuda/network/network.h"

#define NO_FEATURE SIZE_MAX

/* Which piece of memory a root lies in. */
enum home {
    HOME_ARENA, /* network_memory's: other roots lie there at other steps */
    HOME_ENDS,  /* network_memory's: the input and the head's maps, apart from each other */
    HOME_OWN,   /* the network's: zeroed once, and nothing else uses it */
    HOMES
};

/* A feature map: a buffer of its own (a root), or some channels of another feature. The pitch of a
 * root is its channels rounded up to 16 bytes; what is behind the channels is only read by
 * convolutions, with weights of zero. */
struct feature {
    size_t channels, height, width;
    size_t pitch; /* of a root */
    enum element element;
    size_t parent, first; /* channels first .. of `parent`; NO_FEATURE: a root */
    enum home home;       /* of a root */
    size_t begin, end;    /* of a root in the arena: the steps that need it, both included */
    size_t offset;        /* of a root: bytes in its home */
};

enum step_kind {
    STEP_CONV,
    STEP_DEPTHWISE,
    STEP_DECONVOLUTION,
    STEP_MAX_POOL,
    STEP_AVERAGE_POOL,
    STEP_SPPF,
    STEP_RESIZE,
    STEP_PAD,
    STEP_COPY,
    STEP_GATHER,
    STEP_ACTIVATION,
    STEP_BINARY,
    STEP_ATTENTION,
};

enum { STEP_OUTPUTS = 3 };

struct step {
    enum step_kind kind;
    const struct op *op; /* that it computes, of the graph; NULL: a copy of the head's maps */
    size_t src, other;   /* features; other: the residual or a binary's second, or NO_FEATURE */
    size_t dst[STEP_OUTPUTS];
    size_t shift; /* cells from src's first to the one that the step sees as first */
    bool has_weights, has_bias;
    size_t weights, bias; /* of a binary's constant, and of biases: offsets in the network's own */
    size_t constant_channels;

    struct window window;
    struct epilogue epilogue;
    bool count_padding;
    float scale[2];
    enum kernel_binary binary;
    struct attention attention;
    struct {
        size_t first, run, step;
    } gather;
    struct {
        int64_t top, left;
        float value;
    } pad;

    /* Set once all is placed. */
    struct conv_plan *plan;
    struct map src_map, other_map, dst_map[STEP_OUTPUTS];
    const void *weights_data; /* of convolutions the library's, set at once */
    const float *bias_data;
};

/* What a tensor is while its graph is compiled. */
enum role {
    ROLE_NONE,   /* not computed yet, or a constant */
    ROLE_MAP,    /* a feature */
    ROLE_MOVED,  /* elements of a feature in another order, times `scale` */
    ROLE_SCORES, /* of attention: query . key times `scale` */
    ROLE_WEIGHTS /* of attention: the softmax of scores over the keys */
};
struct content {
    enum role role;
    size_t feature; /* of a map its own, of what is moved the one that it was taken from */
    int64_t *index; /* of what is moved: each element's number in the feature's (C,H,W); owned */
    float scale;
    int query, key;  /* tensors, of scores and weights */
    bool transposed; /* of weights: keys before queries */
};

struct network {
    const struct graph *graph;
    struct conv_library *library;
    enum element element;
    size_t n;
    struct shape *shapes;     /* by tensor; only while compiling */
    struct content *contents; /* by tensor; only while compiling */
    size_t n_features, feature_capacity;
    struct feature *features;
    size_t n_steps, step_capacity;
    struct step *steps;
    size_t weight_bytes, weight_capacity;
    uint8_t *host_weights; /* only while compiling */
    size_t input;          /* feature */
    size_t boxes[GRAPH_LEVELS], scores[GRAPH_LEVELS];
    void *weights;       /* on the device; those of convolutions are the library's */
    size_t bytes[HOMES]; /* that its roots take of each, where they lie on the device: */
    void *memory[HOMES]; /* HOME_OWN's is owned; NULL: not bound yet */
};

/* STATUS_BAD_INPUT: the operator cannot be run here. */
static inline enum status network_refuse(const struct op *op) {
    return FAIL(STATUS_BAD_INPUT,
                "operator %.200s, node '%.200s' cannot be run on CUDA; use --device cpu",
                op->type_name, op->name);
}

/* network_layout.c */

/* Channels whose rows keep every cell 16-byte aligned. */
size_t network_alignment(enum element element);
size_t channels_aligned(enum element element, size_t channels);
enum status feature_add(struct network *network, const struct feature *wanted, size_t *out);
/* A zeroed step with these features. Valid until the next one is added. */
enum status step_add(struct network *network, enum step_kind kind, size_t src, size_t dst,
                     struct step **out);
/* A new feature for an operator's output, in the network's element type; its tensor becomes a
 * map. Refused where the output is no map. */
enum status feature_for(struct network *network, const struct op *op, size_t *out);
size_t feature_root(const struct network *network, size_t feature, size_t *first);
/* Whether a convolution can use it in place: every cell starts aligned, and the channels are a
 * multiple of the alignment or all that there are in the buffer. */
bool feature_is_aligned(const struct network *network, size_t feature);
/* Where its home is not bound yet, without data. */
struct map feature_map(const struct network *network, size_t feature);
/* Makes the output of a Concat, its inputs (`parts`) becoming views of it where they can. Those
 * that cannot are left to be copied. */
enum status layout_concat(struct network *network, const struct op *op, const size_t *parts,
                          size_t *whole);

/* network_moves.c: Reshape, Transpose and Slice of what was moved. Whatever the way it is written,
 * the elements' numbers are moved as the operator says, and looked at: channels of a feature side
 * by side become a view, channels in regular runs a gathering step. */
enum status moves_compile(struct network *network, const struct op *op);
/* The numbers of a map's or a moved tensor's elements (owned by the network). */
enum status moves_index(struct network *network, int tensor, const int64_t **index);

/* network_attention.c */

/* MatMul, Softmax, and moves and scalings of what lies between them. */
enum status attention_matmul(struct network *network, const struct op *op);
enum status attention_softmax(struct network *network, const struct op *op);
enum status attention_transpose(struct network *network, const struct op *op);
enum status attention_scale(struct network *network, const struct op *op);

/* network_stem.c */

/* How a convolution of stride 2 over pixels becomes one of stride 1 over cells of 2x2 pixels.
 * Channel (2 dy + dx) * colours + c of a cell is channel c of its pixel (dy,dx). */
struct fold {
    struct window window; /* over the cells */
    size_t colours;
    int64_t border[2]; /* rows of zeros above the picture's cells, columns to their left */
    int64_t shift[2];  /* pixel 0 of the window's first cell is tap `shift` of the old kernel */
};
/* Where the operator is a first convolution that can be folded, and nothing else reads the
 * picture: makes the network's input one of cells (kernel_letterbox). */
bool stem_fold(struct network *network, const struct op *op, struct fold *fold);

/* network_weights.c */

/* The weights of a convolution on the device, in the order that its kernel reads, from the library
 * where an earlier network brought them there. */

/* (O,I,kh,kw) to (O,kh,kw,I), zeros up to out_channels and in_channels. */
enum status weights_conv(struct network *network, const struct op *op, size_t out_channels,
                         size_t in_channels, const void **data);
/* (O,I,kh,kw) to (O,kh',kw',4 I) for cells, zeros where the old kernel had no tap. */
enum status weights_folded(struct network *network, const struct op *op, const struct fold *fold,
                           size_t out_channels, size_t in_channels, const void **data);
/* (C,1,kh,kw) to (kh,kw,C). */
enum status weights_depthwise(struct network *network, const struct op *op, const void **data);
/* (I,O,kh,kw) to (kh,kw,I,O). */
enum status weights_deconvolution(struct network *network, const struct op *op, const void **data);

/* Constants appended to the network's own, each 256-byte aligned; *offset is where. */

/* fp32, zeros up to `channels`. */
enum status weights_bias(struct network *network, int tensor, size_t channels, size_t *offset);
/* In the network's element type, as it is. */
enum status weights_constant(struct network *network, int tensor, size_t *offset);

/* network_steps.c */

/* Appends the steps of all operators and of the head's outputs. */
enum status steps_compile(struct network *network);

/* network_arena.c: puts each root where nothing that is needed at the same time lies. Sets
 * network->bytes. */
enum status arena_place(struct network *network);

static inline bool op_input(const struct op *op, size_t input) {
    return input < op->n_inputs && op->inputs[input] >= 0;
}
static inline size_t feature_cells(const struct feature *feature) {
    return feature->height * feature->width;
}

#endif
