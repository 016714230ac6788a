/* How operators of one kind become steps of a plan. */
#ifndef VERIFY_CPU_LAYER_H
#define VERIFY_CPU_LAYER_H

#include "cpu/compile/plan.h"

/* What may be NULL, each function, does nothing then. */
struct layer {
    /* The layout in which the operator's output, a map, is computed, where the network has blocks;
     * those of its inputs are known. NULL: planes. */
    enum layout (*layout)(const struct plan *plan, const struct op *op);
    /* Says, once all layouts are known, what of the operator need not be computed. */
    void (*shorten)(struct plan *plan, const struct op *op);
    /* Makes buffers views of others. */
    void (*view)(struct plan *plan, const struct op *op);
    /* Appends the operator's steps. *done is left false where it cannot do a case. */
    enum status (*append)(struct plan *plan, const struct op *op, bool *done);
};

struct layer_table {
    const struct layer *const *rows; /* by kind of operator; NULL: none */
    size_t n;
    const struct layer *any; /* does every operator: where there is none, or it cannot */
};

#endif
