/* Recognition of YOLOX's head: a row for each cell, with its box from one map, objectness and
 * classes from two others, behind a sigmoid. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/head/head.h"

enum { BOX = 4, MAPS = 3 }; /* columns before the objectness; maps of a level */
/* Steps to find out what a row is about, to compare its box, and to look at one element. */
enum { ROW_STEPS = 100, BOX_STEPS = 150, ELEMENT_STEPS = 3 };

/* Which level and cell a row of the tail is about. */
struct row {
    size_t level, cell;
};

struct attempt {
    const struct head_search *search;
    struct yolox yolox;
    size_t axis; /* of the columns, in tensors (1,rows,columns) or (1,columns,rows) */
    size_t n_rows, width;
    struct row *rows;
};

static size_t element(const struct attempt *attempt, size_t row, size_t column) {
    return attempt->axis == 2 ? row * attempt->width + column : column * attempt->n_rows + row;
}

static size_t map_cells(const struct attempt *attempt, int map) {
    const struct shape *shape = &attempt->search->shapes[map];
    return (size_t)(shape->dims[2] * shape->dims[3]);
}

/* The map that an element comes from, past this many sigmoids; its place there. -1: from none. */
static int map_of(const struct subgraph *subgraph, const int64_t *first, int64_t id,
                  int64_t sigmoids, size_t *place) {
    id -= sigmoids * SUBGRAPH_SIGMOID;
    if (id < 0 || id >= SUBGRAPH_SIGMOID)
        return -1;
    size_t s = subgraph_source(first, subgraph->n_sources, id);
    *place = (size_t)(id - first[s]);
    return subgraph->sources[s];
}

/* The level of these three maps, made where there is none; n_levels of the attempt where they are
 * not the maps of a level. */
static size_t level_of(struct attempt *attempt, const int maps[MAPS]) {
    const struct head_search *search = attempt->search;
    struct yolox *yolox = &attempt->yolox;
    const int64_t channels[MAPS] = {BOX, 1, (int64_t)yolox->n_classes};
    size_t l = 0;
    while (l < yolox->n_levels && yolox->levels[l].boxes != maps[0])
        l++;
    struct yolox_level level = {maps[0], maps[1], maps[2], (size_t)map_stride(search, maps[0])};
    if (l < yolox->n_levels)
        return yolox->levels[l].objectness == maps[1] && yolox->levels[l].classes == maps[2]
                   ? l
                   : yolox->n_levels;
    for (size_t i = 0; i < MAPS; i++)
        if (map_stride(search, maps[i]) != (int64_t)level.stride ||
            search->shapes[maps[i]].dims[1] != channels[i])
            return l;
    if (l < GRAPH_LEVELS && level.stride > 0)
        yolox->levels[yolox->n_levels++] = level;
    return l;
}

/* Finds out what a row is about, from where its elements come from. */
static bool read_row(struct attempt *attempt, const struct subgraph *subgraph, const int64_t *first,
                     const int64_t *ids, size_t row) {
    int maps[MAPS];
    size_t place[MAPS] = {0};
    const int64_t start = ids[element(attempt, row, 0)];
    const int64_t kind = ids[element(attempt, row, BOX + 1)];
    maps[0] = map_of(subgraph, first, start, 0, &place[0]);
    maps[1] = map_of(subgraph, first, ids[element(attempt, row, BOX)], 1, &place[1]);
    maps[2] = map_of(subgraph, first, kind, 1, &place[2]);
    if (maps[0] < 0 || maps[1] < 0 || maps[2] < 0 || place[0] != place[1] || place[0] != place[2])
        return false;
    size_t l = level_of(attempt, maps);
    if (l == attempt->yolox.n_levels || place[0] >= map_cells(attempt, maps[0]))
        return false;
    int64_t cells = (int64_t)map_cells(attempt, maps[0]);
    for (size_t c = 1; c < BOX; c++)
        if (ids[element(attempt, row, c)] != start + (int64_t)c * cells)
            return false;
    for (size_t c = 1; c < attempt->yolox.n_classes; c++)
        if (ids[element(attempt, row, BOX + 1 + c)] != kind + (int64_t)c * cells)
            return false;
    attempt->rows[row] = (struct row){l, place[0]};
    return true;
}

