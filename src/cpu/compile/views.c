/* Views of views are followed to the buffer that has memory. */
#include "cpu/compile/views.h"

size_t plan_root(const struct plan *plan, size_t buffer, size_t *offset) {
    *offset = 0;
    while (plan->buffers[buffer].parent != NO_BUFFER) {
        *offset += plan->buffers[buffer].offset;
        buffer = plan->buffers[buffer].parent;
    }
    return buffer;
}

bool plan_is_part(const struct plan *plan, size_t buffer, size_t whole, size_t offset) {
    size_t offset_in_root, whole_in_root;
    size_t root = plan_root(plan, buffer, &offset_in_root);
    return root == plan_root(plan, whole, &whole_in_root) &&
           offset_in_root == whole_in_root + offset;
}

size_t plan_part_offset(const struct plan *plan, int tensor, size_t axis, size_t start) {
    const struct shape *shape = &plan->shapes[tensor];
    size_t inner = dtype_size(plan->dtypes[tensor]);
    for (size_t i = axis + 1; i < shape->rank; i++)
        inner *= (size_t)shape->dims[i];
    return start * inner;
}

bool plan_is_contiguous(const struct plan *plan, const struct extent *extent, enum layout layout) {
    const struct shape *shape = &plan->shapes[extent->tensor];
    size_t block = layout_block(plan, layout), end = extent->start + extent->count;
    for (size_t i = 0; i < extent->axis; i++)
        if (shape->dims[i] != 1)
            return false;
    return extent->start % block == 0 &&
           (end % block == 0 || end == (size_t)shape->dims[extent->axis]);
}
