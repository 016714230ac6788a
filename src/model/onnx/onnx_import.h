/* What the files that read ONNX share; private to model/.
 *
 * The network is read in one sweep over the file's operators, for one nominal input size at which
 * every shape is known. So whatever the file computes from shapes becomes a constant on the way,
 * and only the operators on pictures remain. A second size, the probe, is followed beside it: what
 * keeps its shape there too does not depend on the nominal size. */
#ifndef VERIFY_MODEL_ONNX_IMPORT_H
#define VERIFY_MODEL_ONNX_IMPORT_H

#include <onnx.pb-c.h>

#include "model/graph.h"

enum {
    IMPORT_TENSORS = 65536, /* most tensors of a model: a few thousand are usual */
    IMPORT_OPS = 16384,     /* most operators: a few hundred are usual */
    IMPORT_SPARE = 64 << 20 /* bytes that a file may cost beyond its own size */
};

/* Element types as ONNX numbers them. */
enum {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT8 = 3,
    ONNX_UINT16 = 4,
    ONNX_INT16 = 5,
    ONNX_INT32 = 6,
    ONNX_INT64 = 7,
    ONNX_BOOL = 9,
    ONNX_FLOAT16 = 10,
    ONNX_DOUBLE = 11,
    ONNX_BFLOAT16 = 16
};

/* What is known of a tensor beside its shapes. */
struct tensor_state {
    bool known;    /* its shape at the nominal size */
    bool open;     /* its shape at the probe size: nothing before it is tied to the nominal size */
    char *trouble; /* not NULL: why it could not be computed; owned */
    size_t maker;  /* 1 + the operator that computes it; 0: none */
    int whole, scale; /* of numbers that integers stand for: these, around 0, and their scales, a
                         constant; 0: none */
    int32_t element;  /* of a constant: how the file has its elements, as ONNX numbers types */
    unsigned credits; /* of a constant: how many others of its size, made of it one after the
                         other, the file accounts for */
    enum status_reason reason; /* REASON_OPERATOR where it is an operator that is not understood */
};

struct name_entry {
    const char *name; /* in the file's messages */
    uint64_t hash;
    int tensor;
    size_t serial; /* of the operator that bound it */
};

struct importer {
    struct graph *graph;
    const char *path;
    enum task task; /* that the file says it was trained for */
    int64_t opset;
    int64_t batch;         /* that the file was exported with; the graph's is 1 */
    int64_t height, width; /* nominal */
    int64_t probe_height, probe_width;
    size_t tensor_count; /* entries of the next three */
    size_t state_capacity, shape_capacity, probe_capacity;
    struct tensor_state *states;
    struct shape *shapes; /* at the nominal size */
    struct shape *probes; /* at the probe size */
    size_t serial;        /* of the operator being read; 0 before the first */
    size_t name_slots;    /* a power of 2, four times as many as names */
    struct name_entry *names;
    uint64_t memory_left; /* bytes that constants may still take */
    uint64_t *work_left;  /* steps (see op_steps) that reading the file may still take */
    uint64_t fingerprint; /* of the constants that were read from other files */
};

/* One operator of the file with its inputs looked up. */
struct node {
    const Onnx__NodeProto *message;
    size_t n_inputs;
    int inputs[GRAPH_INPUTS]; /* -1: left out */
};

/* onnx_import.c */

enum status importer_start(struct importer *importer, const Onnx__GraphProto *file);
void importer_free(struct importer *importer); /* not the graph */

/* The tensor of this name, or -1. */
int importer_find(const struct importer *importer, const char *name);
/* Gives a tensor one more name; STATUS_BAD_INPUT where the name is taken. */
enum status importer_bind(struct importer *importer, const char *name, int tensor);
/* Adds a tensor of which nothing is known yet. */
enum status importer_tensor(struct importer *importer, const char *name, int *tensor);
/* Adds a constant with zeroed elements. */
enum status importer_constant(struct importer *importer, const char *name, enum dtype dtype,
                              const struct shape *shape, int *tensor);
/* Adds those outputs of an operator that are not there yet as not understood. `trouble` may be
 * NULL: it only depends on another such. */
enum status importer_unknown(struct importer *importer, const struct node *node,
                             const char *trouble);

/* Adds the graph's input, and gives the file's name for it to the picture or, `grey`, to its
 * grey. */
enum status importer_picture(struct importer *importer, const char *name, bool grey);

/* An operator to fill in: zeroed, its first `n_inputs` inputs those of the node. */
struct op node_op(const struct node *node, enum op_kind kind, size_t n_inputs);
/* Puts a filled-in operator into the graph, or computes it where all its inputs are constants.
 * Its output gets the name, where that is not NULL; *tensor, where not NULL, its index. `tied`:
 * its attributes hold for the nominal size alone. STATUS_BAD_INPUT where the operator cannot be. */
enum status emit(struct importer *importer, const struct node *node, const struct op *op, bool tied,
                 const char *output, int *tensor);
/* emit() for the usual case: the node's only output. */
enum status emit_output(struct importer *importer, const struct node *node, const struct op *op);

/* onnx_node.c: attributes and inputs of a node */

const Onnx__AttributeProto *node_attribute(const struct node *node, const char *name);
int64_t node_int(const struct node *node, const char *name, int64_t fallback);
float node_float(const struct node *node, const char *name, float fallback);
/* Whether a text attribute, `fallback` where absent, is `value`. */
bool node_text_is(const struct node *node, const char *name, const char *fallback,
                  const char *value);
