/* Walks over a journal's lines as far as they hold. Internal to src/output. */
#ifndef VERIFY_OUTPUT_JOURNAL_SCAN_H
#define VERIFY_OUTPUT_JOURNAL_SCAN_H

#include "output/journal_line.h"

struct journal_scan {
    int file;
    char name[JOURNAL_NAME_BYTES];
    struct work_folder work;
    struct journal_form form;
    uint64_t start; /* of the lines; 0: the first line is not whole, there are none */
    /* Bytes in each file. */
    uint64_t size, texts_size[STREAMS_MOST];
    struct journal_texts texts;
};

/* `flags` as for open. On failure too, journal_scan_close releases it. */
enum status journal_scan_open(const char *output, struct journal_id id, int flags,
                              struct journal_scan *scan);
void journal_scan_close(struct journal_scan *scan);

/* What is done with a line, which ends at byte `end` of the journal; it sets *more, whether to go
 * on. */
typedef enum status journal_visit(void *context, const struct journal_item *item, uint64_t end,
                                  bool *more);

/* Visits line after line, up to the first that is not whole, or speaks of more bytes than the files
 * hold. */
enum status journal_scan_each(const struct journal_scan *scan, journal_visit *visit, void *context);

/* journal_texts_open in a folder that is open; and what it begins with. */
enum status journal_texts_open_in(const struct work_folder *work, struct journal_id id,
                                  struct journal_texts *texts);
struct journal_texts journal_texts_none(struct journal_id id);

struct journal_survey {
    uint64_t marked; /* how much of the journal the last mark covers; 0: there is none */
    bool unmarked;   /* images come behind that */
};
enum status journal_scan_survey(const struct journal_scan *scan, struct journal_survey *survey);

#endif
