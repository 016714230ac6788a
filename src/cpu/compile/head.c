/* What the judge reads: its layout, and how long it is kept. */
#include "cpu/compile/head.h"

#include "cpu/compile/convert.h"

/* The layout in which the judge reads a head's tensor: as it is, but for a final map, which is
 * described in rows. */
static enum layout head_layout(const struct plan *plan, int tensor) {
    return plan->runtime->graph->head.kind == HEAD_FINAL ? LAYOUT_PLAIN : plan->layouts[tensor];
}

size_t plan_head(const struct head *head, size_t level, int tensors[HEAD_MAPS]) {
    const struct head_level *maps = &head->levels[level];
    size_t n = 0;
    tensors[n++] = maps->boxes;
    tensors[n++] = head->kind == HEAD_DISTANCE ? maps->scores : maps->boxes;
    if (head->n_extras > 0)
        tensors[n++] = maps->extras;
    return n;
}

/* Keeps a tensor in the layout in which the judge reads it. */
static enum status keep(struct plan *plan, int tensor) {
    enum status status;
    size_t buffer;
    const struct shape *shape = &plan->shapes[tensor];
    size_t rank = plan->runtime->graph->head.kind == HEAD_FINAL ? 3 : 4;
    if (shape->rank != rank || shape->dims[0] != 1 || plan->dtypes[tensor] != DTYPE_F32) {
        char text[SHAPE_TEXT];
        return FAIL(STATUS_BAD_INPUT, "the head's tensor '%.200s' of shape %s is not a map",
                    plan->runtime->graph->tensors[tensor].name, shape_text(shape, text));
    }
    TRY(plan_read(plan, tensor, head_layout(plan, tensor), &buffer));
    plan->buffers[buffer].last = SIZE_MAX;
out:
    return status;
}

enum status plan_keep_head(struct plan *plan) {
    enum status status = STATUS_OK;
    const struct head *head = &plan->runtime->graph->head;
    for (size_t i = 0; i < head->n_levels; i++) {
        int tensors[HEAD_MAPS];
        size_t n = plan_head(head, i, tensors);
        for (size_t k = 0; k < n; k++)
            TRY(keep(plan, tensors[k]));
    }
    if (head_has_masks(head))
        TRY(keep(plan, head->prototypes));
out:
    return status;
}

static struct head_map map_of(const struct plan *plan, int tensor) {
    const struct head *head = &plan->runtime->graph->head;
    const struct shape *shape = &plan->shapes[tensor];
    enum layout layout = head_layout(plan, tensor);
    struct head_map map = {.data = buffer_floats(plan, buffer_of(tensor, layout)),
                           .block = layout_block(plan, layout)};
    if (head->kind == HEAD_FINAL) {
        map.channels = (size_t)shape->dims[head->channels_last ? 2 : 1];
        map.width = (size_t)shape->dims[head->channels_last ? 1 : 2];
        map.height = 1;
        map.block = head->channels_last ? map.channels : 1;
    } else {
        map.channels = (size_t)shape->dims[1];
        map.height = (size_t)shape->dims[2];
        map.width = (size_t)shape->dims[3];
    }
    return map;
}

void plan_maps(const struct plan *plan, struct head_maps *maps) {
    const struct head *head = &plan->runtime->graph->head;
    *maps = (struct head_maps){0};
    for (size_t i = 0; i < head->n_levels; i++) {
        int tensors[HEAD_MAPS];
        bool extras = plan_head(head, i, tensors) == HEAD_MAPS;
        maps->boxes[i] = map_of(plan, tensors[0]);
        maps->scores[i] = map_of(plan, tensors[1]);
        if (extras)
            maps->extras[i] = map_of(plan, tensors[2]);
    }
    if (head_has_masks(head))
        maps->prototypes = map_of(plan, head->prototypes);
}
