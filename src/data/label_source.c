/* Reads labels in each form that a data set may have them in. */
#include "data/label_source.h"

#include <string.h>

#include "data/voc.h"

const char *label_format_name(enum label_format format) {
    static const char *const names[LABEL_FORMATS] = {"yolo", "coco", "voc"};
    return names[format];
}

enum label_format label_format_of(const char *name) {
    size_t format = 0;
    while (format < LABEL_FORMATS &&
           strcmp(label_format_name((enum label_format)format), name) != 0)
        format++;
    return (enum label_format)format;
}

enum status label_source_path(enum label_format format, const char *file, const char *image,
                              struct text *path) {
    if (format == LABEL_FORMAT_YOLO)
        return label_path_text(image, path);
    if (format == LABEL_FORMAT_VOC)
        return voc_path(image, path);
    text_clear(path);
    text_string(path, file);
    return text_status(path);
}

enum status label_source_read(const struct label_source *source, const char *path,
                              const char *image, uint64_t place, struct label_file *file) {
    if (source->format == LABEL_FORMAT_COCO)
        return annotations_read(source->annotations, place, &source->rules, file);
    if (source->format == LABEL_FORMAT_VOC)
        return voc_read(source, path, image, file);
    return label_file_read(path, image, source->extent, &source->rules, file);
}
