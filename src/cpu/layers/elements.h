/* Passes over all elements of a map, which other layers append behind their own steps. */
#ifndef VERIFY_CPU_ELEMENTS_H
#define VERIFY_CPU_ELEMENTS_H

#include "cpu/compile/plan.h"

/* Appends dst = f(src) + residual (NO_BUFFER: none) over op's whole output; src may be dst. */
enum status elements_activate(struct plan *plan, const struct op *op,
                              const struct activation_params *params, size_t src, size_t residual,
                              size_t dst, enum layout layout);

#endif
