/* How the list of images is split into contiguous shares. */
#include "job/split.h"

size_t split_start(size_t total, int size, int rank) {
    size_t n = (size_t)size, r = (size_t)rank, extra = total % n;
    return r * (total / n) + (r < extra ? r : extra);
}
