/* Recognition of heads that predict boxes relative to anchors: one tensor with a row per cell and
 * anchor: box, objectness, classes and, where the file has prototypes, coefficients of masks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/head/head.h"

enum { BOX = 4 }; /* columns before the objectness */
/* Steps to find out what a row is about, to compare its box and to look at one element. */
enum { ROW_STEPS = 150, BOX_STEPS = 150, ELEMENT_STEPS = 3 };

/* What one row of the tail is about. */
struct row {
    size_t level, anchor, cell;
};

struct attempt {
    const struct head_search *search;
    struct head head;
    int tensor;           /* (1,rows,columns) or (1,columns,rows) */
    size_t axis;          /* of the columns */
    size_t n_rows, width; /* rows and columns */
    struct row *rows;
    size_t most_rows; /* of the tails so far whose levels have as many cells */
};

/* Index of an element in the tensor. */
static size_t element(const struct attempt *attempt, size_t row, size_t column) {
    return attempt->axis == 2 ? row * attempt->width + column : column * attempt->n_rows + row;
}

static size_t level_cells(const struct attempt *attempt, size_t level) {
    const struct shape *shape = &attempt->search->shapes[attempt->head.levels[level].boxes];
    return (size_t)(shape->dims[2] * shape->dims[3]);
}

/* The raw maps behind the objectness column become the levels. */
static bool read_levels(struct attempt *attempt, const struct subgraph *subgraph,
                        const int64_t *first, const int64_t *ids) {
    const struct head_search *search = attempt->search;
    struct head *head = &attempt->head;
    int maps[GRAPH_LEVELS];
    for (size_t r = 0; r < attempt->n_rows; r++) {
        int64_t id = ids[element(attempt, r, BOX)] - SUBGRAPH_SIGMOID;
        if (id < 0 || id >= SUBGRAPH_SIGMOID)
            return false;
        int map = subgraph->sources[subgraph_source(first, subgraph->n_sources, id)];
        size_t l = 0;
        while (l < head->n_levels && maps[l] != map)
            l++;
        if (l < head->n_levels)
            continue;
        if (l == GRAPH_LEVELS || map_stride(search, map) == 0)
            return false;
        maps[head->n_levels++] = map;
    }
    sort_by_stride(search, maps, head->n_levels);
    for (size_t l = 0; l < head->n_levels; l++) {
        int64_t channels = search->shapes[maps[l]].dims[1], width = (int64_t)attempt->width;
        head->levels[l].boxes = head->levels[l].scores = maps[l];
        head->levels[l].stride = (size_t)map_stride(search, maps[l]);
        if (l == 0)
            head->n_anchors = (size_t)(channels / width);
        if (channels != width * (int64_t)head->n_anchors || head->n_anchors > GRAPH_ANCHORS)
            return false;
    }
    return head->n_levels > 0 && head->n_anchors > 0;
}

/* Which level, anchor and cell each row is about; each must be there once. */
static enum status read_rows(struct attempt *attempt, const struct subgraph *subgraph,
                             const int64_t *first, const int64_t *ids, bool *good) {
    enum status status;
    struct head *head = &attempt->head;
    bool *seen = NULL;
    size_t begin[GRAPH_LEVELS + 1] = {0};
    for (size_t l = 0; l < head->n_levels; l++)
        begin[l + 1] = begin[l] + level_cells(attempt, l) * head->n_anchors;
    *good = begin[head->n_levels] == attempt->n_rows;
    TRY(memory_zeroed(attempt->n_rows, sizeof *seen, &seen));
    for (size_t r = 0; r < attempt->n_rows && *good; r++) {
        int64_t id = ids[element(attempt, r, BOX)] - SUBGRAPH_SIGMOID;
        size_t s = subgraph_source(first, subgraph->n_sources, id), l = 0;
        while (head->levels[l].boxes != subgraph->sources[s])
            l++;
        size_t cells = level_cells(attempt, l), at = (size_t)(id - first[s]);
        size_t anchor = at / cells / attempt->width, cell = at % cells;
        *good = at / cells % attempt->width == BOX;
        for (size_t c = BOX + 1; c < attempt->width && *good; c++) {
            bool coefficient = c > BOX + head->n_classes; /* no sigmoid is applied to it */
            *good = ids[element(attempt, r, c)] - (coefficient ? 0 : SUBGRAPH_SIGMOID) ==
                    id + (int64_t)((c - BOX) * cells);
        }
        size_t place = begin[l] + anchor * cells + cell;
        *good = *good && place < attempt->n_rows && !seen[place];
        if (*good)
            seen[place] = true;
        attempt->rows[r] = (struct row){l, anchor, cell};
    }
out:
    free(seen);
    return status;
}

