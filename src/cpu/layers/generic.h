/* Any operator, on planes, in plain C (op_evaluate). */
#ifndef VERIFY_CPU_GENERIC_H
#define VERIFY_CPU_GENERIC_H

#include "cpu/compile/layer.h"

extern const struct layer layer_generic;

#endif
