/* Where the pictures and labels of a page lie: in the data set, and in the output's folders. */
#ifndef VERIFY_REVIEW_PAGES_PAGE_SOURCE_H
#define VERIFY_REVIEW_PAGES_PAGE_SOURCE_H

#include "data/file_bytes.h"
#include "image/image.h"
#include "review/records.h"
#include "review/run_results.h"

struct page_source {
    const struct run_results *results;
    char *root, *common; /* where names began at the run, and where what it placed begins; NULL: not
                            known; owned */
    char *extent;        /* root as it is now, links resolved; owned */
    int output;          /* the output folder, opened */
};

/* `results` must outlive it. On failure, too, page_source_close must be called. Thread-safe once it
 * is opened. */
enum status page_source_open(const struct run_results *results, struct page_source *source);
/* Zeroed is not fine: output is -1 then. */
void page_source_close(struct page_source *source);

/* Replaces *path by where the record's picture is below the output folder; empty where it is not
 * there. */
enum status page_source_placed(const struct page_source *source, const struct record *record,
                               struct text *path);

/* Reads the record's picture: the data set's, else the one in the output. STATUS_BAD_INPUT where it
 * cannot be read. */
enum status page_source_image(const struct page_source *source, const struct record *record,
                              const struct image_part *part, struct image *image);

/* Reads the record's label file as it was judged: the copy in the output, else the data set's. A
 * file that is not there, or may not be read, has no bytes. The caller frees label->bytes. */
enum status page_source_label(const struct page_source *source, const struct record *record,
                              struct file_bytes *label);

#endif
