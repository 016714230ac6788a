/* In which order the operators are computed. */
#ifndef VERIFY_CPU_ORDER_H
#define VERIFY_CPU_ORDER_H

#include "model/graph.h"

/* Fills in the n_ops indices in an order in which inputs are computed before they are used and each
 * of the head's maps as early as may be: branches of the head read their input while it is in a
 * cache, before the rest of the network comes. */
enum status plan_order(const struct graph *graph, size_t *order);

#endif