/* Where numbers of a node stand: in the attribute `name` or, where there is none, in the constant
 * input `input` (-1: attributes alone). */
struct node_source {
    const char *name;
    int input;
};
#define FROM(name, input) ((struct node_source){(name), (input)})
/* A list of at most `most` integers. *present says whether there was either. */
enum status node_list(const struct importer *importer, const struct node *node,
                      struct node_source source, int64_t *values, size_t most, size_t *count,
                      bool *present);
/* A number, likewise. */
enum status node_number(const struct importer *importer, const struct node *node,
                        struct node_source source, float *value, bool *present);
/* The input's index, -1 where it is left out. */
int node_input(const struct node *node, size_t input);
/* The shape of an input at the nominal size, NULL where the input is left out. */
const struct shape *node_shape(const struct importer *importer, const struct node *node,
                               size_t input);
/* Makes an axis that may count from the end one of 0 .. rank - 1. */
enum status axis_of(int64_t axis, size_t rank, int64_t *out);

/* onnx_layers.c: geometry from the node's attributes and its first input; the kernel from the
 * weights (NULL: none) where it is not stated. */
enum status node_window(const struct importer *importer, const struct node *node,
                        const struct shape *weights, struct window *window);

/* onnx_integers.c: a convolution with the node's geometry of x, weights and bias (-1: none); of
 * integers where these stand for such. */
enum status node_convolve(struct importer *importer, const struct node *node, const int inputs[3],
                          const char *output, int *out);

/* onnx_constants.c, onnx_external.c */

/* Adds a constant of the file as a tensor; where its type is none that we compute with, as one of
 * which nothing is known. Floating point types become DTYPE_F32, and so do integers of 8 and 16
 * bits, which only quantised tensors have; other integers DTYPE_I64. Takes the
 * message's raw data away, so that it is in memory once. */
enum status constant_read(struct importer *importer, Onnx__TensorProto *message, const char *name,
                          int *tensor);
/* Reads `length` bytes of a constant that is kept in a file beside the model: a regular file inside
 * the model's folder, by a path without links. free() releases *data. */
enum status external_read(const char *model_path, const Onnx__TensorProto *message, size_t length,
                          uint8_t **data);

/* onnx_reshape.c */

/* Says where each dimension of a Reshape's output comes from. `in` and `out` are shapes at the
 * nominal size; `probe` is the input's at the probe size, NULL where unknown. *tied: the answer
 * holds for the nominal size alone. */
void reshape_rules(const struct shape *in, const struct shape *probe, const struct shape *out,
                   int64_t height, int64_t width, struct op *op, bool *tied);
/* Emits a Reshape of the node's first input to `out`, a shape at the nominal size. */
enum status emit_reshape(struct importer *importer, const struct node *node,
                         const struct shape *out);

/* onnx_ops.c: turns one operator into ours. STATUS_BAD_INPUT where it is not understood. */
enum status node_translate(struct importer *importer, const struct node *node);

/* Families of operators; `detail` is the table's. */
typedef enum status translate(struct importer *importer, const struct node *node, int detail);
translate translate_conv, translate_conv_transpose, translate_pool, translate_global_pool,
    translate_resize, translate_gemm; /* onnx_layers.c */
translate translate_reshape, translate_flatten, translate_squeeze, translate_unsqueeze,
    translate_transpose, translate_concat, translate_slice, translate_split, translate_gather,
    translate_expand, translate_pad; /* onnx_moves.c */
translate translate_alias, translate_activation, translate_unary, translate_clip, translate_p_relu,
    translate_binary, translate_mod, translate_not_binary, translate_fold, translate_softmax,
    translate_reduce; /* onnx_elements.c */
translate translate_constant, translate_shape, translate_size, translate_constant_of_shape,
    translate_cast; /* onnx_values.c */
translate translate_quantise, translate_dequantise,
    translate_dynamic_quantise; /* onnx_quantised.c */
translate translate_integer, translate_q_conv, translate_q_matmul, translate_q_binary,
    translate_q_activation, translate_q_pool, translate_q_concat; /* onnx_integers.c */

/* onnx_head.c: finds the graph's head, and whether it ties the graph to the nominal size. */
enum status onnx_find_head(struct importer *importer, const Onnx__ModelProto *file);
/* onnx_final.c: takes the file's output as boxes and scores, which its own tail computes.
 * STATUS_BAD_INPUT where it is not that. */
struct head_search;
enum status onnx_final_head(struct importer *importer, const Onnx__ModelProto *file,
                            const struct head_search *search);

/* onnx_metadata.c */

/* The value of a key of the file's metadata, or NULL. */
const char *metadata_find(const Onnx__ModelProto *file, const char *key);
/* The numbers that the file says a box has for keypoints, behind its classes; 0: it does not. */
int64_t metadata_keypoints(const Onnx__ModelProto *file);
/* Reads class names: a Python or JSON dictionary from numbers to strings, or a list of strings.
 * names[i] receives a copy of the name of class i, for i < count, and stays as it is where the text
 * has none. Returns how many classes the text names (the largest number + 1), 0 where it is none
 * of these. */
enum status names_read(const char *text, char **names, size_t count, size_t *named);

#endif
