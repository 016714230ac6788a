/* Where an image's label file is. */
#include <string.h>

#include "base/memory.h"
#include "data/label.h"

static bool is_image_folder(const char *name, size_t length) {
    return (length == 6 && memcmp(name, "images", 6) == 0) ||
           (length == 10 && memcmp(name, "JPEGImages", 10) == 0);
}

enum status label_path_text(const char *image_path, struct text *out) {
    const char *slash = strrchr(image_path, '/');
    const char *name = slash ? slash + 1 : image_path;
    const char *dot = strrchr(name, '.');
    const char *end = dot ? dot : name + strlen(name);

    const char *folder = NULL; /* the last component before the name that holds images */
    size_t folder_length = 0;
    for (const char *at = image_path; at < name;) {
        size_t length = strcspn(at, "/");
        if (is_image_folder(at, length)) {
            folder = at;
            folder_length = length;
        }
        at += length + 1;
    }

    text_clear(out);
    if (folder) {
        text_bytes(out, image_path, (size_t)(folder - image_path));
        text_string(out, "labels");
        text_bytes(out, folder + folder_length, (size_t)(end - folder) - folder_length);
    } else {
        text_bytes(out, image_path, (size_t)(end - image_path));
    }
    text_string(out, ".txt");
    return text_status(out);
}

enum status label_path(const char *image_path, char **out) {
    struct text text = {0};
    enum status status = label_path_text(image_path, &text);
    if (status != STATUS_OK) {
        text_free(&text);
        return status;
    }
    *out = text.data;
    return STATUS_OK;
}
