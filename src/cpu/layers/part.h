/* Copies of a part of one tensor into another. */
#ifndef VERIFY_CPU_PART_H
#define VERIFY_CPU_PART_H

#include "cpu/compile/plan.h"

struct part_place {
    int tensor;
    size_t buffer;
    size_t start; /* along the axis */
};

/* `count` places of an axis, between two tensors that are equal along the others. */
struct part {
    enum layout layout; /* of both buffers */
    size_t axis, count;
    struct part_place from, to;
};

/* Appends the step that copies it. */
enum status part_copy(struct plan *plan, const struct part *part);

#endif
