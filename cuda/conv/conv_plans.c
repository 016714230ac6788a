/* The plans of a library: one for all convolutions of a shape. */
#include "cuda/conv/conv_plans.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum status conv_plans_want(struct conv_plans *plans, const struct conv_shape *shape,
                            struct conv_plan **out) {
    enum status status = STATUS_OK;
    struct conv_plan *plan = NULL;
    *out = NULL;
    TRY(conv_shape_check(shape));
    TRY(memory_zeroed(1, sizeof *plan, &plan));
    plan->shape = *shape;
    conv_shape_key(shape, &plan->key);
    TRY(text_status(&plan->key));
    for (size_t i = 0; i < plans->n; i++)
        if (!strcmp(plans->items[i]->key.data, plan->key.data)) {
            *out = plans->items[i];
            goto out;
        }
    TRY(memory_reserve(&plans->items, &plans->capacity, plans->n + 1, sizeof(void *)));
    plans->items[plans->n++] = plan;
    *out = plan;
    plan = NULL;
out:
    conv_plan_free(plan);
    return status;
}

enum status conv_plan_check(const struct conv_plan *plan, const struct conv_operands *operands) {
    if (!plan->built)
        return FAIL(STATUS_FAILED, "convolution %s was not built", plan->key.data);
    return conv_check_maps(&plan->shape, operands);
}

void conv_plans_forget(struct conv_plans *plans) {
    size_t kept = 0;
    for (size_t i = 0; i < plans->n; i++)
        if (plans->items[i]->built)
            plans->items[kept++] = plans->items[i];
        else
            conv_plan_free(plans->items[i]);
    plans->n = kept;
}

void conv_plan_free(struct conv_plan *plan) {
    if (plan)
        text_free(&plan->key);
    free(plan);
}

void conv_plans_free(struct conv_plans *plans) {
    for (size_t i = 0; i < plans->n; i++)
        conv_plan_free(plans->items[i]);
    free(plans->items);
    *plans = (struct conv_plans){0};
}
