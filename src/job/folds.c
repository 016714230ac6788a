/* --fold: which model judges which images. */
#include "job/folds.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/shown.h"
#include "data/collection.h"
#include "data/index_set.h"
#include "data/path.h"

enum { NO_MODEL = FOLD_MODELS_MOST };

void folds_free(struct folds *folds) {
    for (size_t i = 0; i < folds->count; i++) {
        free(folds->items[i].list);
        free(folds->items[i].text);
    }
    free(folds->items);
    path_list_free(&folds->models);
    *folds = (struct folds){0};
}

/* Where the model's path ends in "MODEL=LIST"; NULL: it is none. A path may hold '=', too. */
static char *find_equals(char *text) {
    char *first = strchr(text, '=');
    for (char *at = first; at; at = strchr(at + 1, '=')) {
        *at = '\0';
        bool exists = access(text, F_OK) == 0;
        *at = '=';
        if (exists)
            return at;
    }
    return first;
}

static enum status find_model(struct folds *folds, const char *path, size_t *model) {
    for (*model = 0; *model < folds->models.count; (*model)++)
        if (strcmp(path_list_get(&folds->models, *model), path) == 0)
            return STATUS_OK;
    if (folds->models.count == FOLD_MODELS_MOST)
        return FAIL(STATUS_BAD_INPUT, "--fold: more than %d models", FOLD_MODELS_MOST);
    return path_list_add(&folds->models, path);
}

static enum status add_fold(struct folds *folds, const char *line, size_t length) {
    enum status status;
    char *model = NULL;
    TRY(memory_reserve(&folds->items, &folds->capacity, folds->count + 1, sizeof *folds->items));
    struct fold *fold = &folds->items[folds->count++];
    *fold = (struct fold){0};
    TRY(memory_zeroed(length + 1, 1, &fold->text));
    memcpy(fold->text, line, length);
    TRY(memory_string(fold->text, &model));
    char *equals = find_equals(model);
    if (!equals || equals == model || equals[1] == '\0')
        TRY(FAIL(STATUS_BAD_INPUT,
                 "--fold %s: MODEL=LIST is expected: a model and the list of the images that it "
                 "judges, a .txt or a split's name",
                 fold->text));
    *equals = '\0';
    TRY(memory_string(equals + 1, &fold->list));
    TRY(find_model(folds, model, &fold->model));
out:
    free(model);
    return status;
}

enum status folds_read(const char *lines, struct folds *folds) {
    enum status status = STATUS_OK;
    *folds = (struct folds){0};
    for (const char *at = lines; at && *at; at += strspn(at, "\n")) {
        size_t length = strcspn(at, "\n");
        TRY(add_fold(folds, at, length));
        at += length;
    }
out:
    return status;
}

/* ---------------------------------------------------------------- assigning */

/* The data set's images by path, and what is known of them. */
struct assignment {
    const struct folds *folds;
    const struct dataset *dataset;
    struct packed_reader images; /* of the data set */
    struct index_set set;
    uint8_t *model_of; /* [images]; NO_MODEL: none yet */
};

static enum status index_images(struct assignment *assignment) {
    enum status status;
    const size_t count = assignment->dataset->images.count;
    const char *path;
    TRY(index_set_reserve(&assignment->set, count));
    for (size_t i = 0; i < count; i++) {
        TRY(packed_reader_get(&assignment->images, i, &path));
        TRY(index_set_add(&assignment->set, index_set_hash(path, strlen(path)), i));
    }
out:
    return status;
}

static enum status assign(struct assignment *assignment, const struct fold *fold, size_t image) {
    enum status status = STATUS_OK;
    uint8_t *model = &assignment->model_of[image];
    const char *path;
    if (*model != NO_MODEL && *model != fold->model) {
        TRY(packed_reader_get(&assignment->images, image, &path));
        return FAIL(STATUS_BAD_INPUT,
                    "%s is in a list of %s, too: each image is judged by one model",
                    short_path(path).text, path_list_get(&assignment->folds->models, *model));
    }
    *model = (uint8_t)fold->model;
out:
    return status;
}