/* What every row is about; each cell must be there once. */
static enum status read_rows(struct attempt *attempt, const struct subgraph *subgraph,
                             const int64_t *first, const int64_t *ids, bool *good) {
    enum status status = STATUS_OK;
    bool *seen = NULL;
    size_t begin[GRAPH_LEVELS + 1] = {0};
    const struct yolox *yolox = &attempt->yolox;
    for (size_t r = 0; r < attempt->n_rows && *good; r++)
        *good = read_row(attempt, subgraph, first, ids, r);
    for (size_t l = 0; l < yolox->n_levels; l++)
        begin[l + 1] = begin[l] + map_cells(attempt, yolox->levels[l].boxes);
    *good = *good && begin[yolox->n_levels] == attempt->n_rows;
    if (!*good)
        return STATUS_OK;
    TRY(memory_zeroed(attempt->n_rows, sizeof *seen, &seen));
    for (size_t r = 0; r < attempt->n_rows && *good; r++) {
        size_t cell = begin[attempt->rows[r].level] + attempt->rows[r].cell;
        *good = !seen[cell];
        seen[cell] = true;
    }
out:
    free(seen);
    return status;
}

/* Whether a tensor has the rows of all cells, as the maps have them: nothing is decoded. */
static enum status try_rows(struct attempt *attempt, int tensor, bool *good) {
    enum status status;
    const struct head_search *search = attempt->search;
    struct subgraph subgraph = {0};
    int64_t first[SUBGRAPH_SOURCES + 1], *ids = NULL;
    attempt->width = (size_t)search->shapes[tensor].dims[attempt->axis];
    attempt->n_rows = (size_t)search->shapes[tensor].dims[3 - attempt->axis];
    attempt->yolox = (struct yolox){.n_classes = attempt->width - BOX - 1};
    TRY(subgraph_open(search, tensor, NULL, NULL, &subgraph, good));
    *good = *good && subgraph.n_sources > 0 && subgraph.n_sources % MAPS == 0 &&
            subgraph_passes_sigmoid(&subgraph);
    for (size_t s = 0; s < subgraph.n_sources && *good; s++)
        *good = map_stride(search, subgraph.sources[s]) > 0;
    if (*good)
        TRY(subgraph_trace(&subgraph, first, &ids, good));
    *good = *good && head_spend(search, attempt->n_rows, ROW_STEPS) &&
            head_spend(search, attempt->n_rows * attempt->width, ELEMENT_STEPS);
    if (!*good)
        goto out;
    free(attempt->rows);
    attempt->rows = NULL;
    TRY(memory_zeroed(attempt->n_rows, sizeof *attempt->rows, &attempt->rows));
    TRY(read_rows(attempt, &subgraph, first, ids, good));
out:
    head_release(search, ids);
    subgraph_close(&subgraph);
    return status;
}

static bool is_level_map(const struct head_search *search, const struct op *op,
                         const void *context) {
    const struct attempt *attempt = context;
    (void)search;
    for (size_t l = 0; l < attempt->yolox.n_levels; l++) {
        const struct yolox_level *level = &attempt->yolox.levels[l];
        if (level->boxes == op->output || level->objectness == op->output ||
            level->classes == op->output)
            return true;
    }
    return false;
}

/* Whether every row's box is the formula's. */
static bool boxes_agree(const struct attempt *attempt, const struct value *maps,
                        const struct value *tail) {
    const float *values = tail->data;
    for (size_t r = 0; r < attempt->n_rows; r++) {
        if (!head_spend(attempt->search, 1, BOX_STEPS))
            return false;
        const struct row *row = &attempt->rows[r];
        const struct yolox_level *level = &attempt->yolox.levels[row->level];
        const struct value *map = &maps[level->boxes];
        size_t cells = map_cells(attempt, level->boxes), columns = (size_t)map->shape.dims[3];
        const float *raw = (const float *)map->data + row->cell;
        size_t y = row->cell / columns, x = row->cell - y * columns;
        double corner[2] = {(double)x, (double)y};
        for (size_t s = 0; s < BOX; s++) {
            double logit = raw[s * cells], value = values[element(attempt, r, s)];
            double expected = (s < 2 ? logit + corner[s] : exp(logit)) * (double)level->stride;
            if (!head_box_agrees(value, expected))
                return false;
        }
    }
    return true;
}

