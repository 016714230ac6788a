/* Pascal VOC's annotations: read as labels; and decisions about some of them. */
#include "data/voc.h"
#include "fuzz_decisions.h"
#include "fuzz_file.h"
#include "review/apply/voc_edit.h"

enum { CLASSES = 2 };
static const char *const names[CLASSES] = {"person", "traffic & <light>"};

/* Through the file, and so with its rule of links. */
static void read_labels(const uint8_t *data, size_t size) {
    char folder[] = "/tmp/verify-fuzz-XXXXXX", path[64];
    struct label_file file = {0};
    if (!mkdtemp(folder))
        abort();
    snprintf(path, sizeof path, "%s/a.xml", folder);
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(data, 1, size, out) != size || fclose(out) != 0)
        abort();
    const struct label_source source = {.format = LABEL_FORMAT_VOC,
                                        .extent = folder,
                                        .rules = {.n_classes = CLASSES},
                                        .n_names = CLASSES,
                                        .names = names};
    if (voc_read(&source, path, "a.jpg", &file) != STATUS_OK)
        abort();
    for (size_t i = 0; i < file.n_labels; i++)
        if (file.labels[i].class >= CLASSES)
            abort();
    label_file_free(&file);
    remove(path);
    rmdir(folder);
}

static void edit_some(const char *bytes, size_t length) {
    struct voc voc = {0};
    const char *problem;
    struct decision decisions[FUZZ_DECISIONS];
    struct label_edit edit = {0};
    fuzz_decisions_make(0, decisions);
    if (voc_parse(bytes, length, &voc, &problem) != STATUS_OK ||
        voc_edit_make(bytes, length, names, CLASSES, decisions, FUZZ_DECISIONS, &edit) != STATUS_OK)
        abort();
    bool good = !problem;
    voc_free(&voc);
    if (good) {
        fuzz_edit_check(bytes, length, &edit);
        /* What was made of a file that could be read can be read. */
        if (voc_parse(edit.after.data, edit.after.length, &voc, &problem) != STATUS_OK || problem)
            abort();
        voc_free(&voc);
    }
    label_edit_free(&edit);
}

void fuzz_one(const uint8_t *data, size_t size) {
    char *bytes = fuzz_text(data, size);
    read_labels(data, size);
    edit_some(bytes, size);
    free(bytes);
}
