/* Which of a folder's images have a label file. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/dataset.h"
#include "data/first_file.h"
#include "data/label_source.h"
#include "data/path.h"

/* Images of a large set that are tried before all are: a set with labels is mostly found out by the
 * first. */
enum { SAMPLES = 1000 };

/* Label paths that are tried, one after the other. */
struct search {
    struct packed_reader images;
    enum label_format format;
    struct text path, folder;
    bool folder_there; /* `folder` is that of the label tried last */
};

static void search_free(struct search *search) {
    packed_reader_free(&search->images);
    text_free(&search->path);
    text_free(&search->folder);
}

/* Whatever else is wrong with a label file is reported when it is read. */
static bool is_there(const char *path) {
    struct stat about;
    return fstatat(AT_FDCWD, path, &about, AT_SYMLINK_NOFOLLOW) == 0 ||
           (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG && errno != ELOOP);
}

/* Replaces search->path; remembers whether there is a folder at all, which a misnamed one fails
 * for. */
static enum status try_label(struct search *search, size_t index, bool *found) {
    enum status status;
    struct text *path = &search->path, *folder = &search->folder;
    const char *image;
    TRY(packed_reader_get(&search->images, index, &image));
    TRY(label_source_path(search->format, NULL, image, path));
    size_t length = path_folder_length(path->data);
    if (folder->length != length || memcmp(folder->data, path->data, length) != 0) {
        text_clear(folder);
        text_bytes(folder, path->data, length);
        TRY(text_status(folder));
        search->folder_there = is_there(folder->data);
    }
    *found = search->folder_there && is_there(path->data);
out:
    return status;
}

static enum status try_each(struct search *search, size_t step, bool *found) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < search->images.paths->count && !*found; i += step)
        TRY(try_label(search, i, found));
out:
    return status;
}

static enum status try_all(struct search *search, bool *found) {
    enum status status;
    *found = false;
    TRY(try_each(search, search->images.paths->count / SAMPLES + 1, found));
    if (!*found)
        TRY(try_each(search, 1, found));
out:
    return status;
}

enum status dataset_find_format(struct dataset *dataset) {
    enum status status;
    struct search search = {.images.paths = &dataset->images, .format = LABEL_FORMAT_YOLO};
    bool found;
    TRY(try_all(&search, &found));
    if (found)
        goto out;
    search.format = LABEL_FORMAT_VOC;
    TRY(try_all(&search, &found));
    dataset->format = found ? LABEL_FORMAT_VOC : LABEL_FORMAT_YOLO;
out:
    search_free(&search);
    return status;
}

/* COCO's annotations may lie with the images: below the root, or with those of each split. */
static void say_json(const char *root, const char *image, struct text *text) {
    static const char *const suffixes[] = {".json", NULL};
    size_t root_length = strlen(root), beside = path_folder_length(image);
    const struct {
        const char *begin;
        size_t length;
        const char *end;
    } places[] = {
        {root, root_length, ""}, {root, root_length, "/annotations"}, {image, beside, ""}};
    struct text folder = {0};
    char *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
        text_clear(&folder);
        text_bytes(&folder, places[i].begin, places[i].length);
        text_string(&folder, places[i].end);
        found = folder.failed ? NULL : first_file(folder.data, suffixes);
        if (found)
            text_format(text, "; or give %s/%s, if that is COCO's annotations", folder.data, found);
    }
    free(found);
    text_free(&folder);
}

enum status dataset_check_labels(const struct dataset *dataset) {
    enum status status;
    struct search search = {.images.paths = &dataset->images, .format = dataset->format};
    struct text more = {0};
    bool found;
    if (dataset->format == LABEL_FORMAT_COCO)
        return STATUS_OK;
    TRY(try_all(&search, &found));
    if (found)
        goto out;
    const char *first;
    TRY(packed_reader_get(&search.images, 0, &first));
    TRY(label_path_text(first, &search.path));
    say_json(dataset->root, first, &more);
    TRY(text_status(&more));
    status = FAIL(STATUS_BAD_INPUT,
                  "no image has a label file: that of %s was looked for at %s; 'images' or "
                  "'JPEGImages' in a path becomes 'labels', else a label lies beside its image%s",
                  first, search.path.data, more.length ? more.data : "");
out:
    text_free(&more);
    search_free(&search);
    return status;
}
