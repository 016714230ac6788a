/* How the list of images is split into contiguous shares. */
#include "job/split.h"

size_t split_start(size_t total, int size, int rank) {
    size_t n = (size_t)size, r = (size_t)rank, extra = total % n;
    return r * (total / n) + (r < extra ? r : extra);
}

/* Byte where the image `index` begins; the end of the list for index == count. */
static size_t byte_start(const struct path_list *list, size_t index) {
    return index < list->count ? list->start[index] : list->length;
}

struct byte_range split_bytes(const struct path_list *images, int size, int rank) {
    size_t begin = byte_start(images, split_start(images->count, size, rank));
    size_t end = byte_start(images, split_start(images->count, size, rank + 1));
    return (struct byte_range){begin, end - begin};
}

struct byte_range split_piece(struct byte_range share, size_t round, size_t piece) {
    size_t skipped = round * piece < share.length ? round * piece : share.length;
    size_t left = share.length - skipped;
    return (struct byte_range){share.from + skipped, left < piece ? left : piece};
}
