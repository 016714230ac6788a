/* Steps and the buffers that they use. */
#include "cpu/compile/steps.h"

#include "base/memory.h"

/* Floating-point operations of a convolution: two a weight and place. */
static double flop_of(const struct plan *plan, const struct op *op) {
    bool transposed = op->kind == OP_CONV_TRANSPOSE;
    if (op->kind != OP_CONV && !transposed)
        return 0.0;
    const struct shape *places = &plan->shapes[transposed ? op->inputs[0] : op->output];
    return 2.0 * (double)shape_elements(&plan->shapes[op->inputs[1]]) *
           (double)(places->dims[2] * places->dims[3]);
}

static enum status append(struct plan *plan, const struct step *step) {
    enum status status =
        memory_reserve(&plan->steps, &plan->step_capacity, plan->n_steps + 1, sizeof *plan->steps);
    if (status != STATUS_OK) {
        step->free(step->args);
        return status;
    }
    plan->steps[plan->n_steps] = *step;
    plan->steps[plan->n_steps].op = plan->op;
    plan->steps[plan->n_steps++].flop = flop_of(plan, plan->op);
    return STATUS_OK;
}

enum status plan_step(struct plan *plan, const char *kind,
                      enum status (*run)(const struct plan *plan, const void *args), void *args,
                      void (*release)(void *args)) {
    return append(plan, &(struct step){.kind = kind, .run = run, .args = args, .free = release});
}

enum status plan_shared_step(struct plan *plan, const char *kind, size_t items,
                             void (*run_item)(const struct plan *plan, const void *args,
                                              size_t item, size_t thread),
                             void *args, void (*release)(void *args)) {
    return append(
        plan,
        &(struct step){
            .kind = kind, .run_item = run_item, .items = items, .args = args, .free = release});
}

void plan_also(struct plan *plan, const struct op *op) {
    plan->steps[plan->n_steps - 1].flop += flop_of(plan, op);
}

void plan_use(struct plan *plan, size_t buffer) {
    if (buffer == NO_BUFFER)
        return;
    size_t step = plan->n_steps - 1;
    struct buffer *used = &plan->buffers[buffer];
    if (used->first > step)
        used->first = step;
    if (used->last < step)
        used->last = step;
}

size_t plan_write(struct plan *plan, int tensor, enum layout layout) {
    size_t buffer = buffer_of(tensor, layout);
    plan->buffers[buffer].ready = true;
    return buffer;
}

enum status plan_scratch(struct plan *plan, size_t bytes, size_t *buffer) {
    enum status status;
    TRY(memory_reserve(&plan->buffers, &plan->buffer_capacity, plan->n_buffers + 1,
                       sizeof *plan->buffers));
    *buffer = plan->n_buffers++;
    plan->buffers[*buffer] =
        (struct buffer){.bytes = bytes, .parent = NO_BUFFER, .first = SIZE_MAX};
out:
    return status;
}
