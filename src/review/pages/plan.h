/* How a page is laid out: which finding is where, in which file. The same on all ranks, as it
 * follows from the list of findings, and from the copies of pictures. */
#ifndef VERIFY_REVIEW_PAGES_PLAN_H
#define VERIFY_REVIEW_PAGES_PLAN_H

#include "data/path_list.h"
#include "review/pages/page_copies.h"
#include "review/pages/worst.h"

enum {
    PAGE_CELL = 160,      /* side of a crop in its sheet, in pixels */
    PAGE_COLUMNS = 10,    /* crops in a row of a sheet */
    PAGE_PER_SHEET = 100, /* crops */
    PAGE_PER_FILE = 1000, /* findings, or images */
    PAGE_MOST = 1000000,  /* findings */
};

/* What has a crop is numbered: the findings, and behind them the copies. */
struct page_plan {
    const struct page_copies *copies; /* not owned; NULL: none */
    size_t n_findings, n_crops;
    const struct page_finding *findings; /* most suspicious first; not owned */
    uint32_t *images;    /* [n_findings] number of its image, as findings name them; owned */
    uint32_t *cells;     /* [n_findings] number of its crop: by group, then by suspicion; owned */
    uint32_t *by_cell;   /* [n_findings] the finding of each crop; owned */
    uint32_t *by_record; /* [n_findings] the findings in the order of their records; owned */
    size_t n_images;
    uint64_t *offsets; /* [n_images] of their records; owned */
};

/* `findings` are in order, at most PAGE_MOST; they, and `copies` (NULL: none), must outlive the
 * plan. On failure, too, page_plan_free must be called. */
enum status page_plan_make(const struct page_finding *findings, size_t n_findings,
                           const struct page_copies *copies, struct page_plan *plan);

/* Of what has a crop: where its record begins (PAGE_NO_RECORD: it has none), its cell, and the
 * part of its picture that it shows. */
uint64_t page_plan_offset(const struct page_plan *plan, size_t crop);
size_t page_plan_cell(const struct page_plan *plan, size_t crop);
struct image_area page_plan_area(const struct page_plan *plan, size_t crop,
                                 const struct record *record);
/* What has that cell. */
size_t page_plan_at(const struct page_plan *plan, size_t cell);

/* Where in by_record those of the record at an offset begin; *end: where they end. */
size_t page_plan_record(const struct page_plan *plan, uint64_t offset, size_t *end);
void page_plan_free(struct page_plan *plan);

/* The files of a page. */
enum page_part {
    PAGE_PART_INDEX,
    PAGE_PART_RUN,
    PAGE_PART_FINDINGS,
    PAGE_PART_IMAGES,
    PAGE_PART_COPIES,
    PAGE_PART_SHEETS,
    PAGE_PARTS
};
/* How many files a part has. */
size_t page_part_files(const struct page_plan *plan, enum page_part part);
/* The number of the first of them among all files: that of its draft (output/page_files.h). */
size_t page_part_first(const struct page_plan *plan, enum page_part part);
/* Appends the names of all files, in the order of their numbers. */
enum status page_names(const struct page_plan *plan, struct path_list *names);

#endif
