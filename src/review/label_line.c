/* Finds the lines of label files, and their columns. */
#include "review/label_line.h"

#include <string.h>

#include "base/shown.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

bool label_line_marked(const char *bytes, size_t length) {
    return length >= LABEL_LINE_MARK && memcmp(bytes, "\xef\xbb\xbf", LABEL_LINE_MARK) == 0;
}

static void find_columns(const char *bytes, struct label_line *line) {
    line->n_columns = 0;
    for (size_t at = line->begin; at < line->end;) {
        while (at < line->end && is_blank(bytes[at]))
            at++;
        size_t begin = at;
        while (at < line->end && !is_blank(bytes[at]))
            at++;
        if (at > begin && line->n_columns++ < LABEL_LINE_BOX)
            line->columns[line->n_columns - 1] = (struct label_column){begin, at};
    }
}

bool label_line_next(const char *bytes, size_t length, struct label_line *line) {
    size_t at =
        line->number == 0 && label_line_marked(bytes, length) ? LABEL_LINE_MARK : line->next;
    if (at >= length)
        return false;
    line->number++;
    line->begin = at;
    while (at < length && bytes[at] != '\n' && bytes[at] != '\r')
        at++;
    line->end = at;
    bool both = length - at >= 2 && bytes[at] == '\r' && bytes[at + 1] == '\n';
    line->next = both ? at + 2 : at < length ? at + 1 : at;
    find_columns(bytes, line);
    return true;
}

static void trim(const char *bytes, size_t *begin, size_t *end) {
    while (*begin < *end && is_blank(bytes[*begin]))
        ++*begin;
    while (*end > *begin && is_blank(bytes[*end - 1]))
        --*end;
}

bool label_line_is(const char *bytes, const struct label_line *line, const char *text,
                   size_t text_length) {
    static const char replaced[] = "\xef\xbf\xbd";
    size_t begin = line->begin, end = line->end, text_at = 0;
    trim(bytes, &begin, &end);
    trim(text, &text_at, &text_length);
    while (begin < end) {
        struct character character = character_read(bytes + begin, end - begin);
        const char *wanted = character.valid ? bytes + begin : replaced;
        size_t length = character.valid ? character.length : sizeof replaced - 1;
        if (text_length - text_at < length || memcmp(text + text_at, wanted, length) != 0)
            return false;
        begin += character.length;
        text_at += length;
    }
    return text_at == text_length;
}