static bool is_level_map(const struct head_search *search, const struct op *op,
                         const void *context) {
    const struct attempt *attempt = context;
    (void)search;
    for (size_t l = 0; l < attempt->head.n_levels; l++)
        if (attempt->head.levels[l].boxes == op->output)
            return true;
    return false;
}

/* What the tail makes of maps of zeros (seed 0) or of random numbers, which subgraph->values keeps.
 * The caller closes the subgraph and frees the rows. */
static enum status run_tail(const struct attempt *attempt, uint64_t seed, struct subgraph *subgraph,
                            struct value *rows, bool *done) {
    enum status status;
    const struct head *head = &attempt->head;
    TRY(subgraph_open(attempt->search, attempt->tensor, is_level_map, attempt, subgraph, done));
    *done = *done && subgraph->n_sources == head->n_levels;
    for (size_t l = 0; l < head->n_levels && *done; l++) {
        struct value *map = &subgraph->values[head->levels[l].boxes];
        TRY(subgraph_allocate(subgraph, head->levels[l].boxes, DTYPE_F32, done));
        *done = *done && head_spend(attempt->search, (uint64_t)shape_elements(&map->shape), 3);
        if (*done && seed != 0)
            random_values(map->data, (size_t)shape_elements(&map->shape), seed + l);
    }
    if (*done)
        TRY(subgraph_evaluate(subgraph, rows, done));
out:
    return status;
}

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

/* Whether every row's box is the formula's. */
static bool boxes_agree(const struct attempt *attempt, const struct value *maps,
                        const struct value *tail) {
    const float *values = tail->data;
    for (size_t r = 0; r < attempt->n_rows; r++) {
        if (!head_spend(attempt->search, 1, BOX_STEPS))
            return false;
        const struct row *row = &attempt->rows[r];
        const struct head_level *level = &attempt->head.levels[row->level];
        const struct shape *shape = &attempt->search->shapes[level->boxes];
        size_t cells = level_cells(attempt, row->level), columns = (size_t)shape->dims[3];
        const float *map = maps[level->boxes].data;
        map += row->anchor * attempt->width * cells + row->cell;
        size_t x = row->cell % columns, y = row->cell / columns;
        double corner[2] = {(double)x, (double)y};
        for (size_t s = 0; s < BOX; s++) {
            double twice = 2.0 * sigmoid(map[s * cells]), value = values[element(attempt, r, s)];
            double expected = s < 2 ? (twice - 0.5 + corner[s]) * (double)level->stride
                                    : twice * twice * (double)level->anchors[row->anchor][s - 2];
            if (!head_box_agrees(value, expected))
                return false;
        }
    }
    return true;
}

/* Sizes of the anchors: with logits of zero each box has its anchor's. */
static void read_anchors(struct attempt *attempt, const struct value *tail) {
    const float *values = tail->data;
    for (size_t r = 0; r < attempt->n_rows; r++) {
        const struct row *row = &attempt->rows[r];
        float *anchor = attempt->head.levels[row->level].anchors[row->anchor];
        anchor[0] = values[element(attempt, r, 2)];
        anchor[1] = values[element(attempt, r, 3)];
    }
}

static enum status check_boxes(struct attempt *attempt, bool *good) {
    enum status status;
    struct subgraph still_subgraph = {0}, subgraph = {0};
    struct value still = {0}, tail = {0};
    TRY(run_tail(attempt, 0, &still_subgraph, &still, good));
    if (*good) {
        read_anchors(attempt, &still);
        TRY(run_tail(attempt, 1, &subgraph, &tail, good));
        *good = *good && boxes_agree(attempt, subgraph.values, &tail);
    }
out:
    head_release(attempt->search, still.data);
    head_release(attempt->search, tail.data);
    subgraph_close(&still_subgraph);
    subgraph_close(&subgraph);
    return status;
}

