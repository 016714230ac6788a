/* Running a compiled graph. */
#ifndef VERIFY_CPU_RUN_H
#define VERIFY_CPU_RUN_H

#include "cpu/compile/plan.h"
#include "cpu/team.h"
#include "cpu/trace.h"

/* What the steps of a plan are run on. */
struct run_memory {
    char *arena; /* 64-byte aligned, the plan's arena_bytes */
    /* The picture (3, height, width): one of the two. */
    const float *planes;
    const uint8_t *levels; /* of 0 to 255; only where the plan reads them */
};

/* Runs all steps with this team, made for the runtime's threads and the plan's steps. */
enum status run_plan(struct plan *plan, struct team *team, const struct run_memory *memory,
                     const struct cpu_trace *trace);

#endif
