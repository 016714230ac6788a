/* What the layers call to append steps to a plan. */
#ifndef VERIFY_CPU_STEPS_H
#define VERIFY_CPU_STEPS_H

#include "cpu/compile/plan.h"

/* Appends a step of this kind (a literal; struct cpu_step), which one thread begins; `args` (from
 * malloc, owned by the plan at once, also on failure) is released with `release`. */
enum status plan_step(struct plan *plan, const char *kind,
                      enum status (*run)(const struct plan *plan, const void *args), void *args,
                      void (*release)(void *args));
/* The same for a step of `items` that the threads share. Which thread (from 0 on) takes an item is
 * left to chance. */
enum status plan_shared_step(struct plan *plan, const char *kind, size_t items,
                             void (*run_item)(const struct plan *plan, const void *args,
                                              size_t item, size_t thread),
                             void *args, void (*release)(void *args));
/* Says that the step appended last does the work of this operator too. */
void plan_also(struct plan *plan, const struct op *op);
/* Says that the step appended last uses a buffer (NO_BUFFER: nothing). */
void plan_use(struct plan *plan, size_t buffer);
/* The tensor's buffer in this layout, to be written. */
size_t plan_write(struct plan *plan, int tensor, enum layout layout);
/* A buffer for steps that need memory besides their tensors. */
enum status plan_scratch(struct plan *plan, size_t bytes, size_t *buffer);

#endif
