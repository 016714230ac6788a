/* What the files that read PyTorch models share; private to model/.
 *
 * A file holds the network as a tree of modules: objects with a class's name, attributes,
 * parameters and parts, no code. Each class that is known has a translator, a row in torch_list.h,
 * which appends the operators that the class computes. Sizes, strides and functions come from what
 * the object holds. Nothing in it can be trusted to be there or to be of the right type. */
#ifndef VERIFY_MODEL_TORCH_MODULE_H
#define VERIFY_MODEL_TORCH_MODULE_H

#include "base/text.h"
#include "model/build.h"
#include "model/torch/torch_file.h"

enum {
    TORCH_DEPTH = 32,      /* most modules within each other: less than ten are usual */
    TORCH_VISITS = 16384,  /* most modules of a model: a few hundred are usual */
    TORCH_SIZE = 640,      /* side of the picture for which shapes are derived on the way */
    TORCH_SPARE = 64 << 20 /* bytes that parameters may take beyond twice the file's */
};

/* What a CBLinear's output is made of, for the CBFuse that takes parts of it. */
struct torch_split {
    int tensor;
    const struct pickled *module;
};

struct torch_import {
    struct graph *graph;
    int picture; /* what the first layer is given: the picture or, of grey models, its grey */
    struct torch_file *file;
    struct text place; /* of the module being read: "model.9.cv1" */
    size_t depth, visits_left;
    uint64_t memory_left;    /* bytes that parameters may still take */
    size_t n_shapes, n_done; /* tensors and operators whose shapes are derived */
    size_t shape_capacity;
    struct shape *shapes; /* by tensor, for a picture of TORCH_SIZE */
    size_t n_splits, split_capacity;
    struct torch_split *splits;
};

/* torch_module.c: parts, parameters and attributes */

/* STATUS_BAD_INPUT with a reason in front of which stand the module's place and class. */
#define TORCH_FAIL(import, module, ...)                                                            \
    ((void)FAIL(STATUS_BAD_INPUT, __VA_ARGS__), torch_prefix((import), (module)),                  \
     status_value(STATUS_BAD_INPUT))
void torch_prefix(const struct torch_import *import, const struct pickled *module);

/* The module being read, as a layer's name and type; valid until another one is entered or left. */
struct layer torch_layer(const struct torch_import *import, const struct pickled *module);
/* The last component of a class's name. */
const char *torch_class(const struct pickled *module);

/* The part, parameter or buffer of this name; NULL where there is none or it is None. */
const struct pickled *torch_part(const struct pickled *module, const char *name);
const struct pickled *torch_parameter(const struct pickled *module, const char *name);
const struct pickled *torch_buffer(const struct pickled *module, const char *name);

/* A module's parts in order, as name, module, name, module … */
struct torch_parts {
    const char *name; /* of the module within the one being read; "" for that one itself */
    size_t count;
    const struct pickled *const *items;
};
/* `name` NULL: the module's own parts. */
enum status torch_parts(const struct torch_import *import, const struct pickled *module,
                        const char *name, struct torch_parts *parts);

/* Attributes. Those with `fallback` may be absent; all are refused where they are of another type
 * or out of [least, 2^20]. */
enum status torch_int(const struct torch_import *import, const struct pickled *module,
                      const char *name, int64_t least, int64_t *value);
enum status torch_int_or(const struct torch_import *import, const struct pickled *module,
                         const char *name, int64_t least, int64_t fallback, int64_t *value);
enum status torch_flag_or(const struct torch_import *import, const struct pickled *module,
                          const char *name, bool fallback, bool *value);
enum status torch_number(const struct torch_import *import, const struct pickled *module,
                         const char *name, double *value);
/* A list or tuple of integers, or one integer for all `count` of them. */
enum status torch_ints(const struct torch_import *import, const struct pickled *module,
                       const char *name, int64_t least, size_t count, int64_t *values);

/* A tensor of the file as a constant; STATUS_BAD_INPUT where it has another rank. */
enum status torch_constant(struct torch_import *import, const struct pickled *module,
                           const struct pickled *tensor, size_t rank, int *constant);
/* A scalar. */
enum status torch_scalar(struct torch_import *import, float value, int *constant);
/* The elements of a small tensor, exactly `count` whatever its shape. */
enum status torch_values(struct torch_import *import, const struct pickled *module,
                         const struct pickled *tensor, size_t count, float *values);

/* The channels of a feature map; STATUS_BAD_INPUT where it is none. */
enum status torch_channels(struct torch_import *import, const struct pickled *module, int tensor,
                           int64_t *channels);
/* The picture's pixels per cell of a map. */
enum status torch_stride(struct torch_import *import, const struct pickled *module, int tensor,
                         int64_t *stride);
/* Channels [start, start + count) of a map. */
enum status torch_slice(struct torch_import *import, const struct pickled *module, int x,
                        int64_t start, int64_t count, int *out);
/* A map's two halves. */
enum status torch_halves(struct torch_import *import, const struct pickled *module, int x,
                         int halves[2]);

/* torch_table.c: running modules */

/* Whether its class is one of a YOLO package. */
bool torch_is_yolo(const struct pickled *module);

/* Appends what a module computes from its inputs. `name` is its name within the one being read. */
enum status torch_run(struct torch_import *import, const struct pickled *module, const char *name,
                      const int *inputs, size_t n_inputs, int *out);
/* Enters a module, whose name is added to the place, and leaves it. Between the two TORCH_FAIL
 * names it; not to be left where entering failed. */
enum status torch_enter(struct torch_import *import, const struct pickled *module, const char *name,
                        size_t *before);
void torch_leave(struct torch_import *import, size_t before);
/* A part that must be there. */
enum status torch_run_part(struct torch_import *import, const struct pickled *module,
                           const char *name, int x, int *out);
/* Part i of a module's parts. */
enum status torch_run_item(struct torch_import *import, const struct torch_parts *parts, size_t i,
                           int x, int *out);

/* Appends what a module computes from its one input, or from its several: those of torch_list.h. */
typedef enum status torch_translator(struct torch_import *import, const struct pickled *module,
                                     int x, int *out);
typedef enum status torch_joiner(struct torch_import *import, const struct pickled *module,
                                 const int *inputs, size_t n_inputs, int *out);
#define MODULE(name, package, translate) torch_translator translate;
#define JOINER(name, package, join)      torch_joiner join;
#include "model/torch/torch_list.h"
#undef MODULE
#undef JOINER

/* torch_advice.c: the ends of messages */

/* How to get what can be read from a network with a class that is not known. */
const char *torch_advice(const char *class);
/* How, from a file whose root holds weights without a network; NULL where the root is no table. */
const char *torch_weights_advice(const struct pickled *root);

/* torch_proto.c: prototypes of masks */

/* Whether a head has the part that makes them, of a class that is known. */
bool torch_has_prototypes(const struct pickled *module);
/* Appends what it computes from the head's inputs: a map of one channel a prototype. */
enum status torch_prototypes(struct torch_import *import, const struct pickled *module,
                             const int *inputs, size_t n_inputs, int *out);

/* torch_head.c: the last module */

/* Whether a module is a head of any kind. */
bool torch_is_head(const struct pickled *module);
/* Appends its convolutions and fills in graph->head. *also: what the model is that finds more than
 * boxes ("a pose model"), NULL where it does not. STATUS_BAD_INPUT where it is a head for something
 * else than boxes. */
enum status torch_head(struct torch_import *import, const struct pickled *module, const char *name,
                       const int *inputs, size_t n_inputs, const char **also);

#endif
