/* Counts label files that belong to no image. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/dataset.h"
#include "data/file_bytes.h"
#include "data/index_set.h"
#include "data/label_source.h"
#include "data/path.h"

/* The label paths of the pictures are not kept: the set holds their numbers, and the few label
 * paths that a look-up compares are made again. Pictures that are not read have numbers behind the
 * images'. */
struct counter {
    const struct dataset *dataset;
    const atomic_bool *stop;
    struct packed_reader images;
    struct index_set labels;  /* numbers of pictures, by the label path's bytes */
    struct path_list folders; /* the label files' folders, each once */
    struct index_set folder_set;
    struct text path;
    uint64_t orphans;
};

struct label_key {
    struct packed_reader *images;
    struct text *made; /* of a picture, to compare with */
    const char *wanted;
};

static bool stopped(const struct counter *counter) {
    return counter->stop && atomic_load(counter->stop);
}

static size_t picture_count(const struct dataset *dataset) {
    return dataset->images.count + dataset->unread.count;
}

static enum status picture_path(const struct dataset *dataset, struct packed_reader *images,
                                size_t index, const char **path) {
    size_t n_images = dataset->images.count;
    if (index < n_images)
        return packed_reader_get(images, index, path);
    *path = path_list_get(&dataset->unread, index - n_images);
    return STATUS_OK;
}

static bool equal_folder(const void *context, size_t index, const void *key) {
    return strcmp(path_list_get(context, index), key) == 0;
}

static bool equal_label(const void *context, size_t index, const void *key) {
    const struct label_key *label = key;
    const struct dataset *dataset = context;
    const char *picture;
    return picture_path(dataset, label->images, index, &picture) == STATUS_OK &&
           label_source_path(dataset->format, NULL, picture, label->made) == STATUS_OK &&
           strcmp(label->made->data, label->wanted) == 0;
}

static enum status add_folder(struct counter *counter, const char *folder) {
    enum status status = STATUS_OK;
    uint32_t hash = index_set_hash(folder, strlen(folder));
    if (index_set_find(&counter->folder_set, hash, equal_folder, &counter->folders, folder) !=
        INDEX_SET_NONE)
        goto out;
    TRY(path_list_add(&counter->folders, folder));
    TRY(index_set_add(&counter->folder_set, hash, counter->folders.count - 1));
out:
    return status;
}

static enum status add_labels(struct counter *counter) {
    enum status status;
    size_t folder_length = 0; /* of the last image's label file */
    struct text last = {0};
    size_t count = picture_count(counter->dataset);
    TRY(index_set_reserve(&counter->labels, count));
    for (size_t i = 0; i < count && !stopped(counter); i++) {
        const char *picture;
        TRY(picture_path(counter->dataset, &counter->images, i, &picture));
        TRY(label_source_path(counter->dataset->format, NULL, picture, &counter->path));
        char *path = counter->path.data;
        TRY(index_set_add(&counter->labels, index_set_hash(path, counter->path.length), i));
        size_t length = path_folder_length(path);
        path[length] = '\0';
        if (last.data && length == folder_length && memcmp(path, last.data, length) == 0)
            continue;
        TRY(add_folder(counter, path));
        text_clear(&last);
        text_bytes(&last, path, length);
        TRY(text_status(&last));
        folder_length = length;
    }
out:
    text_free(&last);
    return status;
}

static bool may_be_label(enum label_format format, int folder, const struct dirent *entry) {
    const char *name = entry->d_name;
    const char *suffix = format == LABEL_FORMAT_VOC ? ".xml" : ".txt";
    size_t length = strlen(name);
    if (name[0] == '.' || length < 4 || strcmp(name + length - 4, suffix) != 0 ||
        strcmp(name, "classes.txt") == 0)
        return false;
    struct stat info;
    return entry->d_type == DT_REG ||
           (entry->d_type != DT_DIR && fstatat(folder, name, &info, 0) == 0 &&
            S_ISREG(info.st_mode));
}

static enum status count_folder(struct counter *counter, const char *folder, struct text *made) {
    enum status status = STATUS_OK;
    DIR *stream = opendir(folder);
    if (!stream && file_error_is_machine(errno))
        return FAIL(STATUS_FAILED, "cannot read the folder %s: %s", folder, strerror(errno));
    if (!stream)
        return STATUS_OK;
    const struct dirent *entry;
    while (!stopped(counter) && (entry = readdir(stream)) != NULL) {
        if (!may_be_label(counter->dataset->format, dirfd(stream), entry))
            continue;
        struct text *path = &counter->path;
        text_clear(path);
        text_format(path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, entry->d_name);
        TRY(text_status(path));
        const struct label_key key = {&counter->images, made, path->data};
        counter->orphans +=
            index_set_find(&counter->labels, index_set_hash(path->data, path->length), equal_label,
                           counter->dataset, &key) == INDEX_SET_NONE;
        TRY(status_worse(text_status(made), text_status(&counter->images.path)));
    }
out:
    closedir(stream);
    return status;
}

enum status dataset_count_orphans(const struct dataset *dataset, const atomic_bool *stop,
                                  uint64_t *orphans) {
    enum status status;
    struct counter counter = {.dataset = dataset, .stop = stop, .images.paths = &dataset->images};
    struct text made = {0};
    *orphans = 0;
    if (dataset->format == LABEL_FORMAT_COCO)
        return STATUS_OK;
    TRY(add_labels(&counter));
    /* Stopped before all labels of the pictures were known, it would take some for orphans. */
    for (size_t i = 0; i < counter.folders.count && !stopped(&counter); i++)
        TRY(count_folder(&counter, path_list_get(&counter.folders, i), &made));
    *orphans = counter.orphans;
out:
    packed_reader_free(&counter.images);
    index_set_free(&counter.labels);
    path_list_free(&counter.folders);
    index_set_free(&counter.folder_set);
    text_free(&counter.path);
    text_free(&made);
    return status;
}
