/* The sheets of a page. Some of them are made at a time: first the crops, picture by picture, so
 * that a picture that several show is read once, and then the files. */
#include "review/pages/sheets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/page_files.h"
#include "review/pages/crop_area.h"

enum {
    AT_ONCE = 32,    /* sheets at most, of 7.7 MB each before they are JPEGs … */
    MEMORY_PART = 4, /* … which take so much of the memory for pictures at most */
    QUALITY = 75,
    GREY = 128,
    REDUCE_MOST = 8,
    LEAST_SIDE = PAGE_CELL * 3 / 4, /* pixels that a crop is made of, where its picture has them */
};

static const size_t row_bytes = (size_t)PAGE_COLUMNS * PAGE_CELL * 3;

/* A crop to be made. */
struct cell_crop {
    uint64_t offset; /* of the record */
    uint32_t crop;   /* as the plan numbers what has one */
    uint32_t slot;   /* of its sheet among those at hand */
};

struct making {
    const struct page_source *source;
    const struct page_plan *plan;
    const struct page_means *means;
    uint8_t *unread;
    size_t at_once;         /* how many sheets there is room for */
    uint8_t *pixels;        /* (at_once, rows, columns, 3) of the sheets at hand; owned */
    size_t sheets[AT_ONCE]; /* their numbers */
    size_t n_sheets;
    struct cell_crop *crops; /* owned */
    size_t n_crops;
    size_t *pictures; /* the first crop of each picture, and n_crops; owned */
    size_t n_pictures;
    struct record_reader **readers; /* one a thread; owned */
    struct image *images;           /* likewise */
    struct image_budget *budget;
};

static uint8_t *sheet_pixels(const struct making *making, size_t slot) {
    return making->pixels + slot * PAGE_COLUMNS * PAGE_CELL * row_bytes;
}

/* How many crops a sheet has. */
static size_t sheet_crops(const struct making *making, size_t sheet) {
    size_t left = making->plan->n_crops - sheet * PAGE_PER_SHEET;
    return left < PAGE_PER_SHEET ? left : PAGE_PER_SHEET;
}

/* ---------------------------------------------------------------- a crop */

/* Where a crop's pixels are. */
static struct image_view cell_view(const struct making *making, const struct cell_crop *crop) {
    size_t cell = page_plan_cell(making->plan, crop->crop) % PAGE_PER_SHEET;
    size_t x = cell % PAGE_COLUMNS * PAGE_CELL, y = cell / PAGE_COLUMNS * PAGE_CELL;
    return (struct image_view){sheet_pixels(making, crop->slot) + y * row_bytes + x * 3, PAGE_CELL,
                               PAGE_CELL, row_bytes};
}

/* The part of a cell that lies within the picture, in whole pixels: from one side to the other. */
static uint32_t clip(double low, double high, double *from, double *to, uint32_t *begin) {
    double side = high - low;
    *from = fmax(low, 0);
    *to = fmin(high, 1);
    double first = round((*from - low) / side * PAGE_CELL);
    double last = round((*to - low) / side * PAGE_CELL);
    *begin = (uint32_t)fmin(first, PAGE_CELL - 1);
    return last > *begin ? (uint32_t)last - *begin : 1;
}

static enum status draw(const struct making *making, const struct cell_crop *crop,
                        const struct image_area *area, const struct image *image) {
    struct image_view view = cell_view(making, crop);
    struct image_area inside;
    uint32_t x, y;
    view.width = clip(area->left, area->right, &inside.left, &inside.right, &x);
    view.height = clip(area->top, area->bottom, &inside.top, &inside.bottom, &y);
    view.pixels += y * row_bytes + (size_t)x * 3;
    return image_scale(image, &inside, &view);
}

/* ---------------------------------------------------------------- a picture */

static void reduce_for(const struct image_area *area, const struct record *record,
                       uint32_t *reduce) {
    double side = (area->right - area->left) * record->width;
    while (*reduce > 1 && side / *reduce < LEAST_SIDE)
        *reduce /= 2;
}

