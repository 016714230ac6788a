/* Following a run step by step. */
#ifndef VERIFY_CPU_TRACE_H
#define VERIFY_CPU_TRACE_H

#include "model/graph.h"

/* One step of a compiled graph. */
struct cpu_step {
    const char *kind;    /* how it is computed: "winograd", "copy", ... */
    const struct op *op; /* the operator that it belongs to, or the first of several */
    struct shape in, out;
    double flop; /* of convolutions, counted as the direct algorithm's; else 0 */
};

/* Whom a run reports to. */
struct cpu_trace {
    /* Called behind each step; NULL: the run is not traced. */
    void (*after)(void *context, const struct cpu_step *step);
    void *context;
};

#endif
