/* What is asked about a plan's tensors. */
#include "cpu/compile/plan.h"

#include <stdlib.h>

bool plan_is_map(const struct plan *plan, int tensor) {
    const struct shape *shape = &plan->shapes[tensor];
    return plan->dtypes[tensor] == DTYPE_F32 && shape->rank == 4 && shape->dims[0] == 1;
}

bool plan_any_blocked(const struct plan *plan, const struct op *op) {
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0 && plan->layouts[op->inputs[i]] == LAYOUT_BLOCKED)
            return true;
    return false;
}

size_t plan_cells(const struct plan *plan, int tensor) {
    const struct shape *shape = &plan->shapes[tensor];
    return (size_t)shape->dims[2] * (size_t)shape->dims[3];
}

const struct op *plan_only_use(const struct graph *graph, int tensor) {
    const struct op *found = NULL;
    size_t uses = 0;
    for (size_t i = 0; i < graph->n_ops; i++)
        for (size_t k = 0; k < graph->ops[i].n_inputs; k++)
            if (graph->ops[i].inputs[k] == tensor) {
                found = &graph->ops[i];
                uses++;
            }
    for (size_t i = 0; i < graph->head.n_levels; i++) {
        const struct head_level *level = &graph->head.levels[i];
        uses += level->boxes == tensor || level->scores == tensor ||
                (graph->head.n_extras > 0 && level->extras == tensor);
    }
    uses += head_has_masks(&graph->head) && graph->head.prototypes == tensor;
    return uses == 1 ? found : NULL;
}

void plan_free(struct plan *plan) {
    if (!plan)
        return;
    for (size_t i = 0; i < plan->n_steps; i++)
        plan->steps[i].free(plan->steps[i].args);
    free(plan->steps);
    free(plan->buffers);
    free(plan->absent);
    free(plan->upsampled);
    free(plan->layouts);
    free(plan->dtypes);
    free(plan->shapes);
    free(plan);
}
