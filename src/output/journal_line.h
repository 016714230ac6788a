/* The journal's files and lines, as journal.h describes them. Internal to src/output. */
#ifndef VERIFY_OUTPUT_JOURNAL_LINE_H
#define VERIFY_OUTPUT_JOURNAL_LINE_H

#include "output/journal.h"
#include "output/work_folder.h"

#define JOURNAL_NAME "journal"

enum {
    JOURNAL_LINE_BYTES = 1 << 24, /* the longest line there may be */
    JOURNAL_HEAD_BYTES = 256,
    JOURNAL_NAME_BYTES = 64,
    JOURNAL_TEXT_BYTES = 1 << 28, /* the longest text */
};

/* One line of a journal: a mark, or an image. */
struct journal_item {
    bool is_mark;
    uint64_t marked; /* by the mark: bytes of the journal */
    struct journal_line line;
};

/* The CRC-32 of `length` bytes, continued from the one of what comes before them (0: nothing). */
uint32_t journal_crc(uint32_t seed, const char *bytes, size_t length);

/* What a journal's first line says of the others. */
struct journal_form {
    uint32_t seed;  /* of their CRCs */
    size_t n_texts; /* in each image's line */
};

/* <name>.<epoch>.<rank> */
void journal_file_name(const char *name, struct journal_id id, char file[JOURNAL_NAME_BYTES]);

/* The first line, with its newline; returns its length. */
size_t journal_head(struct journal_id id, unsigned streams, char head[JOURNAL_HEAD_BYTES],
                    struct journal_form *form);
/* Reads the first line at the beginning of `length` bytes; returns its length, 0 where it is not
 * one of this journal. */
size_t journal_head_read(struct journal_id id, const char *bytes, size_t length,
                         struct journal_form *form);

/* Each appends one whole line to `text`. */
enum status journal_line_write(const struct journal_form *form, const struct journal_line *line,
                               struct text *text);
enum status journal_mark_write(const struct journal_form *form, uint64_t marked, struct text *text);

/* Reads a line that a NUL stands for the newline of. False where its CRC or form does not hold. */
bool journal_item_read(const struct journal_form *form, const char *bytes, size_t length,
                       struct journal_item *item);

#endif
