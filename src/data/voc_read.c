/* Reads Pascal VOC's annotations as labels. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/excerpt.h"
#include "data/index_set.h"
#include "data/voc.h"
#include "data/xml_scan.h"

enum status voc_path(const char *image, struct text *path) {
    enum status status;
    struct text label = {0};
    TRY(label_path_text(image, &label));
    /* Where the two part, the one has a folder of images, the other "labels". */
    size_t same = 0;
    while (image[same] && image[same] == label.data[same])
        same++;
    const char *slash = strrchr(image, '/'), *dot = strrchr(image, '.');
    size_t name = slash ? (size_t)(slash - image) + 1 : 0;
    size_t end = dot && dot >= image + name ? (size_t)(dot - image) : strlen(image);
    text_clear(path);
    if (same < name) {
        text_bytes(path, image, same);
        text_string(path, "Annotations");
        same += strcspn(image + same, "/");
    } else {
        same = 0;
    }
    text_bytes(path, image + same, end - same);
    text_string(path, ".xml");
    status = text_status(path);
out:
    text_free(&label);
    return status;
}

struct reading {
    const struct label_source *source;
    const char *bytes;
    struct voc voc;
    struct text name, reason;
    struct label_file *file;
};

static enum status no_class(struct reading *reading, uint32_t number) {
    enum status status;
    text_clear(&reading->reason);
    text_string(&reading->reason, "none of the classes is called '");
    text_excerpt(&reading->reason, reading->name.data, reading->name.length);
    text_string(&reading->reason, "'");
    TRY(text_status(&reading->reason));
    status = label_file_refuse(reading->file, number, reading->reason.data);
out:
    return status;
}

static enum status take_object(struct reading *reading, size_t index) {
    const struct label_source *source = reading->source;
    const struct voc_object *object = &reading->voc.objects[index];
    struct label label = {.line = (uint32_t)index + 1,
                          .form = object->outlined ? LABEL_POLYGON : LABEL_BOX};
    xml_scan_text(reading->bytes, object->name.begin, object->name.end, &reading->name);
    if (text_status(&reading->name) != STATUS_OK)
        return STATUS_FAILED;
    size_t class = voc_class(source->names, source->n_names, reading->name.data);
    if (class == source->n_names)
        return no_class(reading, label.line);
    label.class = (uint32_t) class;
    const char *wrong = voc_box(reading->bytes, &reading->voc, object, label.xywhn);
    return wrong ? label_file_refuse(reading->file, label.line, wrong)
                 : label_file_take(reading->file, &label, &source->rules);
}

static enum status take_objects(struct reading *reading, size_t length) {
    enum status status;
    const char *problem;
    label_file_begin(reading->file);
    TRY(voc_parse(reading->bytes, length, &reading->voc, &problem));
    if (problem) {
        text_format(&reading->reason, "not VOC's annotations: %s", problem);
        TRY(text_status(&reading->reason));
        TRY(label_file_refuse(reading->file, 0, reading->reason.data));
    }
    for (size_t i = 0; i < reading->voc.n_objects; i++) {
        if (i == LABEL_FILE_LINES) {
            TRY(label_file_refuse(reading->file, (uint32_t)i + 1,
                                  "more than 10000 labels; the rest of the file is not read"));
            break;
        }
        TRY(take_object(reading, i));
    }
    status = label_file_write(reading->file);
out:
    return status;
}

enum status voc_read(const struct label_source *source, const char *path, const char *image,
                     struct label_file *file) {
    enum status status;
    struct reading reading = {.source = source, .file = file};
    char *bytes = NULL;
    TRY(label_file_open(path, image, source->extent, file));
    if (!file->content.bytes)
        goto out;
    size_t length = file->content.length;
    reading.bytes = bytes = file->content.bytes;
    file->content.bytes = NULL;
    status = take_objects(&reading, length);
out:
    free(bytes);
    voc_free(&reading.voc);
    text_free(&reading.name);
    text_free(&reading.reason);
    return status;
}

/* ---------------------------------------------------------------- names */

static bool equal_name(const void *context, size_t index, const void *key) {
    return strcmp(path_list_get(context, index), key) == 0;
}

static enum status add_names(const struct file_bytes *content, struct index_set *known,
                             struct path_list *names) {
    enum status status;
    struct voc voc = {0};
    struct text name = {0};
    const char *problem;
    TRY(voc_parse(content->bytes, content->length, &voc, &problem));
    for (size_t i = 0; i < voc.n_objects; i++) {
        xml_scan_text(content->bytes, voc.objects[i].name.begin, voc.objects[i].name.end, &name);
        TRY(text_status(&name));
        uint32_t hash = index_set_hash(name.data, name.length);
        if (!name.length || strlen(name.data) != name.length ||
            index_set_find(known, hash, equal_name, names, name.data) != INDEX_SET_NONE)
            continue;
        TRY(path_list_add(names, name.data));
        TRY(index_set_add(known, hash, names->count - 1));
    }
out:
    voc_free(&voc);
    text_free(&name);
    return status;
}

enum status voc_names(const struct packed_paths *images, const char *extent,
                      struct path_list *names) {
    enum status status = STATUS_OK;
    struct index_set known = {0};
    struct packed_reader reader = {.paths = images};
    const char *image;
    struct text path = {0};
    struct label_file file = {0};
    for (size_t i = 0; i < images->count; i++) {
        TRY(packed_reader_get(&reader, i, &image));
        TRY(voc_path(image, &path));
        TRY(label_file_open(path.data, image, extent, &file));
        if (file.content.bytes)
            TRY(add_names(&file.content, &known, names));
    }
    status = path_list_sort(names, 0);
out:
    index_set_free(&known);
    packed_reader_free(&reader);
    text_free(&path);
    label_file_free(&file);
    return status;
}
