/* Opens what --data names. */
#include "data/dataset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/coco_set.h"
#include "data/dataset_files.h"
#include "data/first_file.h"
#include "data/name_list.h"
#include "data/path.h"
#include "data/picture.h"
#include "data/source.h"
#include "data/voc.h"

/* A folder without images may hold a data.yaml, which says where they are. */
static void say_yaml(const char *folder, struct text *text) {
    static const char *const suffixes[] = {".yaml", ".yml", NULL};
    char *found = first_file(folder, suffixes);
    if (found)
        text_format(text, "; or give %s/%s, which may say where they are", folder, found);
    free(found);
}

static enum status no_images(const char *path, enum source kind,
                             const struct collection *collection, const struct dataset *dataset) {
    static const char *const where[] = {
        [SOURCE_FOLDER] = "below",
        [SOURCE_YAML] = "in the splits of",
        [SOURCE_DARKNET] = "in the lists of",
        [SOURCE_LIST] = "listed in",
        [SOURCE_COCO] = "named in",
        [SOURCE_SEVERAL] = "in the splits of",
    };
    struct text more = {0}, suffixes = {0};
    picture_suffixes(&suffixes);
    if (kind == SOURCE_FOLDER)
        say_yaml(path, &more);
    if (dataset->skipped)
        text_format(&more, " (%s)", dataset->skipped);
    if (collection->other > 0)
        text_format(&more, " (%llu listed files have other suffixes)",
                    (unsigned long long)collection->other);
    if (dataset->n_unread_kinds > 0) {
        text_string(&more, " (pictures that are not read: ");
        dataset_unread_text(dataset, &more);
        text_string(&more, ")");
    }
    enum status status = status_worse(text_status(&more), text_status(&suffixes));
    if (status == STATUS_OK)
        status = FAIL(STATUS_BAD_INPUT, "no images (%s) %s %s: check --data%s", suffixes.data,
                      where[kind], path, more.length ? more.data : "");
    text_free(&more);
    text_free(&suffixes);
    return status;
}

/* The deepest folder that holds all images. */
static enum status find_common(const struct packed_paths *images, char **common) {
    enum status status;
    struct packed_reader reader = {.paths = images};
    const char *path;
    TRY(packed_reader_get(&reader, 0, &path));
    TRY(memory_string(path, common));
    size_t length = path_folder_length(*common);
    for (size_t i = 1; i < images->count; i++) {
        TRY(packed_reader_get(&reader, i, &path));
        /* Below the root folder everything lies; elsewhere a '/' must follow the prefix. */
        while (length > 1 && (strncmp(path, *common, length) != 0 || path[length] != '/')) {
            (*common)[length] = '\0';
            length = path_folder_length(*common);
        }
    }
    (*common)[length] = '\0';
out:
    packed_reader_free(&reader);
    return status;
}

static void say_left_out(const struct left_out *left_out, const char *one, const char *several,
                         struct text *text) {
    const char *before = text->length ? "; " : "";
    if (left_out->count == 1)
        text_format(text, "%sleft out: %s %s", before, one, left_out->first.data);
    else if (left_out->count > 1)
        text_format(text, "%sleft out: %zu %s, such as %s", before, left_out->count, several,
                    left_out->first.data);
}

static enum status take_skipped(struct collection *collection, struct dataset *dataset) {
    enum status status = STATUS_OK;
    struct text *said = &collection->skipped;
    size_t unsaid = collection->n_skipped - collection->n_said;
    if (unsaid > 0)
        text_format(said, "; and %zu more", unsaid);
    say_left_out(&collection->outputs, "what a run of verify wrote in",
                 "folders that runs of verify wrote to", said);
    say_left_out(&collection->hidden, "pictures that are hidden, in",
                 "hidden folders or files with pictures", said);
    TRY(text_status(said));
    if (said->length > 0)
        TRY(memory_string(said->data, &dataset->skipped));
out:
    return status;
}

static int compare_kinds(const void *left, const void *right) {
    const struct unread_kind *a = left, *b = right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return strcmp(a->suffix, b->suffix);
}

