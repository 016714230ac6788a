/* Which pictures of near-duplicates a page shows. */
#include "review/pages/page_copies.h"

#include <string.h>

void page_copies_free(struct page_copies *copies) {
    path_list_free(&copies->names);
    index_set_free(&copies->known);
    *copies = (struct page_copies){0};
}

static enum status add_group(struct json_object *group, struct page_copies *copies) {
    enum status status = STATUS_OK;
    struct json_object *images = json_member(group, "images", json_type_array), *differ;
    size_t count = images ? json_object_array_length(images) : 0;
    uint32_t *shown = &copies->shown[copies->n_groups];
    copies->differ[copies->n_groups] = json_object_object_get_ex(group, "labels_differ", &differ) &&
                                       json_object_get_boolean(differ);
    *shown = 0;
    for (size_t i = 0; i < count && *shown < PAGE_COPIES_SHOWN; i++) {
        const char *name = json_member_text(json_object_array_get_idx(images, i), "image");
        TRY(path_list_add(&copies->names, name ? name : ""));
        ++*shown;
    }
    copies->n_groups++;
out:
    return status;
}

enum status page_copies_read(struct json_object *report, struct page_copies *copies) {
    enum status status = STATUS_OK;
    struct json_object *list = json_member(json_member(report, "near_duplicates", json_type_object),
                                           "list", json_type_array);
    size_t count = list ? json_object_array_length(list) : 0;
    for (size_t i = 0; i < count && i < PAGE_COPY_GROUPS; i++)
        TRY(add_group(json_object_array_get_idx(list, i), copies));
out:
    return status;
}

/* ---------------------------------------------------------------- their records */

static bool equal_name(const void *context, size_t index, const void *key) {
    return strcmp(path_list_get(context, index), key) == 0;
}

static uint32_t hash_of(const char *name) {
    return index_set_hash(name, strlen(name));
}

enum status page_copies_index(struct page_copies *copies) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < copies->names.count; i++) {
        const char *name = path_list_get(&copies->names, i);
        copies->offsets[i] = PAGE_NO_RECORD;
        if (index_set_find(&copies->known, hash_of(name), equal_name, &copies->names, name) ==
            INDEX_SET_NONE)
            TRY(index_set_add(&copies->known, hash_of(name), i));
    }
out:
    return status;
}

void page_copies_note(struct page_copies *copies, const struct record *record) {
    if (copies->names.count == 0)
        return;
    size_t found = index_set_find(&copies->known, hash_of(record->image), equal_name,
                                  &copies->names, record->image);
    if (found != INDEX_SET_NONE)
        copies->offsets[found] = record->offset;
}
