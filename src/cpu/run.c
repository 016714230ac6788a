/* One step after the other, those that threads share by the whole team. */
#include "cpu/run.h"

#include "cpu/compile/views.h"
#include "cpu/crew.h"

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

/* What the threads of a team share: steps from `first` to `end`. */
struct shared_run {
    const struct plan *plan;
    struct team *team;
    size_t first, end;
};

/* A step of them. */
struct shared_step {
    const struct plan *plan;
    const struct step *step;
};

static void run_item(const void *context, size_t item, size_t thread) {
    const struct shared_step *shared = context;
    shared->step->run_item(shared->plan, shared->step->args, item, thread);
}

static void run_steps(const void *context, size_t thread) {
    const struct shared_run *run = context;
    for (size_t i = run->first; i < run->end; i++) {
        const struct shared_step shared = {run->plan, &run->plan->steps[i]};
        team_work(run->team, i, thread, run_item, &shared);
    }
}

static void run_shared(const struct shared_run *run) {
    for (size_t i = run->first; i < run->end; i++)
        team_prepare(run->team, i, run->plan->steps[i].items);
    crew_run(run->plan->runtime->crew, run_steps, run);
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
            run_shared(&(struct shared_run){plan, team, i, end});
        }
        if (trace->after) {
            const struct cpu_step about = step_of(plan, step);
            trace->after(trace->context, &about);
        }
    }
out:
    return status;
}
