/* Recognition of keypoints behind a distance head's boxes and scores. */
#include "model/head/head.h"

/* Steps to compute one number, and to compare it. */
enum { NUMBER_STEPS = 40 };

struct points_search {
    const struct head_search *search;
    const struct anchor_order *rows;
    const struct head *head;
};

/* One number of a row, as struct head's formulas make it. */
static double expected(const struct head *head, const struct value *map, size_t l, size_t cell,
                       size_t number) {
    size_t columns = (size_t)map->shape.dims[3], cells = columns * (size_t)map->shape.dims[2];
    double value = ((const float *)map->data)[number * cells + cell];
    size_t axis = number % head->point_values;
    if (axis == 2)
        return 1 / (1 + exp(-value));
    double at = (double)(axis == 0 ? cell % columns : cell / columns);
    return (head->centred_points ? value + at + 0.5 : 2 * value + at) *
           (double)head->levels[l].stride;
}

/* Whether the tail's numbers, (1,n_extras,rows) or (1,rows,n_extras), are the formula's. */
static bool points_agree(const struct points_search *points, const struct head *head,
                         const struct value *maps, const struct value *tail) {
    const float *numbers = tail->data;
    const struct anchor_order *rows = points->rows;
    bool first = tail->shape.dims[1] == (int64_t)head->n_extras;
    size_t step_number = first ? rows->count : 1, step_row = first ? 1 : head->n_extras;
    if (!head_spend(points->search, rows->count * head->n_extras, NUMBER_STEPS))
        return false;
    for (size_t i = 0; i < rows->count; i++) {
        size_t l = rows->level[i];
        double stride = (double)head->levels[l].stride;
        for (size_t k = 0; k < head->n_extras; k++) {
            double right = expected(head, &maps[head->levels[l].extras], l, rows->cell[i], k);
            double value = numbers[i * step_row + k * step_number];
            double tolerance = 1e-3 * fmax(1.0, stride / 32.0) + 1e-6 * fabs(value);
            if (!(fabs(value - right) <= tolerance))
                return false;
        }
    }
    return true;
}

/* Tries each formula for maps of n_extras channels. */
static bool try_formulas(const struct points_search *points, const struct subgraph *subgraph,
                         const struct value *tail, struct head *head) {
    for (size_t values = 3; values >= 2; values--)
        for (int centred = 0; centred < 2; centred++) {
            if (head->n_extras % values != 0)
                continue;
            head->point_values = values;
            head->n_points = head->n_extras / values;
            head->centred_points = centred;
            if (points_agree(points, head, subgraph->values, tail))
                return true;
        }
    return false;
}

/* Makes a subgraph's sources the levels' extras, of n_extras channels each. */
static bool take_sources(const struct points_search *points, const struct subgraph *subgraph,
                         struct head *head) {
    bool good = head_take_extras(subgraph, head);
    for (size_t l = 0; l < head->n_levels && good; l++)
        good = points->search->shapes[head->levels[l].extras].dims[1] == (int64_t)head->n_extras;
    return good;
}

/* Whether a tensor holds the keypoints of all rows; *head is theirs then. */
static enum status try_points(const struct points_search *points, int tensor, struct head *head,
                              bool *good) {
    enum status status;
    struct subgraph subgraph = {0};
    struct value tail = {0};
    TRY(subgraph_open(points->search, tensor, head_is_raw_map, points->head, &subgraph, good));
    *good = *good && subgraph.inside[tensor] && take_sources(points, &subgraph, head);
    if (*good)
        TRY(subgraph_run_random(&subgraph, &tail, good));
    *good = *good && try_formulas(points, &subgraph, &tail, head);
out:
    head_release(points->search, tail.data);
    subgraph_close(&subgraph);
    return status;
}

/* The numbers a row of a tensor that may hold keypoints; 0: it does not. */
static size_t numbers_of(const struct points_search *points, int tensor) {
    const struct head_search *search = points->search;
    const struct shape *shape = &search->shapes[tensor];
    int64_t rows = (int64_t)points->rows->count;
    if (!search->known[tensor] || search->graph->tensors[tensor].dtype != DTYPE_F32 ||
        shape->rank != 3 || shape->dims[0] != 1)
        return 0;
    if (shape->dims[2] == rows)
        return (size_t)shape->dims[1];
    return shape->dims[1] == rows ? (size_t)shape->dims[2] : 0;
}

enum status head_find_points(const struct head_search *search, const struct anchor_order *rows,
                             struct head *head) {
    enum status status = STATUS_OK;
    const struct points_search points = {search, rows, head};
    bool found = false;
    if (!head_spend(search, search->graph->n_ops, 10))
        return STATUS_OK;
    for (size_t i = search->graph->n_ops; i-- > 0 && !found;) {
        int tensor = search->graph->ops[i].output;
        struct head tried = *head;
        tried.n_extras = numbers_of(&points, tensor);
        if (tried.n_extras < 2)
            continue;
        TRY(try_points(&points, tensor, &tried, &found));
        if (found)
            *head = tried;
    }
out:
    return status;
}
