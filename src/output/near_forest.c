/* Groups of images, as trees. */
#include "output/near_forest.h"

#include <stdlib.h>

#include "base/memory.h"

enum status near_forest_make(size_t count, struct near_forest *forest) {
    *forest = (struct near_forest){.count = count};
    enum status status = memory_zeroed(count, sizeof *forest->parent, &forest->parent);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        forest->parent[i] = (uint32_t)i;
    return status;
}

void near_forest_free(struct near_forest *forest) {
    free(forest->parent);
    free(forest->pairs);
    *forest = (struct near_forest){0};
}

uint32_t near_forest_first(struct near_forest *forest, uint32_t image) {
    uint32_t *parent = forest->parent;
    while (parent[image] != image) {
        parent[image] = parent[parent[image]];
        image = parent[image];
    }
    return image;
}

enum status near_forest_join(struct near_forest *forest, struct near_pair pair) {
    uint32_t one = near_forest_first(forest, pair.one);
    uint32_t other = near_forest_first(forest, pair.other);
    if (one == other)
        return STATUS_OK;
    enum status status = memory_reserve(&forest->pairs, &forest->capacity, forest->n_pairs + 1,
                                        sizeof *forest->pairs);
    if (status != STATUS_OK)
        return status;
    forest->pairs[forest->n_pairs++] = pair;
    /* The first image stays the root. */
    if (one < other)
        forest->parent[other] = one;
    else
        forest->parent[one] = other;
    return STATUS_OK;
}
