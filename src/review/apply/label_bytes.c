/* Reads label files for what is to be written in their place. */
#include "review/apply/label_bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "data/coco.h"

enum status label_bytes_read(enum label_format format, const char *path, const char *image,
                             struct file_bytes *file, bool *link) {
    enum status status;
    struct label_file labels = {0};
    size_t limit =
        format == LABEL_FORMAT_COCO ? (size_t)COCO_GIB << 30 : (size_t)LABEL_FILE_MIB << 20;
    TRY(file_bytes_read_plain(path, limit, file));
    *link = file->error == ELOOP;
    if (!*link)
        goto out;
    /* The user has named COCO's file, a link or not. */
    if (format == LABEL_FORMAT_COCO)
        return file_bytes_read(path, limit, file);
    TRY(label_file_open(path, image, "", &labels));
    *file = labels.content;
    labels.content = (struct file_bytes){0};
    if (labels.absent)
        file->missing = true;
    else if (!file->bytes && !file->problem[0])
        snprintf(file->problem, sizeof file->problem, "is a link that is not followed");
out:
    label_file_free(&labels);
    return status;
}
