/* Opens data sets that files describe. */
#include "data/dataset_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/class_names.h"
#include "data/darknet_data.h"
#include "data/path.h"

struct files {
    size_t count, capacity;
    struct split_file *items; /* owned */
};

static enum status add_file(struct files *files, const char *given, size_t length) {
    enum status status;
    enum source kind;
    struct text path = {0};
    char *name = strndup(given, length);
    if (!name)
        return FAIL(STATUS_FAILED, "out of memory");
    TRY(path_absolute(NULL, name, &path));
    TRY(source_kind(name, path.data, &kind));
    if (kind != SOURCE_YAML && kind != SOURCE_DARKNET)
        TRY(FAIL(STATUS_BAD_INPUT,
                 "%s: of several data sets, each must be a data.yaml or a Darknet .data file",
                 path.data));
    TRY(memory_reserve(&files->items, &files->capacity, files->count + 1, sizeof *files->items));
    struct split_file *file = &files->items[files->count++];
    *file = (struct split_file){0};
    TRY(memory_string(path.data, &file->file));
    status = kind == SOURCE_YAML ? data_yaml_read(file->file, &file->yaml)
                                 : darknet_data_read(file->file, &file->yaml);
out:
    free(name);
    text_free(&path);
    return status;
}

static enum status read_files(const char *given, bool several, struct files *files) {
    enum status status = STATUS_OK;
    if (!several)
        return add_file(files, given, strlen(given));
    for (const char *at = given; *at;) {
        size_t length = strcspn(at, ",");
        if (length > 0)
            TRY(add_file(files, at, length));
        at += length + (at[length] == ',');
    }
    if (files->count == 0)
        status = FAIL(STATUS_BAD_INPUT, "%s: names no data set", given);
out:
    return status;
}

/* Whether two names are the same class's, as classes are matched everywhere. */
static enum status compare_names(const char *const pair[2], bool *same) {
    enum status status;
    struct class_side side = {0};
    TRY(class_side_make(pair, 2, &side));
    *same = strcmp(side.keys[0].folded, side.keys[1].folded) == 0;
out:
    class_side_free(&side);
    return status;
}

static bool traits_are_same(const struct keypoint_traits *a, const struct keypoint_traits *b) {
    bool same = a->n_flip == b->n_flip && a->n_sigmas == b->n_sigmas;
    for (size_t i = 0; same && i < a->n_flip; i++)
        same = a->flip[i] == b->flip[i];
    for (size_t i = 0; same && i < a->n_sigmas; i++)
        same = a->sigmas[i] == b->sigmas[i];
    return same;
}

/* All files are of poses of one shape, or none is. */
static enum status agree_on_keypoints(const struct files *files, struct dataset *dataset) {
    dataset->keypoints = files->items[0].yaml.keypoints;
    dataset->traits = files->items[0].yaml.traits;
    for (size_t i = 1; i < files->count; i++) {
        const struct keypoint_shape *shape = &files->items[i].yaml.keypoints;
        if (shape->count != dataset->keypoints.count || shape->values != dataset->keypoints.values)
            return FAIL(STATUS_BAD_INPUT, "%s has another kpt_shape than %s: verify each by itself",
                        files->items[i].file, files->items[0].file);
        if (!traits_are_same(&files->items[i].yaml.traits, &dataset->traits))
            return FAIL(STATUS_BAD_INPUT,
                        "%s has another flip_idx or kpt_oks_sigmas than %s: verify each by itself",
                        files->items[i].file, files->items[0].file);
    }
    return STATUS_OK;
}

/* The longest list of names becomes the data set's; all must agree. */
static enum status agree_on_names(struct files *files, struct dataset *dataset) {
    enum status status = STATUS_OK;
    size_t longest = 0;
    for (size_t i = 1; i < files->count; i++)
        if (files->items[i].yaml.n_names > files->items[longest].yaml.n_names)
            longest = i;
    struct split_file *most = &files->items[longest];
    for (size_t i = 0; i < files->count; i++) {
        const struct split_file *file = &files->items[i];
        if (i != longest && (file->yaml.n_names == 0) != (most->yaml.n_names == 0))
            TRY(FAIL(STATUS_BAD_INPUT, "%s has no 'names', and %s has: both need them", file->file,
                     most->file));
        for (size_t k = 0; k < file->yaml.n_names && i != longest; k++) {
            bool same;
            const char *const pair[2] = {file->yaml.names[k], most->yaml.names[k]};
            TRY(compare_names(pair, &same));
            if (!same)
                TRY(FAIL(STATUS_BAD_INPUT,
                         "class %zu is '%s' in %s and '%s' in %s: data sets that are verified "
                         "together have the same classes in the same order; verify each by itself",
                         k, pair[0], file->file, pair[1], most->file));
        }
    }
    dataset->names = most->yaml.names;
    dataset->n_names = most->yaml.n_names;
    most->yaml.names = NULL;
    most->yaml.n_names = 0;
out:
    return status;
}

/* The deepest folder that holds each file's root. */
static enum status join_roots(const struct files *files, struct text *root) {
    text_string(root, files->items[0].root.data);
    if (text_status(root) != STATUS_OK)
        return text_status(root);
    for (size_t i = 1; i < files->count; i++)
        while (!path_is_below(files->items[i].root.data, root->data) &&
               strcmp(files->items[i].root.data, root->data) != 0) {
            root->length = path_folder_length(root->data);
            root->data[root->length] = '\0';
        }
    return STATUS_OK;
}

/* A data.yaml's `path` may lead anywhere; it does not claim what lies around the file itself. A
 * .data file claims its own folder: its `path` is wherever the program was started. Several files
 * claim nothing together. */
static enum status find_extent(const struct files *files, char **extent) {
    enum status status;
    const struct split_file *file = &files->items[0];
    struct text folder = {0};
    char *own = NULL, *claimed = NULL;
    text_bytes(&folder, file->file, path_folder_length(file->file));
    TRY(text_status(&folder));
    own = files->count == 1 ? realpath(folder.data, NULL) : NULL;
    claimed = files->count == 1 && !file->yaml.darknet ? realpath(file->root.data, NULL) : NULL;
    bool around = own && claimed && path_is_below(own, claimed);
    TRY(memory_string(claimed && !around ? claimed : own ? own : "", extent));
out:
    free(own);
    free(claimed);
    text_free(&folder);
    return status;
}

enum status dataset_add_files(const char *given, enum source kind, const char *splits,
                              struct collection *collection, struct text *root,
                              struct dataset *dataset) {
    enum status status;
    struct files files = {0};
    TRY(read_files(given, kind == SOURCE_SEVERAL, &files));
    TRY(agree_on_names(&files, dataset));
    TRY(agree_on_keypoints(&files, dataset));
    TRY(collection_add_splits(collection, files.items, files.count, splits));
    TRY(join_roots(&files, root));
    TRY(find_extent(&files, &dataset->extent));
out:
    for (size_t i = 0; i < files.count; i++)
        split_file_free(&files.items[i]);
    free(files.items);
    return status;
}
