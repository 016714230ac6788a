/* The pictures of near-duplicates that a page shows side by side: the first of each of the first
 * groups that the report lists. */
#ifndef VERIFY_REVIEW_PAGES_PAGE_COPIES_H
#define VERIFY_REVIEW_PAGES_PAGE_COPIES_H

#include "data/index_set.h"
#include "data/path_list.h"
#include "output/json_member.h"
#include "review/records.h"

enum {
    PAGE_COPY_GROUPS = 100,
    PAGE_COPIES_SHOWN = 4, /* of a group */
    PAGE_COPIES = PAGE_COPY_GROUPS * PAGE_COPIES_SHOWN,
};

#define PAGE_NO_RECORD UINT64_MAX

/* Zeroed at first. */
struct page_copies {
    struct path_list names;           /* as in the records, group by group; owned */
    uint32_t n_groups;                /* and how many of each there are: */
    uint32_t shown[PAGE_COPY_GROUPS]; /* at most PAGE_COPIES_SHOWN */
    bool differ[PAGE_COPY_GROUPS];    /* whose labels differ */
    uint64_t offsets[PAGE_COPIES];    /* of their records; PAGE_NO_RECORD: not found */
    struct index_set known;           /* the names; owned */
};

/* Takes those of a report; none where it has none. On failure, too, page_copies_free must be
 * called. */
enum status page_copies_read(struct json_object *report, struct page_copies *copies);
/* Once the names are there, to be looked up: no record is known. */
enum status page_copies_index(struct page_copies *copies);
/* Notes where a record begins that is one of them. For several threads, each with records of its
 * own. */
void page_copies_note(struct page_copies *copies, const struct record *record);
void page_copies_free(struct page_copies *copies);

#endif
