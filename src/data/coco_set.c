/* Opens data sets that COCO's annotations describe. */
#include "data/coco_set.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/path.h"
#include "data/picture.h"

enum { SAMPLES = 50 };

void coco_set_free(struct coco_set *set) {
    coco_free(&set->coco);
    free(set->content.bytes);
    text_free(&set->folder);
    *set = (struct coco_set){0};
}

static enum status read_file(const char *file, struct coco_set *set) {
    enum status status;
    TRY(file_bytes_read(file, (size_t)COCO_GIB << 30, &set->content));
    if (!set->content.bytes)
        return FAIL(STATUS_BAD_INPUT, "%s %s", file, set->content.problem);
    status = coco_open(file, set->content.bytes, set->content.length, &set->coco);
out:
    return status;
}

/* ---------------------------------------------------------------- where images lie */

/* Replaces *path by that of an image, if `folder` is where they lie; *name is for the caller's use
 * alone. */
static enum status image_path(const struct coco_set *set, size_t index, const char *folder,
                              struct text *name, struct text *path) {
    const struct coco *coco = &set->coco;
    struct json_span span = coco->images[index].name;
    if (!json_span_text(coco->bytes, span, name) || !name->length)
        return FAIL(STATUS_BAD_INPUT, "%s, line %zu: 'file_name' is no name", coco->file,
                    json_line(coco->bytes, span.begin));
    enum status status = text_status(name);
    return status == STATUS_OK ? path_absolute(folder, name->data, path) : status;
}

/* Of some images, how many lie there. */
static enum status count_there(const struct coco_set *set, const char *folder, size_t *count) {
    enum status status = STATUS_OK;
    struct text name = {0}, path = {0};
    size_t n = set->coco.n_images, step = n / SAMPLES + 1;
    *count = 0;
    for (size_t i = 0; i < n; i += step) {
        TRY(image_path(set, i, folder, &name, &path));
        *count += access(path.data, F_OK) == 0;
    }
out:
    text_free(&name);
    text_free(&path);
    return status;
}

/* "instances_train2017.json": "train2017". */
static void last_part(const char *file, struct text *part) {
    const char *name = file + path_folder_length(file) + 1;
    const char *from = strrchr(name, '_');
    from = from ? from + 1 : name;
    text_clear(part);
    text_bytes(part, from, strlen(from) - strlen(".json"));
}

static enum status find_folder(const char *file, struct coco_set *set) {
    enum status status;
    struct text own = {0}, part = {0}, tried = {0}, relative = {0};
    const char *const ways[] = {"", "images/", "../", "../images/"};
    enum { WAYS = sizeof ways / sizeof *ways };
    size_t most = 0;
    text_bytes(&own, file, path_folder_length(file));
    last_part(file, &part);
    TRY(status_worse(text_status(&own), text_status(&part)));
    for (size_t i = 0; i < (size_t)2 * WAYS; i++) {
        size_t count;
        text_clear(&relative);
        text_format(&relative, "%s%s", ways[i % WAYS], i < WAYS ? "." : part.data);
        TRY(text_status(&relative));
        TRY(path_absolute(own.data, relative.data, &tried));
        TRY(count_there(set, tried.data, &count));
        if (count <= most)
            continue;
        most = count;
        text_clear(&set->folder);
        text_string(&set->folder, tried.data);
        TRY(text_status(&set->folder));
    }
    if (most == 0)
        status = FAIL(STATUS_BAD_INPUT,
                      "%s: its images were not found: 'file_name' was looked for from the file's "
                      "folder and the one above, in 'images' and '%s' of both",
                      file, part.data);
out:
    text_free(&own);
    text_free(&part);
    text_free(&tried);
    text_free(&relative);
    return status;
}

/* ---------------------------------------------------------------- images and names */

static enum status add_images(const struct coco_set *set, struct collection *collection) {
    enum status status = STATUS_OK;
    struct text name = {0}, path = {0};
    for (size_t i = 0; i < set->coco.n_images; i++) {
        TRY(image_path(set, i, set->folder.data, &name, &path));
        const struct picture_kind *kind = picture_kind(path.data);
        if (kind)
            TRY(collection_add(collection, kind, path.data));
        else
            collection->other++;
    }
out:
    text_free(&name);
    text_free(&path);
    return status;
}

static enum status take_names(const struct coco *coco, struct dataset *dataset) {
    enum status status;
    struct text name = {0};
    TRY(memory_zeroed(coco->n_categories, sizeof *dataset->names, &dataset->names));
    for (size_t i = 0; i < coco->n_categories; i++) {
        if (!json_span_text(coco->bytes, coco->categories[i].name, &name)) {
            status = FAIL(STATUS_BAD_INPUT, "%s, line %zu: a category's 'name' is no text",
                          coco->file, json_line(coco->bytes, coco->categories[i].name.begin));
            goto out;
        }
        TRY(text_status(&name));
        TRY(memory_string(name.data, &dataset->names[i]));
        dataset->n_names++;
    }
out:
    text_free(&name);
    return status;
}