/* Whether a tensor like the rows has their boxes decoded. */
static enum status try_decoded(const struct attempt *attempt, int tensor, bool *good) {
    enum status status;
    const struct head_search *search = attempt->search;
    struct subgraph subgraph = {0};
    struct value tail = {0};
    TRY(subgraph_open(search, tensor, is_level_map, attempt, &subgraph, good));
    *good = *good && subgraph.n_sources == MAPS * attempt->yolox.n_levels;
    if (*good)
        TRY(subgraph_run_random(&subgraph, &tail, good));
    *good = *good && boxes_agree(attempt, subgraph.values, &tail);
out:
    head_release(search, tail.data);
    subgraph_close(&subgraph);
    return status;
}

/* Whether anything is made of a tensor. */
static bool is_used(const struct graph *graph, int tensor) {
    for (size_t i = 0; i < graph->n_ops; i++)
        for (size_t k = 0; k < graph->ops[i].n_inputs; k++)
            if (graph->ops[i].inputs[k] == tensor)
                return true;
    return false;
}

/* What becomes of the rows that operator `index` puts together: nothing, or YOLOX's boxes. */
static enum status check_decoding(struct attempt *attempt, size_t index, bool *good) {
    enum status status = STATUS_OK;
    const struct graph *graph = attempt->search->graph;
    const struct shape *rows = &attempt->search->shapes[graph->ops[index].output];
    attempt->yolox.decoded = is_used(graph, graph->ops[index].output);
    *good = !attempt->yolox.decoded;
    for (size_t i = graph->n_ops; i-- > index + 1 && !*good;) {
        int tensor = graph->ops[i].output;
        if (attempt->search->known[tensor] && graph->tensors[tensor].dtype == DTYPE_F32 &&
            shape_equal(&attempt->search->shapes[tensor], rows))
            TRY(try_decoded(attempt, tensor, good));
    }
out:
    return status;
}

static void sort_levels(struct yolox *yolox) {
    for (size_t i = 1; i < yolox->n_levels; i++)
        for (size_t k = i; k > 0 && yolox->levels[k].stride < yolox->levels[k - 1].stride; k--) {
            struct yolox_level swap = yolox->levels[k];
            yolox->levels[k] = yolox->levels[k - 1];
            yolox->levels[k - 1] = swap;
        }
}

enum status head_find_yolox(const struct head_search *search, struct yolox *yolox, bool *found) {
    enum status status = STATUS_OK;
    struct head_pool pool = {0};
    struct head_search own = *search;
    struct attempt attempt = {.search = &own};
    const struct graph *graph = search->graph;
    own.pool = &pool;
    *found = false;
    for (size_t i = graph->n_ops; i-- > 0 && !*found;) {
        int tensor = graph->ops[i].output;
        const struct shape *shape = &search->shapes[tensor];
        if (!search->known[tensor] || shape->rank != 3 || shape->dims[0] != 1 ||
            graph->tensors[tensor].dtype != DTYPE_F32)
            continue;
        for (attempt.axis = 2; attempt.axis >= 1 && !*found; attempt.axis--) {
            if (shape->dims[attempt.axis] <= BOX + 1 || shape->dims[3 - attempt.axis] < 1)
                continue;
            TRY(try_rows(&attempt, tensor, found));
            if (*found)
                TRY(check_decoding(&attempt, i, found));
        }
    }
    *yolox = attempt.yolox;
    sort_levels(yolox);
out:
    free(attempt.rows);
    head_pool_free(&pool);
    return status;
}