/* Takes over the pictures that are not read, and counts their kinds. */
static enum status take_unread(struct collection *collection, struct dataset *dataset) {
    enum status status;
    uint64_t repeated = 0;
    size_t capacity = 0;
    TRY(path_list_unique(&collection->unread, &repeated));
    path_list_trim(&collection->unread);
    dataset->unread = collection->unread;
    collection->unread = (struct path_list){0};
    for (size_t i = 0; i < dataset->unread.count; i++) {
        const char *suffix = picture_kind(path_list_get(&dataset->unread, i))->suffix;
        size_t k = 0;
        while (k < dataset->n_unread_kinds && dataset->unread_kinds[k].suffix != suffix)
            k++;
        if (k == dataset->n_unread_kinds) {
            TRY(memory_reserve(&dataset->unread_kinds, &capacity, k + 1,
                               sizeof *dataset->unread_kinds));
            dataset->unread_kinds[dataset->n_unread_kinds++] = (struct unread_kind){suffix, 0};
        }
        dataset->unread_kinds[k].count++;
    }
    if (dataset->n_unread_kinds > 0)
        qsort(dataset->unread_kinds, dataset->n_unread_kinds, sizeof *dataset->unread_kinds,
              compare_kinds);
out:
    return status;
}

void dataset_unread_text(const struct dataset *dataset, struct text *text) {
    for (size_t i = 0; i < dataset->n_unread_kinds; i++) {
        const struct unread_kind *kind = &dataset->unread_kinds[i];
        text_format(text, "%s%s %llu", i ? ", " : "", kind->suffix,
                    (unsigned long long)kind->count);
    }
}

/* A folder claims itself, a list nothing. */
static enum status claim_folder(const char *path, enum source kind, char **extent) {
    char *real = kind == SOURCE_FOLDER ? realpath(path, NULL) : NULL;
    enum status status = memory_string(real ? real : "", extent);
    free(real);
    return status;
}

/* What is opened, and what comes up on the way. */
struct opening {
    const char *given, *splits; /* as written */
    enum source kind;
    struct text path, root; /* absolute */
    struct collection collection;
    struct coco_set coco;
};

/* Finds the images of what --data names, and what they are relative to. */
static enum status collect(struct opening *opening, struct dataset *dataset) {
    enum status status = STATUS_OK;
    const char *path = opening->path.data;
    struct collection *collection = &opening->collection;
    struct text *root = &opening->root;
    switch (opening->kind) {
    case SOURCE_FOLDER:
        text_string(root, path);
        TRY(collection_add_folder(collection, path));
        break;
    case SOURCE_LIST:
        text_bytes(root, path, path_folder_length(path));
        TRY(collection_add_list(collection, path, NULL));
        break;
    case SOURCE_COCO:
        TRY(coco_set_open(path, &opening->coco, collection, root, dataset));
        break;
    case SOURCE_YAML:
    case SOURCE_DARKNET:
    case SOURCE_SEVERAL:
        TRY(dataset_add_files(opening->given, opening->kind, opening->splits, collection, root,
                              dataset));
        break;
    }
    TRY(text_status(root));
    if (!dataset->extent)
        TRY(claim_folder(path, opening->kind, &dataset->extent));
out:
    return status;
}

/* Notes what of COCO's annotations is left out. */
static enum status take_annotations(struct opening *opening, struct dataset *dataset) {
    enum status status;
    uint64_t crowds, strays;
    TRY(coco_set_take(&opening->coco, dataset, &crowds, &strays));
    if (crowds > 0)
        TRY(collection_skip(&opening->collection, "left out: %llu annotations of crowds",
                            (unsigned long long)crowds));
    if (strays > 0)
        TRY(collection_skip(&opening->collection, "left out: %llu annotations of no image",
                            (unsigned long long)strays));
out:
    return status;
}

/* Where --data brings no names, files beside the labels may, and VOC's annotations name their
 * objects' classes. */
