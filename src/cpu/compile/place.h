/* Where the buffers lie in the arena. */
#ifndef VERIFY_CPU_PLACE_H
#define VERIFY_CPU_PLACE_H

#include "cpu/compile/plan.h"

/* Gives each buffer that is no view its offset, once all steps are there, and the arena its
 * size. */
enum status plan_place(struct plan *plan);

#endif
