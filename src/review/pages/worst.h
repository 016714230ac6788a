/* The most suspicious findings of many records. */
#ifndef VERIFY_REVIEW_PAGES_WORST_H
#define VERIFY_REVIEW_PAGES_WORST_H

#include "review/findings.h"
#include "review/pages/page_copies.h"

/* A finding as ranks tell it each other; plain data, sent as bytes. */
struct page_finding {
    struct finding finding;
    uint32_t group; /* its crop lies with those of the same number: a reason's, or a kind's */
};

/* Start with the number that are kept at most, and zeros. */
struct worst {
    size_t most;
    size_t count, capacity;
    struct page_finding *items; /* owned; more than `most` until worst_sort */
    uint64_t all, all_weak;     /* findings that there were, with those that are not kept */
};

/* Adds findings that others have kept, but not to `all`. */
enum status worst_add(struct worst *worst, const struct page_finding *findings, size_t count);
/* Adds the findings of one part of a run's records (records_open), and notes where copies' records
 * are (NULL: none are looked for). */
enum status worst_scan(const char *output, size_t part, size_t n_parts, struct page_copies *copies,
                       struct worst *worst);
/* Puts them in the order of finding_compare, and drops those beyond `most`. */
void worst_sort(struct worst *worst);
void worst_free(struct worst *worst);

#endif
