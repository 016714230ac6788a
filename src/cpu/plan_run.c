/* Running a compiled graph. */
#include <omp.h>

#include "cpu/plan.h"

/* Sets the buffers' and memory objects' pointers. */
static enum status point_to(struct plan *plan, char *arena, const struct plan_input *input) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < plan->n_buffers; i++) {
        size_t offset;
        const struct buffer *root = &plan->buffers[plan_root(plan, i, &offset)];
        switch (root->home) {
        case HOME_ARENA:
            plan->buffers[i].data = arena + root->offset + offset;
            break;
        case HOME_INPUT:
            /* The steps only read the input; the structs that they share are not const. */
            plan->buffers[i].data = input->planes ? (char *)input->planes + offset : NULL;
            break;
        case HOME_CONSTANT:
            plan->buffers[i].data = root->data + offset;
            break;
        }
    }
    for (size_t i = 0; i < plan->n_bindings; i++) {
        const struct binding *binding = &plan->bindings[i];
        char *data = plan->buffers[binding->buffer].data;
        void *current;
        TRY(DNNL(dnnl_memory_get_data_handle(binding->memory, &current)));
        /* Setting it makes oneDNN clear the padding, so it is not done for nothing. */
        if (current != data)
            TRY(DNNL(dnnl_memory_set_data_handle(binding->memory, data)));
    }
out:
    return status;
}

static struct cpu_step step_of(const struct plan *plan, const struct step *step) {
    return (struct cpu_step){step->kind, step->op, plan->shapes[step->op->inputs[0]],
                             plan->shapes[step->op->output], step->flop};
}

/* What the threads of a team are told. */
struct shared_run {
    const struct plan *plan;
    const struct step *step;
};

static void run_item(const void *context, size_t item, size_t thread) {
    const struct shared_run *run = context;
    run->step->run_item(run->plan, run->step->args, item, thread);
}

/* Shared steps from `first` to `end`. */
static void run_shared(struct plan *plan, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        team_prepare(plan->team, i, plan->steps[i].items);
#pragma omp parallel num_threads((int)plan->runtime->threads)
    for (size_t i = first; i < end; i++) {
        const struct shared_run run = {plan, &plan->steps[i]};
        team_work(plan->team, i, (size_t)omp_get_thread_num(), run_item, &run);
    }
}

enum status plan_run(struct plan *plan, char *arena, const struct plan_input *input,
                     void (*after)(void *context, const struct cpu_step *step), void *context) {
    enum status status;
    plan->levels = input->levels;
    TRY(point_to(plan, arena, input));
    for (size_t i = 0, end; i < plan->n_steps; i = end) {
        const struct step *step = &plan->steps[i];
        end = i + 1;
        if (step->run) {
            TRY(step->run(plan, step->args));
        } else {
            /* All that follow without a thread's leaving, unless each is to be told about. */
            while (!after && end < plan->n_steps && !plan->steps[end].run)
                end++;
            run_shared(plan, i, end);
        }
        if (after) {
            const struct cpu_step about = step_of(plan, step);
            after(context, &about);
        }
    }
out:
    return status;
}
