/* The table of layers by kind of operator (layers.h). */
#ifndef VERIFY_CPU_LAYER_TABLE_H
#define VERIFY_CPU_LAYER_TABLE_H

#include "cpu/compile/layer.h"

extern const struct layer_table layer_table;

#endif
