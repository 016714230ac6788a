/* Up to three arrays visited side by side in the row-major order of one shape, a row (the last
 * axis) at a time. Strides and offsets are in elements. Private to model/. */
#ifndef VERIFY_MODEL_OPERATORS_WALK_H
#define VERIFY_MODEL_OPERATORS_WALK_H

#include "model/graph.h"

struct walk {
    size_t rank;
    int64_t dims[GRAPH_RANK], at[GRAPH_RANK];
    int64_t stride[3][GRAPH_RANK], offset[3];
};
/* Starts at the first row; a shape of rank 0 is one row of 1. Every stride is 0. */
void walk_start(struct walk *walk, const struct shape *shape);
/* Sets one array's strides: that of a dense array of a shape broadcast to the walk's. */
void walk_broadcast(struct walk *walk, size_t array, const struct shape *shape);
bool walk_row(struct walk *walk); /* goes to the next row; false after the last */
static inline int64_t walk_columns(const struct walk *walk) {
    return walk->dims[walk->rank - 1];
}
static inline int64_t walk_step(const struct walk *walk, size_t array) {
    return walk->stride[array][walk->rank - 1];
}
/* Fills a dense output from array 0 of a walk that was just started; elements are of `size` bytes:
 * 1, 4 or 8. */
void walk_copy(struct walk *walk, size_t size, const char *from, char *to);

/* Strides of a dense row-major array. */
void shape_strides(const struct shape *shape, int64_t strides[GRAPH_RANK]);

#endif
