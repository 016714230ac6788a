/* Label files, whose lines are found once for all findings that quote them. */
#include "review/pages/page_label.h"

#include <stdlib.h>

#include "base/memory.h"
#include "review/label_line.h"

enum status page_label_read(const struct page_source *source, const struct record *record,
                            struct page_label *label) {
    enum status status;
    struct label_line line = {0};
    free(label->file.bytes);
    label->n_lines = 0;
    TRY(page_source_label(source, record, &label->file));
    while (label->file.bytes && label_line_next(label->file.bytes, label->file.length, &line)) {
        TRY(memory_reserve(&label->begins, &label->capacity, label->n_lines + 1,
                           sizeof *label->begins));
        label->begins[label->n_lines++] = (uint32_t)line.begin;
    }
out:
    return status;
}

bool page_label_line(const struct page_label *label, uint32_t number, const char **line,
                     size_t *length) {
    if (number == 0 || number > label->n_lines)
        return false;
    const char *end = label->file.bytes + label->file.length;
    const char *stop = *line = label->file.bytes + label->begins[number - 1];
    while (stop < end && *stop != '\n' && *stop != '\r')
        stop++;
    *length = (size_t)(stop - *line);
    return true;
}

void page_label_free(struct page_label *label) {
    free(label->file.bytes);
    free(label->begins);
    *label = (struct page_label){0};
}
