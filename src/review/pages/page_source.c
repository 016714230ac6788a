/* Where the pictures and labels of a page lie. */
#include "review/pages/page_source.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "data/label.h"
#include "data/path.h"
#include "output/below.h"
#include "output/place.h"
#include "output/run_file.h"

enum status page_source_open(const struct run_results *results, struct page_source *source) {
    enum status status;
    char extent[PATH_MAX] = "";
    *source = (struct page_source){.results = results, .output = -1};
    TRY(output_folder_open(results->output, false, &source->output));
    TRY(run_file_root(results->output, &source->root));
    TRY(run_file_common(results->output, &source->common));
    if (!realpath(results->root, extent))
        extent[0] = '\0';
    TRY(memory_string(extent, &source->extent));
out:
    return status;
}

void page_source_close(struct page_source *source) {
    if (source->output >= 0)
        close(source->output);
    free(source->root);
    free(source->common);
    free(source->extent);
    *source = (struct page_source){.output = -1};
}

/* Replaces *path by the name of a file of the record's image below the output folder: in its
 * bucket, in `folder` there, its path below what all images have in common. Empty: not known. */
static enum status placed_name(const struct page_source *source, const struct record *record,
                               const char *folder, struct text *path) {
    enum status status = STATUS_OK;
    struct text image = {0};
    text_clear(path);
    if (record->bucket == BUCKET_FAILED || !source->common || !source->root)
        return STATUS_OK;
    if (*record->image != '/')
        text_format(&image, "%s/", strcmp(source->root, "/") == 0 ? "" : source->root);
    text_string(&image, record->image);
    TRY(text_status(&image));
    size_t common = strlen(source->common);
    while (common > 0 && source->common[common - 1] == '/')
        common--;
    if (strncmp(image.data, source->common, common) == 0 && image.data[common] == '/')
        text_format(path, "%s/%s%s", bucket_name(record->bucket), folder, image.data + common);
    TRY(text_status(path));
out:
    text_free(&image);
    return status;
}

enum status page_source_placed(const struct page_source *source, const struct record *record,
                               struct text *path) {
    enum status status;
    struct stat about;
    TRY(placed_name(source, record, IMAGES_FOLDER, path));
    if (path->length &&
        !(fstatat(source->output, path->data, &about, 0) == 0 && S_ISREG(about.st_mode)))
        text_clear(path);
out:
    return status;
}

/* The picture's other name, or its copy: a link may lead anywhere. */
static enum status read_placed(const struct page_source *source, const struct record *record,
                               const struct image_part *part, struct image *image) {
    enum status status;
    struct stat about;
    struct text path = {0}, whole = {0};
    TRY(page_source_placed(source, record, &path));
    if (path.length == 0 || fstatat(source->output, path.data, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(about.st_mode)) {
        status = FAIL(STATUS_BAD_INPUT, "not in the output");
        goto out;
    }
    text_format(&whole, "%s/%s", source->results->output, path.data);
    TRY(text_status(&whole));
    status = image_read_part(whole.data, part, image);
out:
    text_free(&path);
    text_free(&whole);
    return status;
}

enum status page_source_image(const struct page_source *source, const struct record *record,
                              const struct image_part *part, struct image *image) {
    enum status status;
    struct text path = {0};
    TRY(run_results_path(source->results, record->image, &path));
    status = image_read_part(path.data, part, image);
    if (status == STATUS_BAD_INPUT)
        status = read_placed(source, record, part, image);
out:
    text_free(&path);
    return status;
}

/* Reads an open file to its end; one that is too large or cannot be read has no bytes. */
static enum status read_open(int file, struct file_bytes *label) {
    enum status status = STATUS_OK;
    struct stat about;
    if (fstat(file, &about) != 0 || about.st_size > (off_t)LABEL_FILE_MIB << 20)
        return STATUS_OK;
    TRY(memory_zeroed((size_t)about.st_size + 1, 1, &label->bytes));
    ssize_t length = file_read(file, label->bytes, (size_t)about.st_size);
    if (length >= 0) {
        label->length = (size_t)length;
    } else {
        free(label->bytes);
        label->bytes = NULL;
    }
out:
    return status;
}

/* Nothing on the way to it is a link. */
static enum status read_placed_label(const struct page_source *source, const struct record *record,
                                     struct file_bytes *label) {
    enum status status;
    struct text path = {0};
    char name[PATH_MAX];
    int file = -1;
    TRY(placed_name(source, record, LABELS_FOLDER, &path));
    if (path.length == 0 || label_name(path.data, name) != STATUS_OK)
        goto out;
    const struct location location = {source->output, source->results->output, name};
    if (below_file(&location, O_RDONLY, 0, &file) == 0)
        status = read_open(file, label);
out:
    if (file >= 0)
        close(file);
    text_free(&path);
    return status;
}

enum status page_source_label(const struct page_source *source, const struct record *record,
                              struct file_bytes *label) {
    enum status status;
    struct text path = {0}, image = {0};
    struct label_file read = {0};
    *label = (struct file_bytes){0};
    if (!record->label)
        return STATUS_OK;
    TRY(read_placed_label(source, record, label));
    if (label->bytes)
        goto out;
    TRY(run_results_path(source->results, record->label, &path));
    TRY(run_results_path(source->results, record->image, &image));
    TRY(label_file_read(path.data, image.data, source->extent, NULL, &read));
    *label = read.content;
    read.content = (struct file_bytes){0};
out:
    label_file_free(&read);
    text_free(&path);
    text_free(&image);
    return status;
}
