/* The page's data on copies of pictures: which are shown together, and which of their labels the
 * others lack. */
#include <stdlib.h>

#include "base/memory.h"
#include "output/fields.h"
#include "output/near_groups.h"
#include "review/pages/page_script.h"
#include "review/pages/page_texts.h"

/* A picture of the group at hand. */
struct copy {
    bool found;
    uint32_t width, height;
    struct sketch_labels labels;
    bool lacking[SKETCH_LABELS]; /* which of them another picture has none like */
    double boxes[SKETCH_LABELS][4];
    int64_t classes[SKETCH_LABELS];
};

static void read_labels(const struct record *record, struct copy *copy) {
    copy->width = record->width;
    copy->height = record->height;
    copy->labels.count = (uint32_t)record->n_boxes;
    for (size_t i = 0; i < record->n_boxes && i < SKETCH_LABELS; i++) {
        const struct record_box *box = &record->boxes[i];
        float xywhn[4];
        for (int k = 0; k < 4; k++) {
            copy->boxes[i][k] = box->xywhn[k];
            xywhn[k] = (float)box->xywhn[k];
        }
        copy->classes[i] = box->class;
        copy->labels.items[i] = sketch_label_make((uint32_t)box->class, xywhn);
        copy->lacking[i] = false;
        copy->labels.kept = (uint32_t)i + 1;
    }
}

/* Marks those of a picture's labels that any of the others lacks. */
static void mark_lacking(struct copy *copies, size_t n, size_t own) {
    bool lacking[SKETCH_LABELS];
    for (size_t other = 0; other < n; other++) {
        if (other == own || !copies[other].found)
            continue;
        sketch_labels_lacking(&copies[own].labels, &copies[other].labels, lacking);
        for (size_t i = 0; i < copies[own].labels.kept; i++)
            copies[own].lacking[i] |= lacking[i];
    }
}

static void boxes_write(const struct copy *copy, struct text *text) {
    field_key(text, "boxes");
    text_string(text, "[");
    for (size_t i = 0; i < copy->labels.kept; i++) {
        if (!copy->lacking[i])
            continue;
        field_next(text);
        text_format(text, "[%lld", (long long)copy->classes[i]);
        page_script_four(text, copy->boxes[i]);
        text_string(text, "]");
    }
    text_string(text, "]");
}

static void copy_write(const struct copy *copy, size_t cell, bool unread, struct text *text) {
    field_next(text);
    text_string(text, "{");
    if (copy->found && !unread) {
        field_count(text, "cell", cell);
        field_count(text, "width", copy->width);
        field_count(text, "height", copy->height);
    }
    boxes_write(copy, text);
    text_string(text, "}");
}

/* The group whose pictures' names begin at `first`. */
static enum status group_write(const struct page_plan *plan, size_t group, size_t first,
                               const uint8_t *unread, struct record_reader *reader,
                               struct copy *copies, struct text *text) {
    enum status status = STATUS_OK;
    size_t n = plan->copies->shown[group], crop = plan->n_findings + first;
    for (size_t i = 0; i < n; i++) {
        const struct record *record;
        uint64_t offset = page_plan_offset(plan, crop + i);
        copies[i].found = offset != PAGE_NO_RECORD;
        copies[i].labels.count = copies[i].labels.kept = 0;
        if (!copies[i].found)
            continue;
        TRY(records_at(reader, offset, &record));
        read_labels(record, &copies[i]);
    }
    for (size_t i = 0; i < n && plan->copies->differ[group]; i++)
        mark_lacking(copies, n, i);
    field_next(text);
    text_string(text, "[");
    for (size_t i = 0; i < n; i++)
        copy_write(&copies[i], crop + i, unread[crop + i], text);
    text_string(text, "]");
out:
    return status;
}

enum status page_copies_text(const struct page_plan *plan, const uint8_t *unread,
                             struct record_reader *reader, struct text *text) {
    enum status status;
    struct copy *copies = NULL;
    size_t first = 0;
    TRY(memory_zeroed(PAGE_COPIES_SHOWN, sizeof *copies, &copies));
    page_script_begin("copies", 0, text);
    text_string(text, "[");
    for (size_t group = 0; group < plan->copies->n_groups; group++) {
        TRY(group_write(plan, group, first, unread, reader, copies, text));
        first += plan->copies->shown[group];
    }
    text_string(text, "]");
    status = page_script_end(text);
out:
    free(copies);
    return status;
}
