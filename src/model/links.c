/* Who computes each tensor and who needs it. */
#include <stdlib.h>

#include "base/memory.h"
#include "model/links.h"
#include "model/operators/operator.h"

size_t head_tensors(const struct head *head, int tensors[2 * GRAPH_LEVELS]) {
    size_t n = 0;
    for (size_t i = 0; i < head->n_levels && i < GRAPH_LEVELS; i++) {
        tensors[n++] = head->levels[i].boxes;
        if (head->kind != HEAD_FINAL)
            tensors[n++] = head->levels[i].scores;
    }
    return n;
}

enum status links_build(struct links *links, const struct graph *graph) {
    enum status status;
    int head[2 * GRAPH_LEVELS];
    size_t n_head = head_tensors(&graph->head, head);
    int64_t n_tensors = (int64_t)graph->n_tensors;
    *links = (struct links){0};
    TRY(memory_zeroed(graph->n_tensors, sizeof *links->producer, &links->producer));
    TRY(memory_zeroed(graph->n_tensors, sizeof *links->uses, &links->uses));
    for (size_t i = 0; i < graph->n_tensors; i++)
        links->producer[i] = -1;
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        if (op->output < 0 || op->output >= n_tensors || op->n_inputs > GRAPH_INPUTS) {
            status = OP_FAIL(op, "its output is no tensor of the model or it has too many inputs");
            goto out;
        }
        links->producer[op->output] = (int64_t)i;
        for (size_t k = 0; k < op->n_inputs; k++) {
            if (op->inputs[k] >= n_tensors) {
                status = OP_FAIL(op, "input %zu is no tensor of the model", k);
                goto out;
            }
            if (op->inputs[k] >= 0)
                links->uses[op->inputs[k]]++;
        }
    }
    for (size_t i = 0; i < n_head; i++) {
        if (head[i] < 0 || head[i] >= n_tensors) {
            status =
                FAIL(STATUS_BAD_INPUT, "the head reads tensor %d, which the model lacks", head[i]);
            goto out;
        }
        links->uses[head[i]]++;
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
