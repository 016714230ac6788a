/* The label file of a record, line by line. */
#ifndef VERIFY_REVIEW_PAGES_PAGE_LABEL_H
#define VERIFY_REVIEW_PAGES_PAGE_LABEL_H

#include "review/pages/page_source.h"

struct page_line {
    uint32_t number;
    uint32_t begin; /* in the file's bytes */
};

struct page_label {
    struct file_bytes file; /* as page_source_label has it; owned */
    size_t n_lines, capacity;
    struct page_line *lines; /* [n_lines], by number; owned */
};

/* Replaces what the label holds by the record's label file; one that cannot be read has no lines.
 * Where the data set's labels are no lines, its valid ones are written as such. Start with a zeroed
 * label. */
enum status page_label_read(const struct page_source *source, const struct record *record,
                            struct page_label *label);
/* Finds line `number` (from 1), as data/label.h numbers them, without its end and a byte order
 * mark. False: there is none. */
bool page_label_line(const struct page_label *label, uint32_t number, const char **line,
                     size_t *length);
void page_label_free(struct page_label *label);

#endif
