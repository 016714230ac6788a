/* Writes corrected copies. */
#include "review/apply/corrected.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "data/path.h"
#include "review/apply/building.h"
#include "review/apply/label_bytes.h"

struct copying {
    struct building *building;
    const struct layout *layout;
    struct path_list changed; /* label files that are written already */
    struct index_set changed_set;
    struct copy_counts *counts;
};

/* ---------------------------------------------------------------- whether it may be there */

/* The deepest folder of a path that is there, without links. */
static bool real_folder(const char *path, char folder[PATH_MAX]) {
    char above[PATH_MAX];
    size_t length = strlen(path);
    while (length < sizeof above) {
        memcpy(above, path, length);
        above[length] = '\0';
        if (realpath(above, folder))
            return true;
        if (length == 1)
            return false;
        length = path_folder_length(above);
    }
    return false;
}

static bool is_in(const char *folder, const char *path) {
    char real[PATH_MAX];
    return path && realpath(path, real) &&
           (strcmp(folder, real) == 0 || path_is_below(folder, real));
}

/* Below the data set's folder only within the output: trainers and the next run look there. */
static enum status check_to(const char *to, const struct layout *layout) {
    char folder[PATH_MAX];
    bool inside = false;
    if (!real_folder(to, folder) || is_in(folder, layout->results->output))
        return STATUS_OK;
    inside = is_in(folder, layout->results->root);
    for (size_t i = 0; i < layout->roots.count && !inside; i++)
        inside = is_in(folder, path_list_get(&layout->roots, i));
    return inside ? FAIL(STATUS_BAD_INPUT,
                         "--to %.1000s lies in the data set's folder: choose one outside of it", to)
                  : STATUS_OK;
}

/* ---------------------------------------------------------------- files */

static bool equal_path(const void *context, size_t index, const void *key) {
    return strcmp(path_list_get(context, index), key) == 0;
}

static enum status write_changed(void *context, const struct changed_file *file) {
    enum status status;
    struct copying *copying = context;
    const struct text *after = &file->edit->after;
    TRY(building_file(copying->building, file->name, after->length ? after->data : "",
                      after->length, file->bytes->missing ? NULL : &file->bytes->about, false));
    TRY(path_list_add(&copying->changed, file->path));
    TRY(index_set_add(&copying->changed_set, index_set_hash(file->path, strlen(file->path)),
                      copying->changed.count - 1));
    status = building_flush(copying->building, false);
out:
    return status;
}

static void show_left(struct copying *copying, const char *path, const char *why) {
    copying->counts->left++;
    line_print(stderr, "verify: left out: %s: %s", path, why);
}

/* A link's file, by the rule of links. */
static enum status copy_link(struct copying *copying, const char *path) {
    enum status status;
    struct file_bytes bytes = {0};
    bool link;
    TRY(label_bytes_read(copying->layout->results->format, path, path, &bytes, &link));
    if (bytes.bytes) {
        TRY(building_file(copying->building, layout_below(copying->layout, path), bytes.bytes,
                          bytes.length, &bytes.about, true));
        copying->counts->copied++;
    } else
        show_left(copying, path, bytes.problem[0] ? bytes.problem : "leads nowhere");
out:
    free(bytes.bytes);
    return status;
}

static enum status copy_label(void *context, const char *path, bool link) {
    enum status status;
    struct copying *copying = context;
    bool unread = false;
    if (index_set_find(&copying->changed_set, index_set_hash(path, strlen(path)), equal_path,
                       &copying->changed, path) != INDEX_SET_NONE)
        return STATUS_OK;
    if (link)
        return copy_link(copying, path);
    status = building_copy(copying->building, path, layout_below(copying->layout, path), &unread);
    /* One that only its owner may read is no reason to leave off. */
    if (unread)
        show_left(copying, path, status_message());
    else
        copying->counts->copied += status == STATUS_OK;
    return status;
}

enum status corrected_write(const char *to, struct layout *layout, struct changes *changes,
                            struct copy_counts *counts) {
    enum status status;
    struct building building;
    struct copying copying = {.building = &building, .layout = layout, .counts = counts};
    *counts = (struct copy_counts){0};
    TRY(check_to(to, layout));
    status = building_open(to, &building);
    if (status == STATUS_OK)
        status = building_append(&building, 0, CHANGES_FILE);
    changes->diff = &building.appended[0].pending;
    changes->take = write_changed;
    changes->context = &copying;
    if (status == STATUS_OK)
        status = changes_make(changes);
    /* COCO's annotations are one file, which is among the changed. */
    if (status == STATUS_OK && changes_any(changes) && layout->results->format != LABEL_FORMAT_COCO)
        status =
            layout_walk(layout, layout->results->output, copy_label, &copying, &counts->others);
    if (status == STATUS_OK && changes_any(changes))
        status = building_commit(&building);
    building_close(&building);
out:
    path_list_free(&copying.changed);
    index_set_free(&copying.changed_set);
    return status;
}
