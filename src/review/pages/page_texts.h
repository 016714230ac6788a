/* The page's data: scripts that hand JSON to the page. Their format is at the head of
 * src/review/page/data.js. */
#ifndef VERIFY_REVIEW_PAGES_PAGE_TEXTS_H
#define VERIFY_REVIEW_PAGES_PAGE_TEXTS_H

#include "review/pages/page_source.h"
#include "review/pages/plan.h"

/* How many findings a run has, with those that are not on the page. */
struct page_totals {
    uint64_t all, all_weak;
};

/* Each replaces `text` by a file: that of the run; number `file` of those of findings; and of those
 * of images. `unread` says of each finding whether its picture could not be read. `reader` reads
 * the run's records, and is the caller's alone meanwhile. */
enum status page_run_text(const struct run_results *results, const struct page_plan *plan,
                          const struct page_totals *totals, struct text *text);
enum status page_findings_text(const struct page_source *source, const struct page_plan *plan,
                               const uint8_t *unread, size_t file, struct record_reader *reader,
                               struct text *text);
enum status page_images_text(const struct page_source *source, const struct page_plan *plan,
                             size_t file, struct record_reader *reader, struct text *text);
/* page_copies_text.c: replaces `text` by the file of copies. `unread` is page_sheets_make's. */
enum status page_copies_text(const struct page_plan *plan, const uint8_t *unread,
                             struct record_reader *reader, struct text *text);

#endif
