/* The rows of layers.h. */
#include "cpu/layers/layer_table.h"

#include "cpu/layers/generic.h"
#include "cpu/layers/layers.h"

#define CELL(kind_, layer_) [kind_] = &(layer_),
static const struct layer *const rows[] = {LAYERS(CELL)};
#undef CELL

const struct layer_table layer_table = {rows, sizeof rows / sizeof rows[0], &layer_generic};
