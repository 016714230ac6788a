/* Who computes each tensor and who needs it. */
#include <stdlib.h>

#include "base/memory.h"
#include "model/links.h"
#include "model/operators/operator.h"

size_t head_tensors(struct head *head, int *tensors[HEAD_TENSORS]) {
    size_t n = 0;
    for (size_t i = 0; i < head->n_levels && i < GRAPH_LEVELS; i++) {
        struct head_level *level = &head->levels[i];
        tensors[n++] = &level->boxes;
        if (head->kind != HEAD_FINAL) /* its scores are in the same map */
            tensors[n++] = &level->scores;
        if (head->n_extras > 0)
            tensors[n++] = &level->extras;
    }
    if (head_has_masks(head))
        tensors[n++] = &head->prototypes;
    return n;
}

enum status links_build(struct links *links, const struct graph *graph) {
    enum status status;
    struct head head = graph->head;
    int *read[HEAD_TENSORS];
    size_t n_read = head_tensors(&head, read);
    int64_t n_tensors = (int64_t)graph->n_tensors;
    *links = (struct links){0};
    TRY(memory_zeroed(graph->n_tensors, sizeof *links->producer, &links->producer));
    TRY(memory_zeroed(graph->n_tensors, sizeof *links->uses, &links->uses));
    for (size_t i = 0; i < graph->n_tensors; i++)
        links->producer[i] = -1;
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        if (op->output < 0 || op->output >= n_tensors || op->n_inputs > GRAPH_INPUTS) {
            status =
                OP_FAIL(op, "its output is not a tensor of the model or it has too many inputs");
            goto out;
        }
        links->producer[op->output] = (int64_t)i;
        for (size_t k = 0; k < op->n_inputs; k++) {
            if (op->inputs[k] >= n_tensors) {
                status = OP_FAIL(op, "input %zu is not a tensor of the model", k);
                goto out;
            }
            if (op->inputs[k] >= 0)
                links->uses[op->inputs[k]]++;
        }
    }
    for (size_t i = 0; i < n_read; i++) {
        if (*read[i] < 0 || *read[i] >= n_tensors) {
            status =
                FAIL(STATUS_BAD_INPUT, "the head reads tensor %d, which the model lacks", *read[i]);
            goto out;
        }
        links->uses[*read[i]]++;
    }
out:
    return status;
}

void links_free(struct links *links) {
    free(links->producer);
    free(links->uses);
}

void graph_remove_ops(struct graph *graph, const bool *dead) {
    size_t kept = 0;
    for (size_t i = 0; i < graph->n_ops; i++) {
        if (dead[i]) {
            free(graph->ops[i].name);
            free(graph->ops[i].type_name);
        } else {
            graph->ops[kept++] = graph->ops[i];
        }
    }
    graph->n_ops = kept;
}
