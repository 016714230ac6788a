/* Unified differences of label files. */
#include "review/apply/label_diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/shown.h"

enum { AROUND = 3 }; /* lines that are shown before and behind a change */

/* A text, and where we are in it. */
struct side {
    const char *bytes;
    size_t length, at;
    size_t line; /* of `at`, from 1 */
};

/* Whether a place in a text is where a line begins, or the text's end. */
static bool is_edge(const char *bytes, size_t length, size_t at) {
    return at == 0 || at == length || bytes[at - 1] == '\n';
}

/* ---------------------------------------------------------------- ranges of whole lines */

/* Makes whole lines of the ranges, and one of those that meet then. */
static void widen(const struct side *old, const struct side *new, struct edit_range *ranges,
                  size_t *count) {
    size_t made = 0, before = 0;
    for (size_t i = 0; i < *count;) {
        struct edit_range range = ranges[i++];
        while (range.old_begin > before && old->bytes[range.old_begin - 1] != '\n') {
            range.old_begin--;
            range.new_begin--;
        }
        for (;;) {
            if (i < *count && ranges[i].old_begin == range.old_end) {
                range.old_end = ranges[i].old_end;
                range.new_end = ranges[i++].new_end;
            } else if (is_edge(old->bytes, old->length, range.old_end) &&
                       is_edge(new->bytes, new->length, range.new_end)) {
                break;
            } else {
                range.old_end++;
                range.new_end++;
            }
        }
        before = range.old_end;
        ranges[made++] = range;
    }
    *count = made;
}

/* ---------------------------------------------------------------- lines */

static size_t line_length(const struct side *side, size_t at) {
    const char *end = memchr(side->bytes + at, '\n', side->length - at);
    return end ? (size_t)(end - side->bytes) + 1 - at : side->length - at;
}

static void put_line(struct text *text, char kind, const char *bytes, size_t length) {
    text_bytes(text, &kind, 1);
    text_bytes(text, bytes, length);
    if (length == 0 || bytes[length - 1] != '\n')
        text_string(text, "\n\\ No newline at end of file\n");
}

/* Writes the lines up to `end`, and goes there. */
static void put_lines(struct text *text, char kind, struct side *side, size_t end) {
    while (side->at < end) {
        size_t length = line_length(side, side->at);
        put_line(text, kind, side->bytes + side->at, length);
        side->at += length;
        side->line++;
    }
}

static void skip_lines(struct side *side, size_t end) {
    while (side->at < end) {
        side->at += line_length(side, side->at);
        side->line++;
    }
}

/* Where `lines` lines before a place begin, but not before `least`. */
static size_t lines_before(const struct side *side, size_t at, size_t lines, size_t least) {
    while (lines > 0 && at > least) {
        at--;
        while (at > least && side->bytes[at - 1] != '\n')
            at--;
        lines--;
    }
    return at;
}

static size_t lines_behind(const struct side *side, size_t at, size_t lines) {
    while (lines > 0 && at < side->length) {
        at += line_length(side, at);
        lines--;
    }
    return at;
}

/* ---------------------------------------------------------------- hunks */

static void put_range(struct text *text, size_t first, size_t lines) {
    text_count(text, lines ? first : first - 1);
    text_string(text, ",");
    text_count(text, lines);
}

/* Writes the ranges [first, last) as one hunk, whose lines in the old text end at `end`. */
static enum status put_hunk(struct side *old, struct side *new, const struct edit_range *first,
                            const struct edit_range *last, size_t end, struct text *text) {
    struct text body = {0};
    size_t old_line = old->line, new_line = new->line;
    for (const struct edit_range *range = first; range < last; range++) {
        size_t same = range->old_begin - old->at;
        put_lines(&body, ' ', old, range->old_begin);
        skip_lines(new, new->at + same);
        put_lines(&body, '-', old, range->old_end);
        put_lines(&body, '+', new, range->new_end);
    }
    size_t same = end - old->at;
    put_lines(&body, ' ', old, end);
    skip_lines(new, new->at + same);
    text_string(text, "@@ -");
    put_range(text, old_line, old->line - old_line);
    text_string(text, " +");
    put_range(text, new_line, new->line - new_line);
    text_string(text, " @@\n");
    text_bytes(text, body.data ? body.data : "", body.length);
    enum status status = status_worse(text_status(&body), text_status(text));
    text_free(&body);
    return status;
}

static enum status put_hunks(struct side *old, struct side *new, const struct edit_range *ranges,
                             size_t count, struct text *text) {
    enum status status = STATUS_OK;
    for (size_t first = 0; first < count;) {
        size_t begin = lines_before(old, ranges[first].old_begin, AROUND, old->at);
        size_t same = begin - old->at;
        skip_lines(old, begin);
        skip_lines(new, new->at + same);
        size_t last = first + 1;
        while (last < count && lines_behind(old, ranges[last - 1].old_end, (size_t)2 * AROUND) >=
                                   ranges[last].old_begin)
            last++;
        size_t end = lines_behind(old, ranges[last - 1].old_end, AROUND);
        TRY(put_hunk(old, new, ranges + first, ranges + last, end, text));
        first = last;
    }
out:
    return status;
}

/* ---------------------------------------------------------------- names */

/* As in C where a name has what would end it; a tab behind one with blanks says that they belong to
 * it. */
static void put_name(struct text *text, const char *before, const char *path) {
    bool quoted = false;
    for (const char *c = path; *c; c++)
        quoted |= (unsigned char)*c < ' ' || *c == '"' || *c == '\\' || *c == 127;
    text_string(text, quoted ? "\"" : "");
    text_string(text, before);
    for (const char *c = path; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (quoted && (byte < ' ' || byte == 127))
            text_format(text, "\\%03o", byte);
        else if (quoted && (byte == '"' || byte == '\\'))
            text_format(text, "\\%c", byte);
        else
            text_bytes(text, c, 1);
    }
    text_string(text, quoted ? "\"" : strchr(path, ' ') ? "\t" : "");
    text_string(text, "\n");
}

enum status label_diff(const char *path, const char *bytes, size_t length,
                       const struct label_edit *edit, struct text *text) {
    enum status status = STATUS_OK;
    struct edit_range *ranges = NULL;
    size_t count = edit->n_ranges;
    struct side old = {bytes ? bytes : "", bytes ? length : 0, 0, 1};
    struct side new = {edit->after.data ? edit->after.data : "", edit->after.length, 0, 1};
    if (count == 0)
        return STATUS_OK;
    TRY(memory_zeroed(count, sizeof *ranges, &ranges));
    memcpy(ranges, edit->ranges, count * sizeof *ranges);
    widen(&old, &new, ranges, &count);
    text_string(text, "--- ");
    if (bytes)
        put_name(text, "a/", path);
    else
        text_string(text, "/dev/null\n");
    text_string(text, "+++ ");
    put_name(text, "b/", path);
    status = put_hunks(&old, &new, ranges, count, text);
out:
    free(ranges);
    return status;
}