enum status coco_set_open(const char *file, struct coco_set *set, struct collection *collection,
                          struct text *root, struct dataset *dataset) {
    enum status status;
    TRY(read_file(file, set));
    TRY(find_folder(file, set));
    TRY(add_images(set, collection));
    TRY(take_names(&set->coco, dataset));
    TRY(memory_string(file, &dataset->annotation_file));
    TRY(memory_string("", &dataset->extent));
    dataset->format = LABEL_FORMAT_COCO;
    text_bytes(root, file, path_folder_length(file));
    TRY(text_status(root));
    while (!path_is_below(set->folder.data, root->data) &&
           strcmp(set->folder.data, root->data) != 0) {
        root->length = path_folder_length(root->data);
        root->data[root->length] = '\0';
    }
out:
    return status;
}

/* ---------------------------------------------------------------- annotations */

#define NO_PLACE UINT64_MAX

/* Of each image of the file, its place in the list; NO_PLACE where it is left out. */
static enum status find_places(const struct coco_set *set, const struct packed_paths *images,
                               uint64_t *places) {
    enum status status = STATUS_OK;
    struct index_set known = {0};
    struct packed_reader reader = {.paths = images};
    const char *image;
    struct text name = {0}, path = {0};
    for (size_t i = 0; i < images->count; i++) {
        TRY(packed_reader_get(&reader, i, &image));
        TRY(index_set_add(&known, index_set_hash(image, strlen(image)), i));
    }
    for (size_t i = 0; i < set->coco.n_images; i++) {
        TRY(image_path(set, i, set->folder.data, &name, &path));
        const struct packed_key key = {&reader, path.data};
        size_t found = index_set_find(&known, index_set_hash(path.data, path.length),
                                      packed_paths_equal, NULL, &key);
        TRY(text_status(&reader.path));
        places[i] = found == INDEX_SET_NONE ? NO_PLACE : found;
    }
out:
    index_set_free(&known);
    packed_reader_free(&reader);
    text_free(&name);
    text_free(&path);
    return status;
}

static struct annotation make(const struct coco *coco, const struct coco_annotation *from) {
    struct annotation made = {.label = {.line = from->number, .form = from->form}};
    if (from->class == COCO_NONE)
        made.problem = ANNOTATION_NO_CATEGORY;
    else if (!from->has_box)
        made.problem = ANNOTATION_NO_BOX;
    else if (!coco_box(coco, from, made.label.xywhn))
        made.problem = ANNOTATION_NO_SIZE;
    made.label.class = from->class == COCO_NONE ? 0 : (uint32_t)from->class;
    return made;
}

/* One pass over the annotations: counts each image's in starts[place + 1], or, where `items` are
 * there to fill, puts them where starts[place] says, and moves that on. */
static enum status pass(const struct coco_set *set, const uint64_t *places, uint64_t *starts,
                        struct annotation *items, uint64_t left_out[2]) {
    const struct coco *coco = &set->coco;
    struct json_scan scan = {0};
    struct coco_annotation annotation = {0};
    bool first;
    left_out[0] = left_out[1] = 0;
    while (coco_next(coco, &scan, &first, &annotation)) {
        uint64_t place = annotation.image == COCO_NONE ? NO_PLACE : places[annotation.image];
        if (annotation.crowd)
            left_out[0]++;
        else if (annotation.image == COCO_NONE)
            left_out[1]++;
        else if (place == NO_PLACE)
            continue;
        else if (!items)
            starts[place + 1]++;
        else
            items[starts[place]++] = make(coco, &annotation);
    }
    return coco_check(coco, &scan);
}

enum status coco_set_take(const struct coco_set *set, struct dataset *dataset, uint64_t *crowds,
                          uint64_t *strays) {
    enum status status;
    struct annotations *annotations = &dataset->annotations;
    size_t n = dataset->images.count;
    uint64_t *places = NULL, left_out[2];
    TRY(memory_zeroed(set->coco.n_images, sizeof *places, &places));
    TRY(find_places(set, &dataset->images, places));
    TRY(memory_zeroed(n + 1, sizeof *annotations->starts, &annotations->starts));
    annotations->n_images = n;
    TRY(pass(set, places, annotations->starts, NULL, left_out));
    for (size_t i = 0; i < n; i++)
        annotations->starts[i + 1] += annotations->starts[i];
    TRY(memory_zeroed(annotations->starts[n], sizeof *annotations->items, &annotations->items));
    TRY(pass(set, places, annotations->starts, annotations->items, left_out));
    /* Each has moved to where the next one begins. */
    memmove(annotations->starts + 1, annotations->starts, n * sizeof *annotations->starts);
    annotations->starts[0] = 0;
    *crowds = left_out[0];
    *strays = left_out[1];
out:
    free(places);
    return status;
}
