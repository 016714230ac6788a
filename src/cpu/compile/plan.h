/* A graph compiled for one input size: where every tensor lies, and the steps that compute them.
 *
 * Each tensor of (1,C,H,W) floats may exist as planes, in blocks of channels (oneDNN's nChw8c), or
 * both; every such copy is a buffer. Buffers that are parts of others (concatenations, slices) are
 * views into them; the rest lie in an arena, where those that never live at the same time share
 * memory. */
#ifndef VERIFY_CPU_PLAN_H
#define VERIFY_CPU_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/compile/runtime.h"
#include "model/graph.h"

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
    char *data;         /* set for a run */
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
    size_t arena_bytes;
    bool reads_levels;     /* the input's only use is by steps that can read either */
    const uint8_t *levels; /* set for a run: the input, whose buffer is then NULL, or NULL */
};

/* Releases a plan with its steps; NULL is allowed. */
void plan_free(struct plan *plan);

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
/* Whether an input of the operator is computed in blocks. */
bool plan_any_blocked(const struct plan *plan, const struct op *op);
/* H * W of a map. */
size_t plan_cells(const struct plan *plan, int tensor);
/* The operator that alone uses a tensor, once; NULL where there is none such. */
const struct op *plan_only_use(const struct graph *graph, int tensor);

#endif
