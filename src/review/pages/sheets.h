/* The sheets of a page: crops of pictures, side by side in JPEGs. */
#ifndef VERIFY_REVIEW_PAGES_SHEETS_H
#define VERIFY_REVIEW_PAGES_SHEETS_H

#include "review/pages/page_source.h"
#include "review/pages/plan.h"
#include "review/pages/workers.h"

/* How the work is done. */
struct page_means {
    size_t part, n_parts; /* of a page's files this one makes each n_parts-th, from `part` on */
    size_t n_threads;
    size_t image_memory; /* bytes for decoded pictures */
    workers_tick *tick;  /* NULL: nobody waits */
    void *tick_context;
};

/* Makes the drafts of this part's sheets. unread[i], [plan->n_crops], becomes 1 where the picture
 * of what has crop i could not be read: it is grey. */
enum status page_sheets_make(const struct page_source *source, const struct page_plan *plan,
                             const struct page_means *means, uint8_t *unread);

#endif
