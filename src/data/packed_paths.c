/* Many paths in little memory. */
#include "data/packed_paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/memory.h"

/* Bytes that a number of 64 bits takes at most, 7 bits in each. */
enum { NUMBER_BYTES = 10 };

void packed_paths_free(struct packed_paths *paths) {
    free(paths->bytes);
    free(paths->blocks);
    text_free(&paths->last);
    *paths = (struct packed_paths){0};
}

static size_t common_length(const char *a, const char *b) {
    size_t length = 0;
    while (a[length] && a[length] == b[length])
        length++;
    return length;
}

/* `path` becomes its first `kept` bytes and `rest`. */
static enum status replace_rest(struct text *path, size_t kept, const char *rest, size_t length) {
    path->length = kept;
    text_bytes(path, rest, length);
    return text_status(path);
}

enum status packed_paths_add(struct packed_paths *paths, const char *path) {
    enum status status;
    const bool whole = paths->count % PACKED_BLOCK == 0;
    size_t shared = whole ? 0 : common_length(paths->last.data, path);
    size_t rest = strlen(path + shared);
    TRY(memory_reserve(&paths->bytes, &paths->byte_capacity,
                       paths->length + NUMBER_BYTES + rest + 1, 1));
    if (whole)
        TRY(memory_reserve(&paths->blocks, &paths->block_capacity, paths->count / PACKED_BLOCK + 1,
                           sizeof *paths->blocks));
    TRY(replace_rest(&paths->last, shared, path + shared, rest));
    if (whole)
        paths->blocks[paths->count / PACKED_BLOCK] = paths->length;
    char *at = paths->bytes + paths->length;
    for (; shared >= 0x80; shared >>= 7)
        *at++ = (char)((shared & 0x7f) | 0x80);
    *at++ = (char)shared;
    memcpy(at, path + strlen(path) - rest, rest + 1);
    paths->length = (size_t)(at - paths->bytes) + rest + 1;
    paths->count++;
out:
    return status;
}

enum status packed_paths_join(struct packed_paths *paths, struct packed_paths *more) {
    enum status status = STATUS_OK;
    struct packed_reader reader = {.paths = more};
    const char *path;
    const size_t before = paths->count;
    if (before == 0) {
        packed_paths_free(paths);
        *paths = *more;
        *more = (struct packed_paths){0};
        return STATUS_OK;
    }
    for (size_t i = 0; i < more->count; i++) {
        TRY(packed_reader_get(&reader, i, &path));
        TRY(packed_paths_add(paths, path));
    }
    packed_paths_free(more);
out:
    packed_reader_free(&reader);
    return status;
}

enum status packed_paths_cut(struct packed_paths *paths, size_t count) {
    enum status status = STATUS_OK;
    struct packed_reader reader = {.paths = paths};
    const char *last;
    if (count >= paths->count)
        return STATUS_OK;
    if (count > 0) {
        TRY(packed_reader_get(&reader, count - 1, &last));
        TRY(replace_rest(&paths->last, 0, last, strlen(last)));
    }
    paths->length = reader.at;
    paths->count = count;
out:
    packed_reader_free(&reader);
    return status;
}

void packed_paths_trim(struct packed_paths *paths) {
    size_t length = paths->length ? paths->length : 1;
    size_t n_blocks = paths->count / PACKED_BLOCK + 1;
    char *bytes = realloc(paths->bytes, length);
    if (bytes) {
        paths->bytes = bytes;
        paths->byte_capacity = length;
    }
    size_t *blocks = reallocarray(paths->blocks, n_blocks, sizeof *blocks);
    if (blocks) {
        paths->blocks = blocks;
        paths->block_capacity = n_blocks;
    }
}

enum status packed_paths_fingerprint(const struct packed_paths *paths, uint64_t *fingerprint) {
    enum status status = STATUS_OK;
    struct packed_reader reader = {.paths = paths};
    const char *path;
    *fingerprint = FINGERPRINT_START;
    for (size_t i = 0; i < paths->count; i++) {
        TRY(packed_reader_get(&reader, i, &path));
        *fingerprint = fingerprint_bytes(*fingerprint, path, strlen(path) + 1);
    }
out:
    packed_reader_free(&reader);
    return status;
}

static enum status read_next(struct packed_reader *reader) {
    const char *at = reader->paths->bytes + reader->at;
    size_t shared = 0;
    for (unsigned shift = 0;; shift += 7) {
        const unsigned char byte = (unsigned char)*at++;
        shared |= (size_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    size_t rest = strlen(at);
    enum status status = replace_rest(&reader->path, shared, at, rest);
    reader->at = (size_t)(at - reader->paths->bytes) + rest + 1;
    reader->next++;
    return status;
}

enum status packed_reader_get(struct packed_reader *reader, size_t index, const char **path) {
    enum status status = STATUS_OK;
    const size_t block = index / PACKED_BLOCK;
    if (index + 1 < reader->next || block > reader->next / PACKED_BLOCK) {
        reader->next = block * PACKED_BLOCK;
        reader->at = reader->paths->blocks[block];
    }
    while (reader->next <= index)
        TRY(read_next(reader));
    *path = reader->path.data;
out:
    return status;
}

bool packed_paths_equal(const void *context, size_t index, const void *key) {
    const struct packed_key *wanted = key;
    const char *path;
    (void)context;
    return packed_reader_get(wanted->reader, index, &path) == STATUS_OK &&
           strcmp(path, wanted->path) == 0;
}

void packed_reader_free(struct packed_reader *reader) {
    text_free(&reader->path);
}
