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
    *nms = (struct nms){0};
}

static bool is_suppressed(const struct nms *nms, struct box box, uint32_t class, float iou) {
    for (uint32_t i = nms->last[class]; i != CHAIN_END; i = nms->before[i])
        if (box_iou(nms->boxes[i], box) > iou)
            return true;
    return false;
}

enum status nms_run(struct nms *nms, struct anchors *views, size_t n_classes,
                    const struct candidates *sorted, float iou, size_t max_kept) {
    enum status status;
    size_t n = sorted->count;
    nms->n_kept = 0;
    TRY(memory_reserve(&nms->boxes, &nms->box_capacity, n, sizeof *nms->boxes));
    TRY(memory_reserve(&nms->kept, &nms->kept_capacity, n, sizeof *nms->kept));
    TRY(memory_reserve(&nms->before, &nms->before_capacity, n, sizeof *nms->before));
    TRY(memory_reserve(&nms->last, &nms->last_capacity, n_classes, sizeof *nms->last));
    for (size_t i = 0; i < n_classes; i++)
        nms->last[i] = CHAIN_END;
    for (size_t i = 0; i < n && nms->n_kept < max_kept; i++) {
        const struct candidate *item = &sorted->items[i];
        nms->boxes[i] = anchors_box(views, item->anchor);
        if (!box_usable(nms->boxes[i]) || is_suppressed(nms, nms->boxes[i], item->class, iou))
            continue;
        nms->kept[nms->n_kept++] = (uint32_t)i;
        nms->before[i] = nms->last[item->class];
        nms->last[item->class] = (uint32_t)i;
    }
out:
    return status;
}
