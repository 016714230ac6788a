/* The review page of a run: what one of several processes does for it. They make drafts of its
 * files together (output/page_files.h), and one of them gives those their places.
 *
 *   page_copies_read  one of them: which copies of pictures are shown
 *   (that, on all)
 *   page_worst      each process: of its part of the records, the most suspicious findings, and
 *                   the copies
 *   (the worst of all, and all copies, on all)
 *   page_sheets_make  each: its part of the sheets; which pictures could not be read
 *   (that of all, on all)
 *   page_data_make  each: its part of the scripts
 *   page_finish     one of them */
#ifndef VERIFY_REVIEW_PAGES_PAGE_H
#define VERIFY_REVIEW_PAGES_PAGE_H

#include "review/pages/page_texts.h"
#include "review/pages/sheets.h"

/* The `worst->most` most suspicious findings of this part, in order; and notes which records of the
 * part are copies' (NULL: none are looked for). */
enum status page_worst(const char *output, const struct page_means *means,
                       struct page_copies *copies, struct worst *worst);

/* Makes the drafts of this part's scripts. */
enum status page_data_make(const struct page_source *source, const struct page_plan *plan,
                           const struct page_means *means, const uint8_t *unread);

/* Once all drafts but those of the run and of the page itself are there: makes these, and puts all
 * in place. */
enum status page_finish(const struct run_results *results, const struct page_plan *plan,
                        const struct page_totals *totals);

#endif
