/* Constants packed once for all plans. */
#include "cpu/compile/runtime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"

enum { ALIGNMENT = 64, PAGE = 4096 };

void runtime_huge_pages(void *data, size_t bytes) {
    uintptr_t first = ((uintptr_t)data + PAGE - 1) / PAGE * PAGE;
    uintptr_t end = ((uintptr_t)data + bytes) / PAGE * PAGE;
    if (end > first)
        madvise((char *)data + (first - (uintptr_t)data), end - first, MADV_HUGEPAGE);
}

enum status runtime_packed(struct runtime *runtime, const struct op *op, size_t floats, bool *fresh,
                           float **data) {
    enum status status;
    *fresh = false;
    for (size_t i = 0; i < runtime->n_packed; i++)
        if (runtime->packed[i].op == op && runtime->packed[i].floats == floats) {
            *data = runtime->packed[i].data;
            return STATUS_OK;
        }
    TRY(memory_reserve(&runtime->packed, &runtime->packed_capacity, runtime->n_packed + 1,
                       sizeof *runtime->packed));
    size_t bytes = (floats * sizeof **data + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    *data = aligned_alloc(ALIGNMENT, bytes);
    if (!*data) {
        status = FAIL(STATUS_FAILED, "out of memory: %zu floats of weights", floats);
        goto out;
    }
    runtime_huge_pages(*data, bytes);
    memset(*data, 0, floats * sizeof **data);
    runtime->packed[runtime->n_packed++] = (struct packed){op, floats, *data};
    *fresh = true;
out:
    return status;
}

void runtime_free(struct runtime *runtime) {
    for (size_t i = 0; i < runtime->n_packed; i++)
        free(runtime->packed[i].data);
    free(runtime->packed);
}
