/* Images, and what was left out, as they are found. */
#include "data/collection.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SKIPPED_SAID = 3 };

void collection_free(struct collection *collection) {
    packed_paths_free(&collection->images);
    path_list_free(&collection->unread);
    text_free(&collection->hidden.first);
    text_free(&collection->outputs.first);
    text_free(&collection->skipped);
    *collection = (struct collection){0};
}

enum status collection_add(struct collection *collection, const struct picture_kind *kind,
                           const char *path) {
    return kind->read ? packed_paths_add(&collection->images, path)
                      : path_list_add(&collection->unread, path);
}

enum status left_out_add(struct left_out *left_out, const char *path) {
    if (left_out->count++ > 0 && strcmp(path, left_out->first.data) >= 0)
        return STATUS_OK;
    text_clear(&left_out->first);
    text_string(&left_out->first, path);
    return text_status(&left_out->first);
}

enum status collection_skip(struct collection *collection, const char *format, ...) {
    collection->n_skipped++;
    if (collection->n_said == SKIPPED_SAID)
        return STATUS_OK;
    collection->n_said++;
    char what[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    text_format(&collection->skipped, "%s%s", collection->skipped.length ? "; " : "", what);
    return text_status(&collection->skipped);
}
