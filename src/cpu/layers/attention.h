/* Attention, where a graph has it as matrix products and a softmax: value (softmax of (factor
 * query^T key))^T, as YOLOv10, 11, 12 and 26 do. */
#ifndef VERIFY_CPU_LAYER_ATTENTION_H
#define VERIFY_CPU_LAYER_ATTENTION_H

#include "cpu/compile/plan.h"

/* Says of the matrix product that ends it what before it need not be computed. */
void attention_shorten(struct plan *plan, const struct op *product);
/* Appends it in that product's place; *done is left as it is where the product is another. */
enum status attention_append(struct plan *plan, const struct op *product, bool *done);

#endif
