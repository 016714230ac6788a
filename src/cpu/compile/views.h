/* Buffers that are parts of others. */
#ifndef VERIFY_CPU_VIEWS_H
#define VERIFY_CPU_VIEWS_H

#include "cpu/compile/plan.h"

/* Finds the buffer that holds this one in the end, and where in it. */
size_t plan_root(const struct plan *plan, size_t buffer, size_t *offset);
/* Whether the buffer already is the given part of another one. */
bool plan_is_part(const struct plan *plan, size_t buffer, size_t whole, size_t offset);
/* Where `start` along an axis begins in a tensor's buffer, in bytes (in blocks: along axis 1, at
 * the start of a block). */
size_t plan_part_offset(const struct plan *plan, int tensor, size_t axis, size_t start);

/* `count` places from `start` on along an axis of a tensor. */
struct extent {
    int tensor;
    size_t axis, start, count;
};
/* Whether they are contiguous in the tensor's buffer of this layout and, in blocks, neither begin
 * nor end within one. */
bool plan_is_contiguous(const struct plan *plan, const struct extent *extent, enum layout layout);

#endif
