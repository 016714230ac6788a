/* How the operators of a graph hang together; private to model/. */
#ifndef VERIFY_MODEL_LINKS_H
#define VERIFY_MODEL_LINKS_H

#include "model/graph.h"

/* Who computes each tensor and who needs it; arrays are indexed by tensor. */
struct links {
    int64_t *producer; /* index of the operator, or -1 */
    size_t *uses;      /* inputs of operators, and the head's uses */
};
/* STATUS_BAD_INPUT where an operator or the head names a tensor that is not there. */
enum status links_build(struct links *links, const struct graph *graph);
void links_free(struct links *links);

/* Where the head names the tensors that it reads (some may be the same). */
enum { HEAD_TENSORS = 3 * GRAPH_LEVELS + 1 };
size_t head_tensors(struct head *head, int *tensors[HEAD_TENSORS]);
/* Removes the operators that are marked. */
void graph_remove_ops(struct graph *graph, const bool *dead);

#endif