/* Whether its sources include maps for all rows: what need not be traced to be refused. */
static bool has_levels(const struct attempt *attempt, const struct subgraph *subgraph) {
    size_t rows = 0;
    for (size_t s = 0; s < subgraph->n_sources; s++) {
        const struct shape *shape = &attempt->search->shapes[subgraph->sources[s]];
        if (map_stride(attempt->search, subgraph->sources[s]) == 0)
            continue;
        size_t anchors = (size_t)shape->dims[1] / attempt->width;
        if (anchors <= GRAPH_ANCHORS && anchors * attempt->width == (size_t)shape->dims[1])
            rows += anchors * (size_t)(shape->dims[2] * shape->dims[3]);
    }
    return rows >= attempt->n_rows;
}

/* A tail with fewer rows than another, which was refused for whatever reason, is a part of it: some
 * of the levels. */
static enum status try_tail(struct attempt *attempt, bool *good) {
    enum status status;
    struct subgraph subgraph = {0};
    int64_t first[SUBGRAPH_SOURCES + 1], *ids = NULL;
    const struct shape *shape = &attempt->search->shapes[attempt->tensor];
    attempt->width = (size_t)shape->dims[attempt->axis];
    attempt->n_rows = (size_t)shape->dims[3 - attempt->axis];
    int prototypes = attempt->search->prototypes;
    size_t n_extras = prototypes < 0 ? 0 : (size_t)attempt->search->shapes[prototypes].dims[1];
    *good = attempt->width > BOX + 1 + n_extras;
    if (!*good)
        return STATUS_OK;
    attempt->head = (struct head){.kind = HEAD_ANCHOR,
                                  .task = prototypes < 0 ? TASK_DETECT : TASK_SEGMENT,
                                  .n_extras = n_extras,
                                  .prototypes = prototypes,
                                  .bins = 1,
                                  .n_classes = attempt->width - BOX - 1 - n_extras};
    TRY(subgraph_open(attempt->search, attempt->tensor, NULL, NULL, &subgraph, good));
    *good = *good && attempt->n_rows >= attempt->most_rows && subgraph.inside[attempt->tensor] &&
            subgraph_passes_sigmoid(&subgraph) && has_levels(attempt, &subgraph);
    if (*good) {
        attempt->most_rows = attempt->n_rows;
        TRY(subgraph_trace(&subgraph, first, &ids, good));
    }
    *good = *good && head_spend(attempt->search, attempt->n_rows, ROW_STEPS) &&
            head_spend(attempt->search, attempt->n_rows * attempt->width, ELEMENT_STEPS) &&
            read_levels(attempt, &subgraph, first, ids);
    if (!*good)
        goto out;
    free(attempt->rows);
    attempt->rows = NULL;
    TRY(memory_zeroed(attempt->n_rows, sizeof *attempt->rows, &attempt->rows));
    TRY(read_rows(attempt, &subgraph, first, ids, good));
    if (*good)
        TRY(check_boxes(attempt, good));
out:
    head_release(attempt->search, ids);
    subgraph_close(&subgraph);
    return status;
}

enum status head_find_anchor(const struct head_search *search, struct head *head, bool *found) {
    enum status status = STATUS_OK;
    struct attempt attempt = {.search = search};
    const struct graph *graph = search->graph;
    *found = false;
    for (size_t i = graph->n_ops; i-- > 0 && !*found;) {
        attempt.tensor = graph->ops[i].output;
        const struct shape *shape = &search->shapes[attempt.tensor];
        if (!search->known[attempt.tensor] || shape->rank != 3 || shape->dims[0] != 1 ||
            graph->tensors[attempt.tensor].dtype != DTYPE_F32)
            continue;
        for (attempt.axis = 2; attempt.axis >= 1 && !*found; attempt.axis--)
            if (shape->dims[attempt.axis] > BOX + 1 && shape->dims[3 - attempt.axis] > 0)
                TRY(try_tail(&attempt, found));
    }
    if (*found)
        *head = attempt.head;
out:
    free(attempt.rows);
    return status;
}
