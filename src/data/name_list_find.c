/* Finds the file beside the labels that names their classes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data/label.h"
#include "data/name_list.h"
#include "data/path.h"

/* What labelImg and Label Studio, CVAT, and Roboflow call it. */
static const char *const file_names[] = {"classes.txt", "obj.names", "_darknet.labels"};

struct finder {
    struct name_list *list;
    struct text label, folder; /* of the image looked at; the folder looked at last */
    struct text file, found;   /* a file tried; the first one found */
};

static bool equal_lists(const struct name_list *a, const struct name_list *b) {
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = strcmp(a->names[i], b->names[i]) == 0;
    return equal;
}

/* The names of a file found: the list's, or to be the same. */
static enum status take(struct finder *finder, bool *found) {
    enum status status;
    struct name_list names = {0};
    TRY(name_list_read(finder->file.data, &names));
    *found = names.count > 0;
    if (!*found)
        goto out;
    if (!finder->found.length) {
        *finder->list = names;
        names = (struct name_list){0};
        text_string(&finder->found, finder->file.data);
        status = text_status(&finder->found);
    } else if (!equal_lists(finder->list, &names)) {
        status = FAIL(STATUS_BAD_INPUT,
                      "%s and %s name other classes: give each folder by itself, or a data.yaml "
                      "with 'names'",
                      finder->found.data, finder->file.data);
    }
out:
    name_list_free(&names);
    return status;
}

/* In the first `length` bytes of `folder`. */
static enum status try_folder(struct finder *finder, const char *folder, size_t length,
                              bool *found) {
    enum status status = STATUS_OK;
    *found = false;
    for (size_t i = 0; i < sizeof file_names / sizeof *file_names && !*found; i++) {
        text_clear(&finder->file);
        text_bytes(&finder->file, folder, length);
        text_format(&finder->file, "%s%s", length > 1 ? "/" : "", file_names[i]);
        TRY(text_status(&finder->file));
        *found = finder->found.length && strcmp(finder->found.data, finder->file.data) == 0;
        if (!*found && access(finder->file.data, F_OK) == 0)
            TRY(take(finder, found));
    }
out:
    return status;
}

/* The folder of a label file and those above it, as far as `root`. */
static enum status climb(struct finder *finder, const char *root) {
    enum status status = STATUS_OK;
    const char *folder = finder->folder.data;
    size_t length = finder->folder.length, last = strlen(root);
    bool found = false, below = path_is_below(folder, root);
    do {
        TRY(try_folder(finder, folder, length, &found));
        while (length > 1 && folder[length - 1] != '/')
            length--;
        length -= length > 1;
    } while (!found && below && length >= last && length > 1);
    if (!found && !below)
        TRY(try_folder(finder, root, last, &found));
out:
    return status;
}

enum status name_list_find(const struct packed_paths *images, const char *root,
                           struct name_list *list) {
    enum status status = STATUS_OK;
    struct finder finder = {.list = list};
    struct packed_reader reader = {.paths = images};
    const char *image;
    for (size_t i = 0; i < images->count; i++) {
        TRY(packed_reader_get(&reader, i, &image));
        TRY(label_path_text(image, &finder.label));
        size_t length = path_folder_length(finder.label.data);
        if (finder.folder.length == length &&
            memcmp(finder.folder.data, finder.label.data, length) == 0)
            continue;
        text_clear(&finder.folder);
        text_bytes(&finder.folder, finder.label.data, length);
        TRY(text_status(&finder.folder));
        TRY(climb(&finder, root));
    }
out:
    packed_reader_free(&reader);
    text_free(&finder.label);
    text_free(&finder.folder);
    text_free(&finder.file);
    text_free(&finder.found);
    if (status != STATUS_OK)
        name_list_free(list);
    return status;
}
