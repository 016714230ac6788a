/* How a page is laid out. */
#include "review/pages/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "output/page_files.h"
#include "review/pages/crop_area.h"

/* A finding's place in an order other than that of the list. */
struct key {
    uint64_t first;
    uint32_t finding;
};

static int by_key(const void *a, const void *b) {
    const struct key *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->finding < y->finding ? -1 : x->finding > y->finding;
}

static void number_cells(struct page_plan *plan, struct key *keys) {
    size_t n = plan->n_findings;
    for (size_t i = 0; i < n; i++)
        keys[i] = (struct key){plan->findings[i].group, (uint32_t)i};
    qsort(keys, n, sizeof *keys, by_key);
    for (size_t i = 0; i < n; i++) {
        plan->by_cell[i] = keys[i].finding;
        plan->cells[keys[i].finding] = (uint32_t)i;
    }
}

/* Images are numbered in the order in which findings name them. */
static void number_images(struct page_plan *plan, struct key *keys) {
    size_t n = plan->n_findings;
    uint32_t *first = plan->images; /* of an image's findings; then the image's number */
    for (size_t i = 0; i < n; i++)
        keys[i] = (struct key){plan->findings[i].finding.offset, (uint32_t)i};
    qsort(keys, n, sizeof *keys, by_key);
    for (size_t i = 0; i < n; i++) {
        plan->by_record[i] = keys[i].finding;
        bool same = i > 0 && keys[i].first == keys[i - 1].first;
        first[keys[i].finding] = same ? first[keys[i - 1].finding] : keys[i].finding;
    }
    for (size_t i = 0; i < n; i++)
        if (first[i] == i) {
            plan->offsets[plan->n_images] = plan->findings[i].finding.offset;
            first[i] = (uint32_t)plan->n_images++;
        } else {
            first[i] = first[first[i]];
        }
}

enum status page_plan_make(const struct page_finding *findings, size_t n_findings,
                           const struct page_copies *copies, struct page_plan *plan) {
    enum status status;
    struct key *keys = NULL;
    *plan = (struct page_plan){.copies = copies,
                               .n_findings = n_findings,
                               .n_crops = n_findings + (copies ? copies->names.count : 0),
                               .findings = findings};
    TRY(memory_zeroed(n_findings, sizeof *keys, &keys));
    TRY(memory_zeroed(n_findings, sizeof *plan->images, &plan->images));
    TRY(memory_zeroed(n_findings, sizeof *plan->cells, &plan->cells));
    TRY(memory_zeroed(n_findings, sizeof *plan->by_cell, &plan->by_cell));
    TRY(memory_zeroed(n_findings, sizeof *plan->by_record, &plan->by_record));
    TRY(memory_zeroed(n_findings, sizeof *plan->offsets, &plan->offsets));
    if (n_findings) {
        number_cells(plan, keys);
        number_images(plan, keys);
    }
out:
    free(keys);
    return status;
}

size_t page_plan_record(const struct page_plan *plan, uint64_t offset, size_t *end) {
    size_t low = 0, high = plan->n_findings;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (plan->findings[plan->by_record[middle]].finding.offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    for (*end = low; *end < plan->n_findings; ++*end)
        if (plan->findings[plan->by_record[*end]].finding.offset != offset)
            break;
    return low;
}

uint64_t page_plan_offset(const struct page_plan *plan, size_t crop) {
    return crop < plan->n_findings ? plan->findings[crop].finding.offset
                                   : plan->copies->offsets[crop - plan->n_findings];
}

size_t page_plan_cell(const struct page_plan *plan, size_t crop) {
    return crop < plan->n_findings ? plan->cells[crop] : crop;
}

size_t page_plan_at(const struct page_plan *plan, size_t cell) {
    return cell < plan->n_findings ? plan->by_cell[cell] : cell;
}

struct image_area page_plan_area(const struct page_plan *plan, size_t crop,
                                 const struct record *record) {
    return crop < plan->n_findings ? crop_area(record, &plan->findings[crop].finding)
                                   : crop_area_whole(record);
}

void page_plan_free(struct page_plan *plan) {
    free(plan->images);
    free(plan->cells);
    free(plan->by_cell);
    free(plan->by_record);
    free(plan->offsets);
    *plan = (struct page_plan){0};
}

/* ---------------------------------------------------------------- files */

static size_t parts_of(size_t count, size_t each) {
    return (count + each - 1) / each;
}

size_t page_part_files(const struct page_plan *plan, enum page_part part) {
    switch (part) {
    case PAGE_PART_FINDINGS:
        return parts_of(plan->n_findings, PAGE_PER_FILE);
    case PAGE_PART_IMAGES:
        return parts_of(plan->n_images, PAGE_PER_FILE);
    case PAGE_PART_COPIES:
        return plan->n_crops > plan->n_findings;
    case PAGE_PART_SHEETS:
        return parts_of(plan->n_crops, PAGE_PER_SHEET);
    default:
        return 1;
    }
}

size_t page_part_first(const struct page_plan *plan, enum page_part part) {
    size_t first = 0;
    for (int i = 0; i < (int)part; i++)
        first += page_part_files(plan, (enum page_part)i);
    return first;
}

enum status page_names(const struct page_plan *plan, struct path_list *names) {
    enum status status = STATUS_OK;
    static const struct {
        const char *before, *behind;
        bool numbered;
    } parts[PAGE_PARTS] = {{PAGE_INDEX, "", false},         {"data/run", ".js", false},
                           {"data/findings-", ".js", true}, {"data/images-", ".js", true},
                           {"data/copies", ".js", false},   {"sheets/", ".jpg", true}};
    for (int part = 0; part < PAGE_PARTS; part++)
        for (size_t i = 0; i < page_part_files(plan, (enum page_part)part); i++) {
            char number[32] = "", name[64];
            if (parts[part].numbered)
                snprintf(number, sizeof number, "%03zu", i);
            snprintf(name, sizeof name, "%s%s%s", parts[part].before, number, parts[part].behind);
            TRY(path_list_add(names, name));
        }
out:
    return status;
}
