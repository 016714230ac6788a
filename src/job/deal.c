/* How rank 0's list of images is dealt out. */
#include "job/deal.h"

#include <string.h>

#include "base/memory.h"
#include "job/split.h"

static bool is_done(const uint8_t *done, size_t index) {
    return done && (done[index / 8] >> index % 8 & 1);
}

void deals_begin(const struct packed_paths *images, const uint8_t *done, size_t left, int size,
                 struct deal *deals) {
    size_t next = 0;
    for (int r = 0; r < size; r++) {
        size_t share = split_start(left, size, r + 1) - split_start(left, size, r);
        deals[r] = (struct deal){.images.paths = images, .done = done, .next = next, .left = share};
        while (share > 0)
            share -= !is_done(done, next++);
    }
}

void deals_free(struct deal *deals, int size) {
    for (int r = 0; deals && r < size; r++)
        packed_reader_free(&deals[r].images);
}

enum status deal_piece(struct deal *deal, size_t most, struct text *piece) {
    enum status status = STATUS_OK;
    const size_t begin = piece->length;
    while (deal->left > 0) {
        const char *path;
        while (is_done(deal->done, deal->next))
            deal->next++;
        TRY(packed_reader_get(&deal->images, deal->next, &path));
        const uint64_t index = deal->next;
        const size_t bytes = strlen(path) + 1;
        if (piece->length > begin && piece->length - begin + sizeof index + bytes > most)
            break;
        text_bytes(piece, (const char *)&index, sizeof index);
        text_bytes(piece, path, bytes);
        TRY(text_status(piece));
        deal->next++;
        deal->left--;
    }
out:
    return status;
}

enum status deal_take(const char *piece, size_t length, struct packed_paths *images,
                      uint64_t **indices, size_t *capacity) {
    enum status status = STATUS_OK;
    for (const char *at = piece, *end = piece + length; at < end;) {
        TRY(memory_reserve(indices, capacity, images->count + 1, sizeof **indices));
        memcpy(&(*indices)[images->count], at, sizeof **indices);
        at += sizeof **indices;
        TRY(packed_paths_add(images, at));
        at += strlen(at) + 1;
    }
out:
    return status;
}
