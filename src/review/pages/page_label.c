/* Label files, whose lines are found once for all findings that quote them. */
#include "review/pages/page_label.h"

#include <stdlib.h>

#include "base/memory.h"
#include "review/label_line.h"

static enum status add_line(struct page_label *label, uint32_t number, size_t begin) {
    enum status status;
    TRY(memory_reserve(&label->lines, &label->capacity, label->n_lines + 1, sizeof *label->lines));
    label->lines[label->n_lines++] = (struct page_line){number, (uint32_t)begin};
out:
    return status;
}

/* Of other forms than lines, a label is quoted as the line that says the same. */
static enum status make_lines(const struct record *record, struct page_label *label) {
    enum status status = STATUS_OK;
    struct text text = {0};
    for (size_t i = 0; i < record->n_boxes; i++) {
        const struct record_box *box = &record->boxes[i];
        struct label said = {.line = box->line, .class = (uint32_t)box->class};
        for (size_t k = 0; k < 4; k++)
            said.xywhn[k] = (float)box->xywhn[k];
        TRY(add_line(label, box->line, text.length));
        label_text(&said, &text);
    }
    TRY(text_status(&text));
    label->file = (struct file_bytes){.bytes = text.data, .length = text.length};
    text = (struct text){0};
out:
    text_free(&text);
    return status;
}

enum status page_label_read(const struct page_source *source, const struct record *record,
                            struct page_label *label) {
    enum status status;
    struct label_line line = {0};
    free(label->file.bytes);
    label->file = (struct file_bytes){0};
    label->n_lines = 0;
    if (source->results->format != LABEL_FORMAT_YOLO)
        return make_lines(record, label);
    TRY(page_source_label(source, record, &label->file));
    while (label->file.bytes && label_line_next(label->file.bytes, label->file.length, &line))
        TRY(add_line(label, line.number, line.begin));
out:
    return status;
}

static int compare_numbers(const void *key, const void *line) {
    uint32_t number = *(const uint32_t *)key, other = ((const struct page_line *)line)->number;
    return (number > other) - (number < other);
}

bool page_label_line(const struct page_label *label, uint32_t number, const char **line,
                     size_t *length) {
    const struct page_line *found = label->n_lines ? bsearch(&number, label->lines, label->n_lines,
                                                             sizeof *found, compare_numbers)
                                                   : NULL;
    if (!found)
        return false;
    const char *end = label->file.bytes + label->file.length;
    const char *stop = *line = label->file.bytes + found->begin;
    while (stop < end && *stop != '\n' && *stop != '\r')
        stop++;
    *length = (size_t)(stop - *line);
    return true;
}

void page_label_free(struct page_label *label) {
    free(label->file.bytes);
    free(label->lines);
    *label = (struct page_label){0};
}