static enum status find_names(struct dataset *dataset) {
    enum status status;
    struct name_list list = {0};
    struct path_list names = {0};
    if (dataset->n_names > 0)
        return STATUS_OK;
    TRY(name_list_find(&dataset->images, dataset->root, &list));
    dataset->names = list.names;
    dataset->n_names = list.count;
    if (list.count > 0 || dataset->format != LABEL_FORMAT_VOC)
        goto out;
    TRY(voc_names(&dataset->images, dataset->extent, &names));
    TRY(memory_zeroed(names.count, sizeof *dataset->names, &dataset->names));
    for (; dataset->n_names < names.count; dataset->n_names++)
        TRY(memory_string(path_list_get(&names, dataset->n_names),
                          &dataset->names[dataset->n_names]));
out:
    path_list_free(&names);
    return status;
}

/* Takes over what was found: there is at least one image. */
static enum status take_images(struct opening *opening, struct dataset *dataset) {
    enum status status;
    struct collection *collection = &opening->collection;
    struct image_splits *parts = &collection->splits;
    TRY(packed_paths_unique(&collection->images, parts->end, parts->count, &dataset->repeated));
    packed_paths_trim(&collection->images);
    TRY(find_common(&collection->images, &dataset->common));
    TRY(memory_string(opening->root.data, &dataset->root));
    dataset->other = collection->other;
    dataset->splits = *parts;
    dataset->images = collection->images;
    collection->images = (struct packed_paths){0};
    if (opening->kind == SOURCE_COCO)
        TRY(take_annotations(opening, dataset));
    else
        TRY(dataset_find_format(dataset));
    status = find_names(dataset);
out:
    return status;
}

enum status dataset_open(const char *path, const char *splits, const char *output,
                         struct dataset *dataset) {
    enum status status;
    struct opening opening = {.given = path, .splits = splits, .collection = {.output = output}};
    *dataset = (struct dataset){0};
    if (!*path)
        return FAIL(STATUS_BAD_INPUT,
                    "--data is empty: it takes a data.yaml, a folder or a .txt list");
    TRY(path_absolute(NULL, path, &opening.path));
    TRY(source_kind(path, opening.path.data, &opening.kind));
    if (splits && (opening.kind == SOURCE_FOLDER || opening.kind == SOURCE_LIST ||
                   opening.kind == SOURCE_COCO)) {
        status = FAIL(STATUS_BAD_INPUT, "--split picks from a data.yaml, and %s is not one",
                      opening.path.data);
        goto out;
    }
    TRY(collect(&opening, dataset));
    TRY(take_unread(&opening.collection, dataset));
    if (opening.collection.images.count > 0)
        TRY(take_images(&opening, dataset));
    TRY(take_skipped(&opening.collection, dataset));
    if (dataset->images.count == 0)
        status = no_images(opening.path.data, opening.kind, &opening.collection, dataset);
out:
    collection_free(&opening.collection);
    coco_set_free(&opening.coco);
    text_free(&opening.path);
    text_free(&opening.root);
    if (status != STATUS_OK)
        dataset_free(dataset);
    return status;
}

struct label_source dataset_labels(const struct dataset *dataset, size_t n_classes) {
    return (struct label_source){.format = dataset->format,
                                 .extent = dataset->extent,
                                 .rules = {n_classes, dataset->keypoints},
                                 .n_names = dataset->n_names,
                                 .names = (const char *const *)dataset->names,
                                 .file = dataset->annotation_file,
                                 .annotations = &dataset->annotations};
}

void dataset_free(struct dataset *dataset) {
    free(dataset->root);
    free(dataset->common);
    free(dataset->extent);
    free(dataset->annotation_file);
    annotations_free(&dataset->annotations);
    free(dataset->skipped);
    packed_paths_free(&dataset->images);
    path_list_free(&dataset->unread);
    free(dataset->unread_kinds);
    for (size_t i = 0; i < dataset->n_names; i++)
        free(dataset->names[i]);
    free(dataset->names);
    *dataset = (struct dataset){0};
}

const char *dataset_image_name(const char *root, const char *path) {
    size_t length = strlen(root);
    if (length > 1 && strncmp(path, root, length) == 0 && path[length] == '/')
        return path + length + 1;
    return length == 1 && path[0] == '/' ? path + 1 : path;
}
