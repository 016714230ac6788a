/* Hands out the labels that one file has of all images. */
#include "data/annotations.h"

#include <stdlib.h>

void annotations_free(struct annotations *annotations) {
    free(annotations->starts);
    free(annotations->items);
    *annotations = (struct annotations){0};
}

static const char *reason_of(enum annotation_problem problem) {
    static const char *const reasons[] = {
        [ANNOTATION_GOOD] = "",
        [ANNOTATION_NO_BOX] = "'bbox' is not four numbers",
        [ANNOTATION_NO_SIZE] = "its image has no 'width' and 'height' in the file",
        [ANNOTATION_NO_CATEGORY] = "'category_id' is none of the categories",
    };
    return reasons[problem];
}

enum status annotations_read(const struct annotations *annotations, uint64_t image,
                             const struct label_rules *rules, struct label_file *file) {
    enum status status = STATUS_OK;
    label_file_begin(file);
    if (image >= annotations->n_images)
        return FAIL(STATUS_FAILED, "no annotations are kept of image %llu",
                    (unsigned long long)image);
    for (uint64_t i = annotations->starts[image]; i < annotations->starts[image + 1]; i++) {
        const struct annotation *item = &annotations->items[i];
        if (i - annotations->starts[image] == LABEL_FILE_LINES) {
            TRY(label_file_refuse(file, item->label.line,
                                  "more than 10000 labels; the rest of the image's are not read"));
            break;
        }
        if (item->problem != ANNOTATION_GOOD)
            TRY(label_file_refuse(file, item->label.line, reason_of(item->problem)));
        else
            TRY(label_file_take(file, &item->label, rules));
    }
    status = label_file_write(file);
out:
    return status;
}
