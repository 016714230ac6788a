/* Each operator behind what it needs, the head's first. */
#include "cpu/compile/order.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/head.h"

struct ordering {
    const struct graph *graph;
    size_t *producer; /* by tensor: the operator that computes it, or n_ops */
    bool *done;       /* by operator */
    size_t *waiting;  /* operators, each an input of the one before */
    size_t *order, n;
};

static void free_ordering(struct ordering *ordering) {
    free(ordering->producer);
    free(ordering->done);
    free(ordering->waiting);
}

/* The first operator that an input of this one waits for, or n_ops. */
static size_t find_missing(const struct ordering *ordering, const struct op *op) {
    size_t none = ordering->graph->n_ops;
    for (size_t i = 0; i < op->n_inputs; i++) {
        size_t producer = op->inputs[i] < 0 ? none : ordering->producer[op->inputs[i]];
        if (producer != none && !ordering->done[producer])
            return producer;
    }
    return none;
}

/* Appends what this operator (n_ops: none) needs, then itself. */
static void append(struct ordering *ordering, size_t op) {
    size_t none = ordering->graph->n_ops, n = 0;
    if (op != none && !ordering->done[op])
        ordering->waiting[n++] = op;
    while (n) {
        size_t top = ordering->waiting[n - 1];
        size_t missing = find_missing(ordering, &ordering->graph->ops[top]);
        if (missing != none) {
            ordering->waiting[n++] = missing;
            continue;
        }
        ordering->done[top] = true;
        ordering->order[ordering->n++] = top;
        n--;
    }
}

enum status plan_order(const struct graph *graph, size_t *order) {
    enum status status;
    struct ordering ordering = {.graph = graph};
    ordering.order = order;
    TRY(memory_zeroed(graph->n_tensors, sizeof(size_t), &ordering.producer));
    TRY(memory_zeroed(graph->n_ops, sizeof(bool), &ordering.done));
    TRY(memory_zeroed(graph->n_ops, sizeof(size_t), &ordering.waiting));
    for (size_t i = 0; i < graph->n_tensors; i++)
        ordering.producer[i] = graph->n_ops;
    for (size_t i = 0; i < graph->n_ops; i++)
        ordering.producer[graph->ops[i].output] = i;
    for (size_t i = 0; i < graph->head.n_levels; i++) {
        int tensors[HEAD_MAPS];
        size_t n = plan_head(&graph->head, i, tensors);
        for (size_t k = 0; k < n; k++)
            append(&ordering, ordering.producer[tensors[k]]);
    }
    if (head_has_masks(&graph->head))
        append(&ordering, ordering.producer[graph->head.prototypes]);
    for (size_t i = 0; i < graph->n_ops; i++)
        append(&ordering, i);
out:
    free_ordering(&ordering);
    return status;
}
