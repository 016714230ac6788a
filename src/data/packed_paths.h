/* Many paths in little memory. */
#ifndef VERIFY_DATA_PACKED_PATHS_H
#define VERIFY_DATA_PACKED_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Of each path is kept how many bytes it has in common with the one before, and the rest (front
 * coding): 8 bytes for most of a sorted list's. Every PACKED_BLOCK-th is whole, so that any can be
 * found. They are
 * read through a struct packed_reader; several threads may, each through its own. */
struct packed_paths {
    size_t count;
    size_t length, byte_capacity;
    char *bytes; /* owned */
    size_t block_capacity;
    size_t *blocks;   /* where every PACKED_BLOCK-th path begins in bytes; owned */
    struct text last; /* the last path */
};

enum { PACKED_BLOCK = 16 };

/* Start with a zeroed struct. */
void packed_paths_free(struct packed_paths *paths);

enum status packed_paths_add(struct packed_paths *paths, const char *path);
/* Adds all of another list's, which is empty then. On failure some may have been added. */
enum status packed_paths_join(struct packed_paths *paths, struct packed_paths *more);
/* Forgets all paths from `count` on. */
enum status packed_paths_cut(struct packed_paths *paths, size_t count);
/* Gives back memory that the list does not use. */
void packed_paths_trim(struct packed_paths *paths);

/* Sorts by the paths' bytes, by merging what is in order already: nothing to do for a list that is,
 * a few passes over one of some sorted parts. Needs as much memory again while it runs. */
enum status packed_paths_sort(struct packed_paths *paths);

/* Keeps the first of equal paths and adds the number of those removed to *repeated. ends[n_ends],
 * in rising order, count the paths up to some places in the list: they become the counts of those
 * that are kept of them. */
enum status packed_paths_unique(struct packed_paths *paths, uint64_t *ends, size_t n_ends,
                                uint64_t *repeated);

/* The fingerprint (base/fingerprint.h) of all paths, a NUL behind each. */
enum status packed_paths_fingerprint(const struct packed_paths *paths, uint64_t *fingerprint);

/* Goes through a list. Start with all but `paths` zeroed; packed_reader_free at the end. The list
 * may grow meanwhile, and be cut behind what was read. */
struct packed_reader {
    const struct packed_paths *paths;
    size_t next;      /* the path behind that in `path` */
    size_t at;        /* where it begins */
    struct text path; /* the one read last */
};

/* *path, NUL-terminated, is the reader's, until the next call. The next path costs little, one
 * elsewhere PACKED_BLOCK times as much. */
enum status packed_reader_get(struct packed_reader *reader, size_t index, const char **path);
void packed_reader_free(struct packed_reader *reader);

/* For sets of indices of packed paths (data/index_set.h): the key is one of these, whatever the
 * context. Where memory is lacking nothing is equal, and text_status(&reader->path) tells. */
struct packed_key {
    struct packed_reader *reader;
    const char *path;
};
bool packed_paths_equal(const void *context, size_t index, const void *key);

#endif
