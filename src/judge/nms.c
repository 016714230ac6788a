/* Non-maximum suppression. */
#include <stdlib.h>

#include "base/memory.h"
#include "judge/candidates.h"

#define CHAIN_END UINT32_MAX

void nms_free(struct nms *nms) {
    free(nms->boxes);
    free(nms->kept);
    free(nms->last);
    free(nms->before);
    free(nms->seen);
    *nms = (struct nms){0};
}

/* The best of those kept that suppress a box, or just any where `any` will do; CHAIN_END: none. */
static uint32_t find_suppressor(const struct nms *nms, struct box box, uint32_t class, float iou,
                                bool any) {
    uint32_t best = CHAIN_END;
    for (uint32_t i = nms->last[class]; i != CHAIN_END; i = nms->before[i])
        if (box_iou(nms->boxes[i], box) > iou) {
            best = i;
            if (any)
                break;
        }
    return best;
}

static enum status reserve(struct nms *nms, const struct sources *sources, size_t n) {
    enum status status;
    size_t n_seen = sources->n_views > 1 ? n * sources->n_views : 0;
    TRY(memory_reserve(&nms->boxes, &nms->box_capacity, n, sizeof *nms->boxes));
    TRY(memory_reserve(&nms->kept, &nms->kept_capacity, n, sizeof *nms->kept));
    TRY(memory_reserve(&nms->before, &nms->before_capacity, n, sizeof *nms->before));
    TRY(memory_reserve(&nms->last, &nms->last_capacity, sources->n_classes, sizeof *nms->last));
    TRY(memory_reserve(&nms->seen, &nms->seen_capacity, n_seen, sizeof *nms->seen));
out:
    return status;
}

/* Notes that a view gives the kept candidate's object a score; they come best first. */
static void see(struct nms *nms, const struct sources *sources, uint32_t kept,
                const struct candidate *item) {
    float *seen = nms->seen + kept * sources->n_views + anchors_view(sources->views, item->anchor);
    *seen = *seen > 0 ? *seen : item->score;
}

static int compare_kept(const void *a, const void *b) {
    const struct kept *left = a, *right = b;
    if (left->score != right->score)
        return left->score < right->score ? 1 : -1;
    return (left->index > right->index) - (left->index < right->index);
}

/* Scores as the views together give them, and the order by these. */
static void fuse(struct nms *nms, const struct sources *sources, const struct candidates *sorted) {
    for (size_t i = 0; i < nms->n_kept; i++) {
        struct kept *kept = &nms->kept[i];
        const float *seen = nms->seen + kept->index * sources->n_views;
        kept->score = 0;
        for (size_t v = 0; v < sources->n_views; v++)
            kept->score += seen[v];
        kept->score /= sources->knowing[sorted->items[kept->index].class];
    }
    if (nms->n_kept > 1)
        qsort(nms->kept, nms->n_kept, sizeof *nms->kept, compare_kept);
}

enum status nms_run(struct nms *nms, const struct sources *sources, const struct candidates *sorted,
                    float iou, size_t max_kept) {
    enum status status;
    size_t n = sorted->count, n_views = sources->n_views;
    nms->n_kept = 0;
    TRY(reserve(nms, sources, n));
    for (size_t i = 0; i < sources->n_classes; i++)
        nms->last[i] = CHAIN_END;
    /* With several views, what is not kept any more still adds to what is. */
    uint32_t i = 0;
    for (; i < n && (n_views > 1 || nms->n_kept < max_kept); i++) {
        const struct candidate *item = &sorted->items[i];
        nms->boxes[i] = anchors_box(sources->views, item->anchor);
        if (!box_usable(nms->boxes[i]))
            continue;
        uint32_t by = find_suppressor(nms, nms->boxes[i], item->class, iou, n_views == 1);
        if (by == CHAIN_END && nms->n_kept < max_kept) {
            nms->kept[nms->n_kept++] = (struct kept){i, item->score};
            nms->before[i] = nms->last[item->class];
            nms->last[item->class] = by = i;
            for (size_t v = 0; n_views > 1 && v < n_views; v++)
                nms->seen[i * n_views + v] = 0;
        }
        if (n_views > 1 && by != CHAIN_END)
            see(nms, sources, by, item);
    }
    nms->n_read = i;
    if (n_views > 1)
        fuse(nms, sources, sorted);
out:
    return status;
}
