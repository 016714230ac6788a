/* Arrays visited side by side. */
#include <string.h>

#include "model/operators/walk.h"

void shape_strides(const struct shape *shape, int64_t strides[GRAPH_RANK]) {
    int64_t stride = 1;
    for (size_t i = shape->rank; i-- > 0;) {
        strides[i] = stride;
        stride *= shape->dims[i];
    }
}

void walk_start(struct walk *walk, const struct shape *shape) {
    *walk = (struct walk){.rank = shape->rank ? shape->rank : 1, .dims = {1}};
    memcpy(walk->dims, shape->dims, shape->rank * sizeof walk->dims[0]);
}

void walk_broadcast(struct walk *walk, size_t array, const struct shape *shape) {
    int64_t strides[GRAPH_RANK];
    shape_strides(shape, strides);
    for (size_t i = 0; i < shape->rank; i++)
        walk->stride[array][walk->rank - shape->rank + i] = shape->dims[i] == 1 ? 0 : strides[i];
}

bool walk_row(struct walk *walk) {
    for (size_t i = walk->rank - 1; i-- > 0;) {
        int64_t back = ++walk->at[i] == walk->dims[i] ? walk->dims[i] : 0;
        for (size_t array = 0; array < 3; array++)
            walk->offset[array] += walk->stride[array][i] * (1 - back);
        if (!back)
            return true;
        walk->at[i] = 0;
    }
    return false;
}

/* Copies elements that are `step` elements apart. A size that is known lets the compiler move an
 * element by one instruction. */
static void copy_apart(char *to, const char *from, int64_t step, int64_t count, size_t size) {
    if (size == 4)
        for (int64_t i = 0; i < count; i++)
            memcpy(to + 4 * i, from + 4 * i * step, 4);
    else if (size == 8)
        for (int64_t i = 0; i < count; i++)
            memcpy(to + 8 * i, from + 8 * i * step, 8);
    else
        for (int64_t i = 0; i < count; i++)
            to[i] = from[i * step];
}

void walk_copy(struct walk *walk, size_t size, const char *from, char *to) {
    int64_t columns = walk_columns(walk), step = walk_step(walk, 0);
    do {
        const char *row = from + walk->offset[0] * (int64_t)size;
        if (step == 1)
            memcpy(to, row, (size_t)columns * size);
        else
            copy_apart(to, row, step, columns, size);
        to += columns * (int64_t)size;
    } while (walk_row(walk));
}
