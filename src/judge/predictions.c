/* What the model itself would say of a picture. */
#include "base/memory.h"
#include "judge/scratch.h"

/* Leaves of each anchor's candidates above `conf` the one of the best class (the first of equals).
 */
static enum status choose_best_class(struct judge_scratch *scratch, float conf) {
    enum status status;
    const struct candidates *found = &scratch->found;
    struct candidates *chosen = &scratch->chosen;
    const struct anchors *last = &scratch->anchors[scratch->n_views - 1];
    size_t n = last->first_id + last->n_tiles * TILE;
    chosen->count = 0;
    TRY(memory_reserve(&scratch->first_of, &scratch->first_capacity, n, sizeof *scratch->first_of));
    for (size_t i = 0; i < n; i++)
        scratch->first_of[i] = 0;
    for (size_t i = 0; i < found->count; i++) {
        struct candidate item = found->items[i];
        if (!(item.score > conf))
            continue;
        uint32_t *first = &scratch->first_of[item.anchor];
        if (*first == 0) {
            TRY(candidates_add(chosen, item));
            *first = (uint32_t)chosen->count;
            continue;
        }
        struct candidate *best = &chosen->items[*first - 1];
        if (item.score > best->score || (item.score == best->score && item.class < best->class))
            *best = item;
    }
out:
    return status;
}

enum status predictions_find(const struct judge *judge, struct judge_scratch *scratch,
                             struct findings *findings) {
    enum status status;
    struct candidates *chosen = &scratch->chosen;
    struct nms *nms = &scratch->nms;
    const struct sources sources = {scratch->n_views, judge->n_classes, scratch->anchors,
                                    scratch->knowing};
    TRY(choose_best_class(scratch, judge->conf));
    candidates_sort_best(chosen, CANDIDATES_MAX);
    TRY(nms_run(nms, &sources, chosen, judge->iou, judge->max_det));
    for (size_t i = 0; i < nms->n_kept; i++) {
        const struct kept *kept = &nms->kept[i];
        if (kept->score > judge->conf)
            TRY(detections_add(&findings->predictions, &chosen->items[kept->index], kept->score,
                               nms->boxes[kept->index]));
    }
out:
    return status;
}
