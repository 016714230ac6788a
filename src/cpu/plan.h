/* A graph compiled for one input size: where every tensor lies, and the steps that compute them.
 *
 * Each tensor of (1,C,H,W) floats may exist as planes, in blocks of channels (oneDNN's nChw8c), or
 * both; every such copy is a buffer. Buffers that are parts of others (concatenations, slices) are
 * views into them; the rest lie in an arena, where those that never live at the same time share
 * memory. */
#ifndef VERIFY_CPU_PLAN_H
#define VERIFY_CPU_PLAN_H

#include <stdbool.h>

#include "cpu/convolutions.h"
#include "cpu/dnnl_compat.h"
#include "cpu/kernels.h"
#include "cpu/network.h"
#include "cpu/team.h"
#include "judge/judge.h"
#include "model/graph.h"

/* What all plans of a network share. */
struct runtime {
    const struct graph *graph;
    size_t threads;
    size_t block; /* channels in a block; 1: all feature maps are planes */
    const struct kernels *kernels;
    const struct convolutions *convolutions; /* our own for such blocks; NULL: none */
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    size_t n_weights, weight_capacity;
    struct weights *weights; /* in oneDNN's layouts, shared between plans */
    size_t n_packed, packed_capacity;
    struct packed *packed; /* for our own kernels, likewise */
};

/* A constant of a convolution, reordered. */
struct weights {
    const struct op *op;
    struct descriptor descriptor;
    dnnl_memory_t memory;
};

/* The op's weights (its input 1, described by `original`) in the layout that `wanted` describes;
 * owned by the runtime. */
enum status runtime_weights(struct runtime *runtime, const struct op *op,
                            const struct descriptor *original, const struct descriptor *wanted,
                            dnnl_memory_t *out);

/* A convolution's constants as our own kernels read them. */
struct packed {
    const struct op *op;
    size_t floats;
    float *data;
};

/* The op's constants as it packed them before to as many floats (input shapes may differ in how an
 * op is done, and then in that number), or `floats` zeros to be filled (*fresh), aligned to
 * 64 bytes; owned by the runtime. */
enum status runtime_packed(struct runtime *runtime, const struct op *op, size_t floats, bool *fresh,
                           float **data);

enum layout { LAYOUT_PLAIN, LAYOUT_BLOCKED, LAYOUT_COUNT };

enum home { HOME_ARENA, HOME_INPUT, HOME_CONSTANT };

#define NO_BUFFER SIZE_MAX

struct buffer {
    bool ready; /* a step before computes it */
    enum home home;
    size_t bytes;
    size_t parent;      /* the buffer that this one is a view of, or NO_BUFFER */
    size_t offset;      /* in bytes, in the parent or the arena */
    size_t first, last; /* steps between which it is needed */
    char *data;         /* set by plan_run */
};

struct plan;
struct step {
    const char *kind;
    const struct op *op;
    double flop; /* struct cpu_step's */
    /* One of the two. */
    enum status (*run)(const struct plan *plan, const void *args);
    void (*run_item)(const struct plan *plan, const void *args, size_t item, size_t thread);
    size_t items;
    void *args;
    void (*free)(void *args);
};

/* A oneDNN memory object whose data is a buffer. */
struct binding {
    dnnl_memory_t memory;
    size_t buffer;
};

/* Channels of a pointwise convolution's input that are a map upsampled to twice its size. The
 * product over them is the same for the four cells that are made of one. */
struct upsampled {
    const struct op *resize; /* NULL: there are none */
    size_t first, count;     /* in the convolution's input */
};

struct plan {
    struct runtime *runtime;
    size_t height, width;
    struct shape *shapes; /* by tensor */
    enum dtype *dtypes;
    enum layout *layouts;   /* by tensor: the one in which its operator computes it */
    struct buffer *buffers; /* two a tensor (buffer_of), then scratch */
    size_t n_buffers, buffer_capacity;
    struct upsampled *upsampled; /* by tensor: of the pointwise convolution that computes it */
    bool *absent;                /* by tensor: never computed, as such a convolution needs it not */
    const struct op *op;         /* the one that is being compiled */
    struct step *steps;
    size_t n_steps, step_capacity;
    struct team *team; /* for these steps */
    struct binding *bindings;
    size_t n_bindings, binding_capacity;
    size_t arena_bytes;
    bool reads_levels;     /* the input's only use is by steps that can read either */
    const uint8_t *levels; /* set by plan_run: the input, whose buffer is then NULL, or NULL */
};

/* Compiles. The runtime must outlive the plan. On failure *out is NULL. */
enum status plan_make(struct runtime *runtime, size_t height, size_t width, struct plan **out);
void plan_free(struct plan *plan);