/* How much smaller a picture may be read for all that the page shows of it: the same for each of
 * its crops, whatever sheets are made together. */
static uint32_t reduce_of(const struct page_plan *plan, const struct record *record) {
    size_t end, i = page_plan_record(plan, record->offset, &end);
    uint32_t reduce = REDUCE_MOST;
    for (; i < end; i++) {
        struct image_area area = page_plan_area(plan, plan->by_record[i], record);
        reduce_for(&area, record, &reduce);
    }
    for (size_t crop = plan->n_findings; crop < plan->n_crops; crop++)
        if (page_plan_offset(plan, crop) == record->offset) {
            struct image_area area = page_plan_area(plan, crop, record);
            reduce_for(&area, record, &reduce);
        }
    return reduce;
}

static struct image_area area_of(const struct making *making, const struct record *record,
                                 size_t crop) {
    return page_plan_area(making->plan, making->crops[crop].crop, record);
}

/* Reads the picture of crops first to end - 1 as far as these need it. STATUS_BAD_INPUT: it cannot
 * be read. */
static enum status read_picture(const struct making *making, const struct record *record,
                                size_t first, size_t end, struct image *image) {
    struct image_part part = {.reduce = reduce_of(making->plan, record)};
    if (record->width == 0)
        return FAIL(STATUS_BAD_INPUT, "the run could not read it either");
    for (size_t i = first; i < end; i++)
        part.bottom = fmax(part.bottom, fmin(area_of(making, record, i).bottom, 1));
    return page_source_image(making->source, record, &part, image);
}

static enum status make_picture(void *context, size_t worker, size_t step) {
    enum status status;
    struct making *making = context;
    struct record_reader *reader = making->readers[worker];
    struct image *image = &making->images[worker];
    const struct record *record;
    size_t first = making->pictures[step], end = making->pictures[step + 1];
    TRY(records_at(reader, making->crops[first].offset, &record));
    status = read_picture(making, record, first, end, image);
    bool read = status == STATUS_OK;
    if (status == STATUS_FAILED)
        goto out;
    status = STATUS_OK;
    for (size_t i = first; i < end; i++) {
        struct image_area area = area_of(making, record, i);
        making->unread[making->crops[i].crop] = !read;
        if (read)
            TRY(draw(making, &making->crops[i], &area, image));
    }
out:
    image_release(image);
    return status;
}

/* ---------------------------------------------------------------- sheets */

static enum status write_sheet(void *context, size_t worker, size_t step) {
    enum status status;
    struct making *making = context;
    struct text file = {0};
    size_t sheet = making->sheets[step], crops = sheet_crops(making, sheet);
    struct image_view view = {sheet_pixels(making, step), PAGE_COLUMNS * PAGE_CELL,
                              (uint32_t)((crops + PAGE_COLUMNS - 1) / PAGE_COLUMNS * PAGE_CELL),
                              row_bytes};
    (void)worker;
    TRY(image_write_jpeg(&view, QUALITY, &file));
    TRY(page_draft(making->source->results->output,
                   page_part_first(making->plan, PAGE_PART_SHEETS) + sheet, file.data,
                   file.length));
out:
    text_free(&file);
    return status;
}

static int by_picture(const void *a, const void *b) {
    const struct cell_crop *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->crop < y->crop ? -1 : x->crop > y->crop;
}

