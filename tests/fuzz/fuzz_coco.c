/* COCO's annotations: images, categories, all objects; and decisions about some of them. */
#include "data/coco.h"
#include "data/path_list.h"
#include "fuzz_decisions.h"
#include "fuzz_file.h"
#include "review/apply/coco_edit.h"

static enum status read_all(const char *bytes, size_t length) {
    enum status status;
    struct coco coco = {0};
    struct json_scan scan = {0};
    struct coco_annotation annotation = {0};
    struct text name = {0};
    bool first;
    TRY(coco_open("input", bytes, length, &coco));
    for (size_t i = 0; i < coco.n_images; i++)
        json_span_text(bytes, coco.images[i].name, &name);
    for (size_t i = 0; i < coco.n_categories; i++)
        json_span_text(bytes, coco.categories[i].name, &name);
    while (coco_next(&coco, &scan, &first, &annotation)) {
        float xywhn[4];
        if (annotation.whole.end > length || annotation.whole.begin >= annotation.whole.end)
            abort();
        coco_box(&coco, &annotation, xywhn);
    }
    TRY(coco_check(&coco, &scan));
    status = text_status(&name);
out:
    text_free(&name);
    coco_free(&coco);
    return status;
}

static enum status edit_some(const char *bytes, size_t length) {
    enum status status;
    struct path_list names = {0};
    struct decision decisions[FUZZ_DECISIONS];
    struct label_edit edit = {0};
    fuzz_decisions_make(0, decisions);
    TRY(path_list_add(&names, "images/a.jpg"));
    TRY(coco_edit_make("input", bytes, length, &names, decisions, FUZZ_DECISIONS, &edit));
    fuzz_edit_check(bytes, length, &edit);
    /* What was made of a file that could be read can be read. */
    if (read_all(edit.after.data, edit.after.length) != STATUS_OK)
        abort();
out:
    label_edit_free(&edit);
    path_list_free(&names);
    return status;
}

void fuzz_one(const uint8_t *data, size_t size) {
    char *bytes = fuzz_text(data, size);
    enum status read = read_all(bytes, size), edited = edit_some(bytes, size);
    if (read != edited || (read != STATUS_OK && read != STATUS_BAD_INPUT))
        abort();
    free(bytes);
}
