/* The (anchor, class) pairs of a raw head whose score is above a floor. */
#include "judge/candidates.h"

#include <stdlib.h>

#include "base/memory.h"
#include "judge/head_decode.h"
#include "judge/vector_clones.h"

enum { SPAN = 64 };

void candidates_clear(struct candidates *candidates) {
    candidates->count = 0;
    candidates->all_finite = true;
}

enum status candidates_add(struct candidates *candidates, struct candidate candidate) {
    enum status status;
    TRY(memory_reserve(&candidates->items, &candidates->capacity, candidates->count + 1,
                       sizeof *candidates->items));
    candidates->items[candidates->count++] = candidate;
out:
    return status;
}

/* What a search carries through its loops. */
struct search {
    const struct anchors *anchors;
    const struct plane *plane;
    float floor; /* of the score */
    float bound; /* of what the map holds: a logit or a score */
    struct candidates *out;
};

/* Whether a score is to be looked at: one that may reach the floor, or is not finite. */
VERIFY_INLINE bool is_striking(float raw, float bound) {
    return raw >= bound || float_magnitude(raw) >= FLOAT_INFINITY;
}

static enum status check(const struct search *search, size_t cell, size_t class, float raw,
                         float objectness) {
    search->out->all_finite &= float_magnitude(raw) < FLOAT_INFINITY;
    if (!(raw >= search->bound))
        return STATUS_OK;
    float score = objectness * (search->anchors->logits ? sigmoid(raw) : score_clamp(raw));
    if (!(score >= search->floor))
        return STATUS_OK;
    return candidates_add(
        search->out, (struct candidate){score,
                                        search->anchors->first_id +
                                            (uint32_t)(search->plane->first_tile * TILE + cell),
                                        anchors_class(search->anchors, class)});
}

/* The first of n values that lies at a multiple of SPAN and has a striking one in its span; n:
 * none. */
VECTOR_CLONES
static size_t next_span(const float *values, size_t from, size_t n, float bound) {
    for (; from + SPAN <= n; from += SPAN) {
        int any = 0;
        uint32_t most = 0;
        for (size_t i = 0; i < SPAN; i++) {
            uint32_t magnitude = float_magnitude(values[from + i]);
            any |= values[from + i] >= bound;
            most = magnitude > most ? magnitude : most;
        }
        if (any || most >= FLOAT_INFINITY)
            return from;
    }
    return from;
}

/* Looks through all cells of one block of channels; some channels may not be classes. */
static enum status search_block(const struct search *search, size_t block_index) {
    enum status status = STATUS_OK;
    const struct plane *plane = search->plane;
    const struct head_map *map = plane->scores;
    size_t block = map->block, n = plane->cells * block;
    size_t n_classes = search->anchors->head->n_classes;
    const float *values = map->data + block_index * n;
    for (size_t from = next_span(values, 0, n, search->bound); from < n;
         from = next_span(values, from + SPAN, n, search->bound)) {
        size_t end = from + SPAN < n ? from + SPAN : n;
        for (size_t i = from; i < end; i++) {
            if (!is_striking(values[i], search->bound))
                continue;
            size_t channel = block_index * block + i % block;
            if (channel >= plane->class_channel && channel < plane->class_channel + n_classes)
                TRY(check(search, i / block, channel - plane->class_channel, values[i], 1));
        }
    }
out:
    return status;
}

/* Looks through the classes of one cell of a channels-last map. */
static enum status search_cell(const struct search *search, size_t cell) {
    enum status status = STATUS_OK;
    const struct plane *plane = search->plane;
    size_t n = search->anchors->head->n_classes;
    const float *values =
        plane->scores->data + head_map_offset(plane->scores, plane->class_channel, cell);
    for (size_t from = next_span(values, 0, n, search->bound); from < n;
         from = next_span(values, from + SPAN, n, search->bound))
        for (size_t k = from; k < n && k < from + SPAN; k++)
            if (is_striking(values[k], search->bound))
                TRY(check(search, cell, k, values[k], 1));
out:
    return status;
}

/* Looks through the classes of those cells whose objectness alone could reach the floor. */
static enum status search_objects(const struct search *search) {
    enum status status = STATUS_OK;
    const struct plane *plane = search->plane;
    const struct head_map *map = plane->scores;
    for (size_t cell = 0; cell < plane->cells; cell++) {
        float raw = map->data[head_map_offset(map, plane->objectness_channel, cell)];
        search->out->all_finite &= float_magnitude(raw) < FLOAT_INFINITY;
        if (!(raw >= search->bound))
            continue;
        float objectness = search->anchors->logits ? sigmoid(raw) : score_clamp(raw);
        for (size_t k = 0; k < search->anchors->head->n_classes; k++) {
            raw = map->data[head_map_offset(map, plane->class_channel + k, cell)];
            if (is_striking(raw, search->bound))
                TRY(check(search, cell, k, raw, objectness));
        }
    }
out:
    return status;
}

static enum status search_plane(const struct search *search) {
    enum status status = STATUS_OK;
    const struct plane *plane = search->plane;
    const struct head_map *map = plane->scores;
    size_t first = plane->class_channel;
    size_t end = first + search->anchors->head->n_classes;
    if (search->anchors->objectness)
        return search_objects(search);
    if (map->block > TILE && map->block >= end) {
        for (size_t cell = 0; cell < plane->cells; cell++)
            TRY(search_cell(search, cell));
        return STATUS_OK;
    }
    for (size_t i = first / map->block; i * map->block < end; i++)
        TRY(search_block(search, i));
out:
    return status;
}

enum status candidates_find(const struct anchors *anchors, float floor,
                            struct candidates *candidates) {
    enum status status = STATUS_OK;
    float bound = candidate_bound(anchors->logits, floor);
    for (size_t i = 0; i < anchors->n_planes; i++) {
        struct search search = {anchors, &anchors->planes[i], floor, bound, candidates};
        TRY(search_plane(&search));
    }
out:
    return status;
}

static bool is_better(const struct candidate *a, const struct candidate *b) {
    if (a->score != b->score)
        return a->score > b->score;
    return a->anchor != b->anchor ? a->anchor < b->anchor : a->class < b->class;
}

static int compare(const void *a, const void *b) {
    return is_better(b, a) - is_better(a, b);
}

/* Hoare's selection: moves the best n to the front, unsorted. */
static void select_best(struct candidate *items, size_t count, size_t n) {
    ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, last = (ptrdiff_t)n - 1;
    while (low < high) {
        struct candidate pivot = items[(low + high) / 2];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (is_better(&items[i], &pivot))
                i++;
            while (is_better(&pivot, &items[j]))
                j--;
            if (i > j)
                break;
            struct candidate swapped = items[i];
            items[i++] = items[j];
            items[j--] = swapped;
        }
        if (last <= j)
            high = j;
        else if (last >= i)
            low = i;
        else
            return;
    }
}

void candidates_sort_best(struct candidates *candidates, size_t n) {
    if (candidates->count > n) {
        if (n > 0)
            select_best(candidates->items, candidates->count, n);
        candidates->count = n;
    }
    if (candidates->count > 1)
        qsort(candidates->items, candidates->count, sizeof *candidates->items, compare);
}
