/* Finds out how a data set's label files lie. */
#include "review/apply/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/dataset.h"
#include "data/label_source.h"
#include "data/path.h"

void layout_free(struct layout *layout) {
    for (size_t i = 0; i < layout->roots.count; i++)
        free(layout->trees[i].common);
    free(layout->trees);
    path_list_free(&layout->roots);
    index_set_free(&layout->root_set);
    path_list_free(&layout->folders);
    index_set_free(&layout->folder_set);
    free(layout->base);
    text_free(&layout->image);
    text_free(&layout->label);
    *layout = (struct layout){0};
}

/* ---------------------------------------------------------------- noting */

static bool equal_path(const void *context, size_t index, const void *key) {
    return strcmp(path_list_get(context, index), key) == 0;
}

/* Adds a path to a list, if it is new: *place is the one that it has. */
static enum status intern(struct path_list *list, struct index_set *set, const char *path,
                          size_t *place) {
    enum status status;
    uint32_t hash = index_set_hash(path, strlen(path));
    *place = index_set_find(set, hash, equal_path, list, path);
    if (*place != INDEX_SET_NONE)
        return STATUS_OK;
    TRY(path_list_add(list, path));
    *place = list->count - 1;
    status = index_set_add(set, hash, *place);
out:
    return status;
}

/* Cuts a path to the folder that it shares with another one. */
static void make_common(char *folder, const char *other) {
    size_t length = strlen(folder);
    while (length > 1 && !(strncmp(other, folder, length) == 0 &&
                           (other[length] == '/' || other[length] == '\0'))) {
        length = path_folder_length(folder);
        folder[length] = '\0';
    }
}

/* Length of the folder that the tree of a label file begins with: where the image's path has
 * another folder the label's has `labels`, else it is the folder of both. */
static size_t root_length(const char *image, const char *label, bool *own) {
    size_t same = 0;
    while (image[same] && image[same] == label[same])
        same++;
    size_t folder = path_folder_length(label);
    *own = same < folder;
    return *own ? same + strcspn(label + same, "/") : folder;
}

static enum status note_tree(struct layout *layout, const char *root, const char *folder,
                             bool own) {
    enum status status;
    size_t place, before = layout->roots.count;
    TRY(memory_reserve(&layout->trees, &layout->tree_capacity, before + 1, sizeof *layout->trees));
    layout->trees[before] = (struct label_tree){.own = own};
    TRY(intern(&layout->roots, &layout->root_set, root, &place));
    if (place == before)
        TRY(memory_string(folder, &layout->trees[place].common));
    else
        make_common(layout->trees[place].common, folder);
out:
    return status;
}

/* No run names anything so: somebody would lead us out of the data set. */
static bool goes_up(const char *name) {
    for (const char *at = strstr(name, ".."); at; at = strstr(at + 1, ".."))
        if ((at == name || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return true;
    return false;
}

enum status layout_note(struct layout *layout, const struct record *record) {
    enum status status;
    if (goes_up(record->image) || (record->label && goes_up(record->label)))
        return FAIL(STATUS_BAD_INPUT, "%.1000s: no image of a run, or label file, has such a name",
                    record->image);
    struct text folder = {0};
    bool own;
    size_t known = layout->folders.count, place;
    TRY(run_results_path(layout->results, record->image, &layout->image));
    enum label_format format = layout->results->format;
    if (format == LABEL_FORMAT_COCO && record->label)
        TRY(run_results_path(layout->results, record->label, &layout->label));
    else
        TRY(label_source_path(format == LABEL_FORMAT_COCO ? LABEL_FORMAT_YOLO : format, NULL,
                              layout->image.data, &layout->label));
    const char *label = layout->label.data;
    text_bytes(&folder, label, path_folder_length(label));
    TRY(text_status(&folder));
    TRY(intern(&layout->folders, &layout->folder_set, folder.data, &place));
    if (place < known)
        goto out;
    size_t length = root_length(layout->image.data, label, &own);
    struct text root = {0};
    text_bytes(&root, label, length);
    status = text_status(&root);
    if (status == STATUS_OK)
        status = note_tree(layout, root.data, folder.data, own);
    text_free(&root);
out:
    text_free(&folder);
    return status;
}

/* ---------------------------------------------------------------- the base */

enum status layout_settle(struct layout *layout) {
    enum status status;
    TRY(memory_string(layout->results->root, &layout->base));
    for (size_t i = 0; i < layout->roots.count; i++) {
        const char *root = path_list_get(&layout->roots, i);
        /* A folder `labels` is named in the copy. */
        size_t length = layout->trees[i].own ? path_folder_length(root) : strlen(root);
        char *above = strndup(root, length);
        if (!above)
            return FAIL(STATUS_FAILED, "out of memory: the data set's label folders");
        make_common(layout->base, above);
        free(above);
    }
out:
    return status;
}

const char *layout_below(const struct layout *layout, const char *path) {
    size_t length = strlen(layout->base);
    return path + (length == 1 ? 1 : length + 1);
}

const char *layout_within(const struct layout *layout, const char *path) {
    struct text folder = {0};
    if (path_is_below(path, layout->results->root))
        return layout->results->root;
    size_t length = strlen(path), place = INDEX_SET_NONE;
    text_string(&folder, path);
    while (!folder.failed && place == INDEX_SET_NONE && length > 1) {
        length = path_folder_length(folder.data);
        folder.data[length] = '\0';
        place = index_set_find(&layout->root_set, index_set_hash(folder.data, length), equal_path,
                               &layout->roots, folder.data);
    }
    text_free(&folder);
    return place == INDEX_SET_NONE ? NULL : path_list_get(&layout->roots, place);
}
