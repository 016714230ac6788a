/* Recognition of the coefficients of masks: behind a known head of distances, numbers of each
 * anchor that nothing but moving has been done to. */
#include <stdlib.h>

#include "base/memory.h"
#include "model/head/head.h"

/* Steps to compare where one element comes from. */
enum { ELEMENT_STEPS = 5 };

/* Whether element c of each anchor is channel extra_channel + c of its cell. Sets extra_channel. */
static bool read_channels(const struct subgraph *subgraph, const struct anchor_order *anchors,
                          size_t axis, const int64_t *first, const int64_t *ids,
                          struct head *head) {
    const struct head_search *search = subgraph->search;
    size_t n = head->n_extras, step = axis == 1 ? anchors->count : 1;
    int64_t base[GRAPH_LEVELS];
    bool started[GRAPH_LEVELS] = {false};
    if (!head_spend(search, anchors->count * n, ELEMENT_STEPS))
        return false;
    for (size_t s = 0; s < subgraph->n_sources; s++)
        base[head_level_of(search, head, subgraph->sources[s])] = first[s];
    for (size_t a = 0; a < anchors->count; a++) {
        size_t l = anchors->level[a];
        struct head_level *level = &head->levels[l];
        const struct shape *shape = &search->shapes[level->extras];
        int64_t cells = shape->dims[2] * shape->dims[3];
        const int64_t *id = ids + (axis == 1 ? a : a * n);
        int64_t at = id[0] - base[l] - (int64_t)anchors->cell[a];
        if (at < 0 || at % cells != 0 || at / cells + (int64_t)n > shape->dims[1])
            return false;
        if (!started[l])
            level->extra_channel = (size_t)(at / cells);
        started[l] = true;
        for (size_t c = 0; c < n; c++)
            if (id[c * step] !=
                base[l] + (int64_t)anchors->cell[a] + (int64_t)(level->extra_channel + c) * cells)
                return false;
    }
    return true;
}

static enum status try_tensor(const struct head_search *search, int tensor, size_t axis,
                              const struct anchor_order *anchors, struct head *head, bool *good) {
    enum status status;
    struct subgraph subgraph = {0};
    int64_t first[SUBGRAPH_SOURCES + 1], *ids = NULL;
    TRY(subgraph_open(search, tensor, NULL, NULL, &subgraph, good));
    *good = *good && subgraph.inside[tensor] && head_take_extras(&subgraph, head);
    if (*good)
        TRY(subgraph_trace(&subgraph, first, &ids, good));
    *good = *good && read_channels(&subgraph, anchors, axis, first, ids, head);
out:
    head_release(search, ids);
    subgraph_close(&subgraph);
    return status;
}

enum status head_find_masks(const struct head_search *search, const struct anchor_order *anchors,
                            struct head *head) {
    enum status status = STATUS_OK;
    const struct graph *graph = search->graph;
    struct head with = *head;
    bool found = false;
    if (search->prototypes < 0 || head->n_extras > 0)
        return STATUS_OK;
    with.task = TASK_SEGMENT;
    with.prototypes = search->prototypes;
    with.n_extras = (size_t)search->shapes[search->prototypes].dims[1];
    for (size_t i = 0; i < graph->n_ops && !found; i++) {
        int tensor = graph->ops[i].output;
        const struct shape *shape = &search->shapes[tensor];
        if (!search->known[tensor] || shape->rank != 3 || shape->dims[0] != 1 ||
            graph->tensors[tensor].dtype != DTYPE_F32)
            continue;
        for (size_t axis = 1; axis <= 2 && !found; axis++)
            if (shape->dims[axis] == (int64_t)with.n_extras &&
                shape->dims[3 - axis] == (int64_t)anchors->count)
                TRY(try_tensor(search, tensor, axis, anchors, &with, &found));
    }
    if (found)
        *head = with;
out:
    return status;
}
