/* The lines of a label file as bytes, numbered as data/label.h numbers them. */
#ifndef VERIFY_REVIEW_LABEL_LINE_H
#define VERIFY_REVIEW_LABEL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LABEL_LINE_MARK = 3,     /* bytes of UTF-8's byte order mark */
    LABEL_LINE_BOX = 5,      /* columns of a box: class, centre, width, height */
    LABEL_LINE_BOX_MOST = 6, /* with a confidence; what has more has points */
};

/* A column, or what stands in one. */
struct label_column {
    size_t begin, end;
};

struct label_line {
    uint32_t number;         /* from 1 */
    size_t begin, end, next; /* without a byte order mark; without its end; behind its end */
    size_t n_columns;        /* however many */
    struct label_column columns[LABEL_LINE_BOX]; /* the first ones */
};

/* Whether a text begins with a byte order mark. */
bool label_line_marked(const char *bytes, size_t length);

/* The next line of a text; the first one for a zeroed struct. False: there is none. */
bool label_line_next(const char *bytes, size_t length, struct label_line *line);

/* Whether the line is this text: bytes that are no UTF-8 are U+FFFD in it, as JSON has them, and
 * blanks around it do not matter. */
bool label_line_is(const char *bytes, const struct label_line *line, const char *text,
                   size_t text_length);

#endif
