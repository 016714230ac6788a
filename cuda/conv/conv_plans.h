/* The list of convolutions that a library was asked for, the same for both implementations of
 * cuda/conv/conv.h. */
#ifndef VERIFY_CUDA_CONV_PLANS_H
#define VERIFY_CUDA_CONV_PLANS_H

#include "cuda/conv/conv.h"

struct conv_build; /* what the implementation keeps of a plan */

struct conv_plan {
    struct conv_shape shape;
    struct text key;
    bool built;
    struct conv_build *build; /* the implementation's, which also releases it */
};

struct conv_plans {
    size_t n, capacity;
    struct conv_plan **items;
};

/* The plan for a shape, a new one where no equal shape was wanted before. */
enum status conv_plans_want(struct conv_plans *plans, const struct conv_shape *shape,
                            struct conv_plan **out);
/* STATUS_FAILED where the plan is not built, or the arguments are not what its shape says. */
enum status conv_plan_check(const struct conv_plan *plan, const struct conv_operands *operands);
/* Frees those that are not built. */
void conv_plans_forget(struct conv_plans *plans);
void conv_plan_free(struct conv_plan *plan); /* NULL is allowed */
void conv_plans_free(struct conv_plans *plans);

#endif