/* The data set's splits of the list's name; *found: there is one. */
static enum status assign_split(struct assignment *assignment, const struct fold *fold,
                                bool *found) {
    enum status status = STATUS_OK;
    const struct image_splits *splits = &assignment->dataset->splits;
    uint64_t first = 0;
    *found = false;
    for (size_t s = 0; s < splits->count; s++) {
        bool same = strcmp(split_name(splits->split[s]), fold->list) == 0;
        for (uint64_t i = first; same && i < splits->end[s]; i++)
            TRY(assign(assignment, fold, i));
        *found = *found || same;
        first = splits->end[s];
    }
out:
    return status;
}

static enum status assign_list(struct assignment *assignment, const struct fold *fold) {
    enum status status;
    struct text path = {0};
    struct collection collection = {0};
    struct packed_reader reader = {.paths = &collection.images};
    const char *image;
    size_t known = 0;
    TRY(path_absolute(NULL, fold->list, &path));
    status = collection_add_list(&collection, path.data, NULL);
    if (status == STATUS_BAD_INPUT && access(path.data, F_OK) != 0)
        FAIL(status, "no such file, and the data set has no split of that name");
    TRY(status);
    for (size_t i = 0; i < collection.images.count; i++) {
        TRY(packed_reader_get(&reader, i, &image));
        const struct packed_key key = {&assignment->images, image};
        size_t found = index_set_find(&assignment->set, index_set_hash(image, strlen(image)),
                                      packed_paths_equal, NULL, &key);
        TRY(text_status(&assignment->images.path));
        if (found == INDEX_SET_NONE)
            continue;
        known++;
        TRY(assign(assignment, fold, found));
    }
    if (known == 0)
        status = FAIL(STATUS_BAD_INPUT,
                      "none of the list's %zu images is one of the data set: paths in a list start "
                      "at its folder",
                      collection.images.count);
out:
    packed_reader_free(&reader);
    collection_free(&collection);
    text_free(&path);
    return status;
}

static enum status check_all(struct assignment *assignment) {
    enum status status = STATUS_OK;
    const size_t count = assignment->dataset->images.count;
    size_t without = 0, first = 0;
    const char *path;
    for (size_t i = count; i-- > 0;)
        if (assignment->model_of[i] == NO_MODEL) {
            without++;
            first = i;
        }
    if (without == 0)
        goto out;
    TRY(packed_reader_get(&assignment->images, first, &path));
    status = FAIL(STATUS_BAD_INPUT,
                  "--fold: %zu of the data set's %zu images are in no list, as %s: with --fold "
                  "every image must be in one",
                  without, count, short_path(path).text);
out:
    return status;
}

enum status folds_assign(const struct folds *folds, const struct dataset *dataset,
                         uint8_t **set_of) {
    enum status status;
    struct assignment assignment = {
        .folds = folds, .dataset = dataset, .images.paths = &dataset->images};
    TRY(memory_zeroed(dataset->images.count, 1, &assignment.model_of));
    memset(assignment.model_of, NO_MODEL, dataset->images.count);
    TRY(index_images(&assignment));
    for (size_t i = 0; i < folds->count; i++) {
        bool found;
        const struct fold *fold = &folds->items[i];
        status = assign_split(&assignment, fold, &found);
        if (status == STATUS_OK && !found)
            status = assign_list(&assignment, fold);
        if (status == STATUS_BAD_INPUT)
            status_prefix(status, "--fold %s: ", fold->text);
        TRY(status);
    }
    TRY(check_all(&assignment));
out:
    packed_reader_free(&assignment.images);
    index_set_free(&assignment.set);
    if (status != STATUS_OK) {
        free(assignment.model_of);
        assignment.model_of = NULL;
    }
    *set_of = assignment.model_of;
    return status;
}