/* The picture (3, height, width): one of the two. */
struct plan_input {
    const float *planes;
    const uint8_t *levels; /* of 0 to 255; only where the plan reads them */
};

/* Runs all steps with this arena (64-byte aligned, arena_bytes) and input, and calls `after`, where
 * it is not NULL, behind each. */
enum status plan_run(struct plan *plan, char *arena, const struct plan_input *input,
                     void (*after)(void *context, const struct cpu_step *step), void *context);
/* A level's tensor with the scores, where heads that have them beside the boxes name it once. */
int plan_scores(const struct head *head, size_t level);
/* The head's maps after a run. */
void plan_maps(const struct plan *plan, struct head_maps *maps);

/* For the compilation of operators (layer_*.c). */

static inline size_t buffer_of(int tensor, enum layout layout) {
    return (size_t)tensor * LAYOUT_COUNT + layout;
}
static inline float *buffer_floats(const struct plan *plan, size_t buffer) {
    return (float *)plan->buffers[buffer].data;
}
/* Floats of one channel block of a tensor in this layout. */
static inline size_t layout_block(const struct plan *plan, enum layout layout) {
    return layout == LAYOUT_BLOCKED ? plan->runtime->block : 1;
}
/* A tensor (1,C,H,W) of floats, the only kind that can be blocked. */
bool plan_is_map(const struct plan *plan, int tensor);
/* The operator that alone uses a tensor, once; NULL where there is none such. */
const struct op *plan_only_use(const struct graph *graph, int tensor);
/* H * W of a map. */
size_t plan_cells(const struct plan *plan, int tensor);
/* A map's descriptor for oneDNN. */
enum status plan_describe_map(const struct plan *plan, int tensor, enum layout layout,
                              struct descriptor *out);

/* The stages of compiling: choose each tensor's layout; find what need not be upsampled; make
 * concatenations, slices and reshapes views where possible; append the steps (layer.h) in an order
 * of the operators; place the buffers in the arena. */
void plan_choose_layouts(struct plan *plan);
void plan_choose_upsampled(struct plan *plan);
void plan_choose_views(struct plan *plan);
/* Fills in the n_ops indices in an order in which inputs are computed before they are used and each
 * of the head's maps as early as may be: branches of the head read their input while it is in a
 * cache, before the rest of the network comes. */
enum status plan_order(const struct graph *graph, size_t *order);
enum status plan_place(struct plan *plan);

/* Where `start` along an axis begins in a tensor's buffer, in bytes (in blocks: along axis 1, at
 * the start of a block). */
size_t plan_part_offset(const struct plan *plan, int tensor, size_t axis, size_t start);
/* The one axis along which a slice takes a run of places, and where that begins; the channels'
 * axis where it takes everything; -1 where it takes less on several axes or skips places. */
int plan_slice_axis(const struct plan *plan, const struct op *op, size_t *start);
/* Finds the buffer that holds this one in the end, and where in it. */
size_t plan_root(const struct plan *plan, size_t buffer, size_t *offset);
/* Whether the buffer already is the given part of another one. */
bool plan_is_part(const struct plan *plan, size_t buffer, size_t whole, size_t offset);

/* Appends a step of this kind (a literal; struct cpu_step), which one thread begins; `args` (from
 * malloc, owned by the plan at once, also on failure) is released with `release`. */
enum status plan_step(struct plan *plan, const char *kind,
                      enum status (*run)(const struct plan *plan, const void *args), void *args,
                      void (*release)(void *args));
/* The same for a step of `items` that the threads share. Which thread (from 0 on) takes an item is
 * left to chance. */
enum status plan_shared_step(struct plan *plan, const char *kind, size_t items,
                             void (*run_item)(const struct plan *plan, const void *args,
                                              size_t item, size_t thread),
                             void *args, void (*release)(void *args));
/* Says that the step appended last does the work of this operator too. */
void plan_also(struct plan *plan, const struct op *op);
/* Says that the step appended last uses a buffer (NO_BUFFER: nothing). */
void plan_use(struct plan *plan, size_t buffer);
/* The same, and lets a memory object, owned by the step, point to the buffer. */
enum status plan_bind(struct plan *plan, dnnl_memory_t memory, size_t buffer);
/* The tensor's buffer in this layout, to be read: appends a step that converts it where it is only
 * there in the other one. */
enum status plan_read(struct plan *plan, int tensor, enum layout layout, size_t *buffer);
/* The tensor's buffer in this layout, to be written. */
size_t plan_write(struct plan *plan, int tensor, enum layout layout);
/* A buffer for steps that need memory besides their tensors. */
enum status plan_scratch(struct plan *plan, size_t bytes, size_t *buffer);

#endif