/* The crops of the sheets at hand, picture by picture. */
static void list_crops(struct making *making) {
    const struct page_plan *plan = making->plan;
    making->n_crops = making->n_pictures = 0;
    for (size_t slot = 0; slot < making->n_sheets; slot++) {
        size_t first = making->sheets[slot] * PAGE_PER_SHEET;
        for (size_t i = 0; i < sheet_crops(making, making->sheets[slot]); i++) {
            size_t crop = page_plan_at(plan, first + i);
            uint64_t offset = page_plan_offset(plan, crop);
            if (offset == PAGE_NO_RECORD)
                making->unread[crop] = 1;
            else
                making->crops[making->n_crops++] =
                    (struct cell_crop){offset, (uint32_t)crop, (uint32_t)slot};
        }
    }
    qsort(making->crops, making->n_crops, sizeof *making->crops, by_picture);
    for (size_t i = 0; i < making->n_crops; i++)
        if (i == 0 || making->crops[i].offset != making->crops[i - 1].offset)
            making->pictures[making->n_pictures++] = i;
    making->pictures[making->n_pictures] = making->n_crops;
}

static enum status run_steps(struct making *making, workers_step *step, size_t n_steps) {
    const struct page_means *means = making->means;
    return workers_run(&(struct workers){means->n_threads, n_steps, step, making, means->tick,
                                         means->tick_context});
}

static enum status make_some(struct making *making) {
    enum status status;
    list_crops(making);
    memset(making->pixels, GREY, making->n_sheets * PAGE_COLUMNS * PAGE_CELL * row_bytes);
    TRY(run_steps(making, make_picture, making->n_pictures));
    TRY(run_steps(making, write_sheet, making->n_sheets));
out:
    return status;
}

static enum status making_open(struct making *making) {
    enum status status;
    size_t n = making->means->n_threads, crops = making->at_once * PAGE_PER_SHEET;
    TRY(memory_zeroed(making->at_once * PAGE_COLUMNS * PAGE_CELL, row_bytes, &making->pixels));
    TRY(memory_zeroed(crops, sizeof *making->crops, &making->crops));
    TRY(memory_zeroed(crops + 1, sizeof *making->pictures, &making->pictures));
    TRY(image_budget_make(making->means->image_memory, n, &making->budget));
    TRY(memory_zeroed(n, sizeof *making->images, &making->images));
    TRY(memory_zeroed(n, sizeof(void *), &making->readers));
    for (size_t i = 0; i < n; i++) {
        making->images[i].budget = making->budget;
        TRY(records_open(making->source->results->output, 0, 1, &making->readers[i]));
    }
out:
    return status;
}

static void making_close(struct making *making) {
    for (size_t i = 0; i < making->means->n_threads; i++) {
        if (making->images)
            image_free(&making->images[i]);
        if (making->readers)
            records_close(making->readers[i]);
    }
    free(making->images);
    free(making->readers);
    image_budget_free(making->budget);
    free(making->pixels);
    free(making->crops);
    free(making->pictures);
}

/* How many of the page's sheets are made at a time. */
static size_t at_once(const struct page_means *means, size_t n_sheets) {
    size_t mine = (n_sheets - means->part + means->n_parts - 1) / means->n_parts;
    size_t room =
        means->image_memory / MEMORY_PART / ((size_t)PAGE_COLUMNS * PAGE_CELL * row_bytes);
    size_t most = room < 1 ? 1 : room < AT_ONCE ? room : AT_ONCE;
    return mine < most ? mine : most;
}

/* NOLINTBEGIN(readability-non-const-parameter): `unread` is written through `making`. */
enum status page_sheets_make(const struct page_source *source, const struct page_plan *plan,
                             const struct page_means *means, uint8_t *unread) {
    /* NOLINTEND(readability-non-const-parameter) */
    enum status status;
    struct making making = {.source = source, .plan = plan, .means = means, .unread = unread};
    size_t n_sheets = page_part_files(plan, PAGE_PART_SHEETS), next = means->part;
    if (next >= n_sheets)
        return STATUS_OK;
    making.at_once = at_once(means, n_sheets);
    TRY(making_open(&making));
    while (next < n_sheets) {
        making.n_sheets = 0;
        for (; next < n_sheets && making.n_sheets < making.at_once; next += means->n_parts)
            making.sheets[making.n_sheets++] = next;
        TRY(make_some(&making));
    }
out:
    making_close(&making);
    return status;
}
