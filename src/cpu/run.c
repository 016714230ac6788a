/* One step after the other, those that threads share by the whole team. */
#include "cpu/run.h"

#include <omp.h>

#include "cpu/compile/views.h"

/* Sets the buffers' pointers. */
static void point_to(struct plan *plan, const struct run_memory *memory) {
    for (size_t i = 0; i < plan->n_buffers; i++) {
        size_t offset;
        const struct buffer *root = &plan->buffers[plan_root(plan, i, &offset)];
        switch (root->home) {
        case HOME_ARENA:
            plan->buffers[i].data = memory->arena + root->offset + offset;
            break;
        case HOME_INPUT:
            /* The steps only read the input; the structs that they share are not const. */
            plan->buffers[i].data = memory->planes ? (char *)memory->planes + offset : NULL;
            break;
        case HOME_CONSTANT:
            plan->buffers[i].data = root->data + offset;
            break;
        }
    }
}

static struct cpu_step step_of(const struct plan *plan, const struct step *step) {
    return (struct cpu_step){step->kind, step->op, plan->shapes[step->op->inputs[0]],
                             plan->shapes[step->op->output], step->flop};
}

/* What the threads of a team share. */
struct shared_run {
    const struct plan *plan;
    const struct step *step;
};

static void run_item(const void *context, size_t item, size_t thread) {
    const struct shared_run *run = context;
    run->step->run_item(run->plan, run->step->args, item, thread);
}

/* Shared steps from `first` to `end`. */
static void run_shared(const struct plan *plan, struct team *team, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        team_prepare(team, i, plan->steps[i].items);
#pragma omp parallel num_threads((int)plan->runtime->threads)
    for (size_t i = first; i < end; i++) {
        const struct shared_run run = {plan, &plan->steps[i]};
        team_work(team, i, (size_t)omp_get_thread_num(), run_item, &run);
    }
}

enum status run_plan(struct plan *plan, struct team *team, const struct run_memory *memory,
                     const struct cpu_trace *trace) {
    enum status status = STATUS_OK;
    plan->levels = memory->levels;
    point_to(plan, memory);
    for (size_t i = 0, end; i < plan->n_steps; i = end) {
        const struct step *step = &plan->steps[i];
        end = i + 1;
        if (step->run) {
            TRY(step->run(plan, step->args));
        } else {
            /* All that follow without a thread's leaving, unless each is traced. */
            while (!trace->after && end < plan->n_steps && !plan->steps[end].run)
                end++;
            run_shared(plan, team, i, end);
        }
        if (trace->after) {
            const struct cpu_step about = step_of(plan, step);
            trace->after(trace->context, &about);
        }
    }
out:
    return status;
}
