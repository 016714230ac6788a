/* The formats, a row each. */
#include <string.h>

#include "job/export_formats.h"
#include "review/export/format.h"
#include "review/export/out_file.h"

#define DECLARE(name, word) extern const struct export_format export_##name;
EXPORT_FORMATS(DECLARE)

#define ROW(name, word) &export_##name,
static const struct export_format *const formats[] = {EXPORT_FORMATS(ROW)};

const struct export_format *export_format_find(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

enum status export_file_open(const struct export_target *target, const char *name,
                             struct out_file *file) {
    const struct export_folder *folder = target->folder;
    return out_file_open(folder->draft, folder->draft_path.data, name, file);
}

enum status export_file_write(const struct export_target *target, const char *name,
                              const struct text *text) {
    const struct location location = {target->folder->draft, target->folder->draft_path.data, name};
    enum status status = text_status(text);
    return status == STATUS_OK
               ? file_write(&location, text->length ? text->data : "", text->length, false)
               : status;
}
