/* The most suspicious findings of many records. */
#include "review/pages/worst.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { LEAST_SPARE = 1024 }; /* findings that may be too many before they are dropped */

static int compare(const void *a, const void *b) {
    const struct page_finding *x = a, *y = b;
    return finding_compare(&x->finding, &y->finding);
}

void worst_sort(struct worst *worst) {
    if (worst->count > 1)
        qsort(worst->items, worst->count, sizeof *worst->items, compare);
    if (worst->count > worst->most)
        worst->count = worst->most;
}

enum status worst_add(struct worst *worst, const struct page_finding *findings, size_t count) {
    enum status status;
    TRY(memory_reserve(&worst->items, &worst->capacity, worst->count + count,
                       sizeof *worst->items));
    if (count)
        memcpy(worst->items + worst->count, findings, count * sizeof *findings);
    worst->count += count;
    if (worst->count > 2 * worst->most + LEAST_SPARE)
        worst_sort(worst);
out:
    return status;
}

/* Reasons are numbered as in records; other kinds of findings behind them. */
static uint32_t group_of(const struct record *record, const struct finding *finding) {
    if (finding->kind == FINDING_BOX)
        return (uint32_t)record->boxes[finding->item].reason;
    return (uint32_t)REASON_COUNT + (finding->kind == FINDING_INVALID);
}

enum status worst_scan(const char *output, size_t part, size_t n_parts, struct page_copies *copies,
                       struct worst *worst) {
    enum status status;
    struct record_reader *reader = NULL;
    struct findings_list list = {0};
    TRY(records_open(output, part, n_parts, &reader));
    for (;;) {
        const struct record *record;
        TRY(records_next(reader, &record));
        if (!record)
            break;
        if (copies)
            page_copies_note(copies, record);
        TRY(findings_of(record, &list));
        worst->all += list.count;
        for (size_t i = 0; i < list.count; i++) {
            struct page_finding one;
            memset(&one, 0, sizeof one); /* the bytes between members, too */
            one.finding = list.items[i];
            one.group = group_of(record, &list.items[i]);
            worst->all_weak += list.items[i].weak;
            TRY(worst_add(worst, &one, 1));
        }
    }
out:
    findings_list_free(&list);
    records_close(reader);
    return status;
}

void worst_free(struct worst *worst) {
    free(worst->items);
    *worst = (struct worst){0};
}
