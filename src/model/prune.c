/* Removes what the head does not need. */
#include <stdlib.h>

#include "base/memory.h"
#include "model/links.h"

/* Marks every tensor that the head depends on, and operators that it does not. */
static void mark(struct graph *graph, bool *needed, bool *dead) {
    int *head[HEAD_TENSORS];
    size_t n_head = head_tensors(&graph->head, head);
    for (size_t i = 0; i < n_head; i++)
        needed[*head[i]] = true;
    for (size_t i = graph->n_ops; i-- > 0;) {
        const struct op *op = &graph->ops[i];
        dead[i] = !needed[op->output];
        for (size_t k = 0; !dead[i] && k < op->n_inputs; k++)
            if (op->inputs[k] >= 0)
                needed[op->inputs[k]] = true;
    }
    needed[graph->input] = true;
}

/* Frees the tensors that are not needed; renamed[i] is where tensor i went. */
static void remove_tensors(struct graph *graph, const bool *needed, int *renamed) {
    int kept = 0;
    for (size_t i = 0; i < graph->n_tensors; i++) {
        if (!needed[i]) {
            free(graph->tensors[i].name);
            free(graph->tensors[i].data);
            continue;
        }
        graph->tensors[kept] = graph->tensors[i];
        renamed[i] = kept++;
    }
    graph->n_tensors = (size_t)kept;
}

enum status graph_prune(struct graph *graph) {
    enum status status;
    struct links links = {0};
    bool *needed = NULL, *dead = NULL;
    int *renamed = NULL;
    struct head *head = &graph->head;
    if (!head->n_levels || head->n_levels > GRAPH_LEVELS || graph->input < 0 ||
        (size_t)graph->input >= graph->n_tensors)
        return FAIL(STATUS_BAD_INPUT, "the model has no detection head or no input");
    TRY(links_build(&links, graph)); /* for its checks: what follows trusts every index */
    TRY(memory_zeroed(graph->n_tensors, sizeof *needed, &needed));
    TRY(memory_zeroed(graph->n_tensors, sizeof *renamed, &renamed));
    TRY(memory_zeroed(graph->n_ops, sizeof *dead, &dead));
    mark(graph, needed, dead);
    graph_remove_ops(graph, dead);
    remove_tensors(graph, needed, renamed);
    graph->input = renamed[graph->input];
    for (size_t i = 0; i < graph->n_ops; i++) {
        struct op *op = &graph->ops[i];
        op->output = renamed[op->output];
        for (size_t k = 0; k < op->n_inputs; k++)
            if (op->inputs[k] >= 0)
                op->inputs[k] = renamed[op->inputs[k]];
    }
    int *read[HEAD_TENSORS];
    size_t n_read = head_tensors(head, read);
    for (size_t i = 0; i < n_read; i++)
        *read[i] = renamed[*read[i]];
    for (size_t i = 0; i < head->n_levels && head->kind == HEAD_FINAL; i++)
        head->levels[i].scores = head->levels[i].boxes;
out:
    links_free(&links);
    free(needed);
    free(dead);
    free(renamed);
    return status;
}
