/* Recognition of heads that predict distances from each cell's centre to the box's sides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/head/head.h"

/* Steps to look at one element, to find its channel, and to compute one value of all four sides'
 * distributions. */
enum { ELEMENT_STEPS = 5, PLACE_STEPS = 10, BIN_STEPS = 80 };

/* A head being put together, and which cell of which level each anchor of the tail is. */
struct attempt {
    const struct head_search *search;
    struct head head;
    size_t n_anchors;
    size_t *level;
    size_t *cell;
};

static size_t level_cells(const struct attempt *attempt, size_t level) {
    const struct shape *shape = &attempt->search->shapes[attempt->head.levels[level].scores];
    return (size_t)(shape->dims[2] * shape->dims[3]);
}

/* Reads, from where the elements of a score tensor come from, the class channels of every level and
 * the anchors' cells. `axis` is the one that classes lie on. */
static enum status read_scores(struct attempt *attempt, const struct subgraph *subgraph,
                               size_t axis, const int64_t *first, const int64_t *ids, bool *good) {
    enum status status = STATUS_OK;
    const struct shape *shape = &attempt->search->shapes[subgraph->target];
    size_t classes = (size_t)shape->dims[axis], anchors = (size_t)shape->dims[3 - axis];
    size_t step_class = axis == 1 ? anchors : 1, step_anchor = axis == 1 ? 1 : classes;
    bool *seen = NULL, started[GRAPH_LEVELS] = {false};
    size_t begin[GRAPH_LEVELS + 1] = {0};
    struct head *head = &attempt->head;
    *good = false;
    for (size_t l = 0; l < head->n_levels; l++)
        begin[l + 1] = begin[l] + level_cells(attempt, l);
    if (begin[head->n_levels] != anchors ||
        !head_spend(attempt->search, anchors * classes, ELEMENT_STEPS))
        return STATUS_OK;
    TRY(memory_zeroed(anchors, sizeof *seen, &seen));
    for (size_t a = 0; a < anchors; a++) {
        int64_t id = ids[a * step_anchor] - SUBGRAPH_SIGMOID; /* one sigmoid, no more */
        if (id < 0 || id >= SUBGRAPH_SIGMOID)
            goto out;
        size_t l = subgraph_source(first, head->n_levels, id), cells = level_cells(attempt, l);
        size_t channel = (size_t)(id - first[l]) / cells, cell = (size_t)(id - first[l]) % cells;
        struct head_level *level = &head->levels[l];
        if (!started[l])
            level->score_channel = channel;
        started[l] = true;
        if (level->score_channel != channel || seen[begin[l] + cell])
            goto out;
        for (size_t c = 1; c < classes; c++)
            if (ids[a * step_anchor + c * step_class] - SUBGRAPH_SIGMOID !=
                id + (int64_t)(c * cells))
                goto out;
        seen[begin[l] + cell] = true;
        attempt->level[a] = l;
        attempt->cell[a] = cell;
    }
    attempt->n_anchors = anchors;
    head->n_classes = classes;
    *good = true;
out:
    free(seen);
    return status;
}

/* Whether a tensor of rank 3 holds the scores of all classes at all cells. */
static enum status try_scores(struct attempt *attempt, int tensor, bool *good) {
    enum status status;
    struct subgraph subgraph = {0};
    struct head *head = &attempt->head;
    int64_t first[SUBGRAPH_SOURCES + 1], *ids = NULL;
    *good = false;
    *head = (struct head){.kind = HEAD_DISTANCE, .task = attempt->search->task, .n_anchors = 1};
    TRY(subgraph_open(attempt->search, tensor, NULL, NULL, &subgraph, good));
    *good = *good && subgraph.n_sources > 0 && subgraph.n_sources <= GRAPH_LEVELS;
    for (size_t s = 0; s < subgraph.n_sources && *good; s++)
        *good = map_stride(attempt->search, subgraph.sources[s]) > 0;
    if (!*good)
        goto out;
    sort_by_stride(attempt->search, subgraph.sources, subgraph.n_sources);
    head->n_levels = subgraph.n_sources;
    for (size_t l = 0; l < head->n_levels; l++) {
        head->levels[l].scores = subgraph.sources[l];
        head->levels[l].stride = (size_t)map_stride(attempt->search, subgraph.sources[l]);
        if (l > 0 && head->levels[l].stride == head->levels[l - 1].stride)
            *good = false;
    }
    size_t anchors = 0;
    for (size_t l = 0; l < head->n_levels; l++)
        anchors += level_cells(attempt, l);
    const struct shape *shape = &attempt->search->shapes[tensor];
    *good = *good && subgraph_passes_sigmoid(&subgraph) &&
            (shape->dims[1] == (int64_t)anchors || shape->dims[2] == (int64_t)anchors);
    if (*good)
        TRY(subgraph_trace(&subgraph, first, &ids, good));
    if (*good) {
        free(attempt->level);
        free(attempt->cell);
        attempt->level = attempt->cell = NULL;
        TRY(memory_zeroed(anchors, sizeof *attempt->level, &attempt->level));
        TRY(memory_zeroed(anchors, sizeof *attempt->cell, &attempt->cell));
        TRY(read_scores(attempt, &subgraph, 1, first, ids, good));
        if (!*good)
            TRY(read_scores(attempt, &subgraph, 2, first, ids, good));
    }
out:
    head_release(attempt->search, ids);
    subgraph_close(&subgraph);
    return status;
}

size_t head_level_of(const struct head_search *search, const struct head *head, int tensor) {
    int64_t stride = map_stride(search, tensor);
    size_t l = 0;
    while (l < head->n_levels && (int64_t)head->levels[l].stride != stride)
        l++;
    return l;
}

bool head_take_extras(const struct subgraph *subgraph, struct head *head) {
    bool good = subgraph->n_sources == head->n_levels;
    for (size_t l = 0; l < head->n_levels; l++)
        head->levels[l].extras = -1;
    for (size_t s = 0; s < subgraph->n_sources && good; s++) {
        int map = subgraph->sources[s];
        size_t l = head_level_of(subgraph->search, head, map);
        struct head_level *level = &head->levels[l < head->n_levels ? l : 0];
        good =
            l < head->n_levels && level->extras < 0 && level->boxes != map && level->scores != map;
        level->extras = map;
    }
    return good;
}

static size_t level_of(const struct attempt *attempt, int tensor) {
    return head_level_of(attempt->search, &attempt->head, tensor);
}

bool head_is_raw_map(const struct head_search *search, const struct op *op, const void *context) {
    const struct head *head = context;
    return head_level_of(search, head, op->output) < head->n_levels && !op_moves(search->graph, op);
}

/* Widens the range of box channels of each level by those that an operand comes from. */
static enum status widen(struct attempt *attempt, int operand, size_t low[], size_t high[]) {
    enum status status;
    struct subgraph subgraph = {0};
    bool good;
    int64_t first[SUBGRAPH_SOURCES + 1], *ids = NULL;
    size_t level[SUBGRAPH_SOURCES], cells[GRAPH_LEVELS];
    TRY(subgraph_open(attempt->search, operand, NULL, NULL, &subgraph, &good));
    for (size_t s = 0; s < subgraph.n_sources && good; s++) {
        size_t l = level_of(attempt, subgraph.sources[s]);
        good = l < attempt->head.n_levels && attempt->head.levels[l].boxes == subgraph.sources[s];
    }
    if (good && subgraph.n_sources > 0)
        TRY(subgraph_trace(&subgraph, first, &ids, &good));
    int64_t count = shape_elements(&attempt->search->shapes[operand]);
    if (ids == NULL || !head_spend(attempt->search, (uint64_t)count, PLACE_STEPS))
        goto out;
    for (size_t s = 0; s < subgraph.n_sources; s++)
        level[s] = level_of(attempt, subgraph.sources[s]);
    for (size_t l = 0; l < attempt->head.n_levels; l++)
        cells[l] = level_cells(attempt, l);
    for (int64_t i = 0; i < count; i++) {
        size_t s = subgraph_source(first, subgraph.n_sources, ids[i]), l = level[s];
        size_t channel = (size_t)(ids[i] % SUBGRAPH_SIGMOID - first[s]) / cells[l];
        low[l] = channel < low[l] ? channel : low[l];
        high[l] = channel > high[l] ? channel : high[l];
    }
out:
    head_release(attempt->search, ids);
    subgraph_close(&subgraph);
    return status;
}

/* Finds the box channels: those that the subgraph's computing operators take. */
static enum status read_channels(struct attempt *attempt, const struct subgraph *subgraph,
                                 bool *good) {
    enum status status = STATUS_OK;
    const struct graph *graph = attempt->search->graph;
    struct head *head = &attempt->head;
    size_t low[GRAPH_LEVELS], high[GRAPH_LEVELS] = {0};
    for (size_t l = 0; l < GRAPH_LEVELS; l++)
        low[l] = SIZE_MAX;
    for (size_t i = 0; i < graph->n_ops; i++) {
        const struct op *op = &graph->ops[i];
        if (!subgraph->inside[op->output] || op_moves(graph, op))
            continue;
        for (size_t k = 0; k < op->n_inputs; k++)
            if (op->inputs[k] >= 0 && !graph->tensors[op->inputs[k]].constant)
                TRY(widen(attempt, op->inputs[k], low, high));
    }
    for (size_t l = 0; l < head->n_levels; l++) {
        size_t channels = low[l] > high[l] ? 0 : high[l] - low[l] + 1;
        head->levels[l].box_channel = low[l];
        if (l == 0)
            head->bins = channels / 4;
        if (channels == 0 || channels != 4 * head->bins || head->bins > GRAPH_BINS)
            *good = false;
    }
out:
    return status;
}

/* One distance, in cells: the mean of the softmax over the bins. */
static double distance(const struct attempt *attempt, const float *map, size_t cells, size_t cell,
                       size_t first_channel) {
    const float *at = map + first_channel * cells + cell;
    double most = -INFINITY, sum = 0.0, mean = 0.0;
    if (attempt->head.bins == 1)
        return *at;
    for (size_t b = 0; b < attempt->head.bins; b++)
        most = fmax(most, at[b * cells]);
    for (size_t b = 0; b < attempt->head.bins; b++) {
        double weight = exp(at[b * cells] - most);
        sum += weight;
        mean += weight * (double)b;
    }
    return mean / sum;
}

/* Radians: head_decode.h's head_angle. */
static double angle_of(double value, bool raw) {
    return raw ? value : (1 / (1 + exp(-value)) - 0.25) * 3.14159265358979;
}

/* Turns a box's centre around that of the cell. */
static void turn(double centre[4], double column, double row, double angle) {
    double x = centre[0] - column, y = centre[1] - row;
    centre[0] = column + x * cos(angle) - y * sin(angle);
    centre[1] = row + x * sin(angle) + y * cos(angle);
}

/* Whether the tail's boxes are the formula's, as centre and size or as corners. */
static bool boxes_agree(const struct attempt *attempt, const struct value *maps,
                        const struct value *boxes, bool raw_angle) {
    const float *tail = boxes->data;
    size_t axis = boxes->shape.dims[1] == 4 && boxes->shape.dims[2] != 4 ? 1 : 2;
    size_t step_side = axis == 1 ? attempt->n_anchors : 1, step_anchor = axis == 1 ? 1 : 4;
    bool centre = true, corners = true;
    for (size_t a = 0; a < attempt->n_anchors && (centre || corners); a++) {
        if (!head_spend(attempt->search, attempt->head.bins, BIN_STEPS))
            return false;
        const struct head_level *level = &attempt->head.levels[attempt->level[a]];
        const struct value *map = &maps[level->boxes];
        size_t cells = level_cells(attempt, attempt->level[a]), cell = attempt->cell[a];
        size_t columns = (size_t)map->shape.dims[3], x = cell % columns, y = cell / columns;
        double side[4], column = (double)x + 0.5, row = (double)y + 0.5;
        for (size_t s = 0; s < 4; s++)
            side[s] = distance(attempt, map->data, cells, cell,
                               level->box_channel + s * attempt->head.bins);
        double as_corners[4] = {column - side[0], row - side[1], column + side[2], row + side[3]};
        double as_centre[4] = {(as_corners[0] + as_corners[2]) / 2,
                               (as_corners[1] + as_corners[3]) / 2, side[0] + side[2],
                               side[1] + side[3]};
        if (attempt->head.n_extras > 0) {
            const float *angles = maps[level->extras].data;
            turn(as_centre, column, row, angle_of(angles[cell], raw_angle));
            corners = false;
        }
        for (size_t s = 0; s < 4; s++) {
            double stride = (double)level->stride, value = tail[a * step_anchor + s * step_side];
            double tolerance = 1e-3 * fmax(1.0, stride / 32.0) + 1e-6 * fabs(value);
            centre = centre && fabs(value - as_centre[s] * stride) <= tolerance;
            corners = corners && fabs(value - as_corners[s] * stride) <= tolerance;
        }
    }
    return centre || corners;
}

/* Takes a map that boxes are made of as its level's: of distances or, with a single channel, of
 * angles. Their sigmoid looks like scores of a single class, which they are not. */
static bool take_source(struct attempt *attempt, int source) {
    struct head *head = &attempt->head;
    size_t l = level_of(attempt, source);
    if (l == head->n_levels)
        return false;
    bool angle = head->n_extras > 0 && attempt->search->shapes[source].dims[1] == 1;
    int *map = angle ? &head->levels[l].extras : &head->levels[l].boxes;
    bool fits = *map < 0 && !(angle && head->levels[l].scores == source);
    *map = source;
    return fits;
}

/* Whether a tensor of rank 3 holds the boxes of all anchors in network pixels. */
static enum status try_boxes(struct attempt *attempt, int tensor, bool *good) {
    enum status status;
    struct subgraph subgraph = {0};
    struct value boxes = {0};
    struct head *head = &attempt->head;
    TRY(subgraph_open(attempt->search, tensor, head_is_raw_map, head, &subgraph, good));
    head->n_extras = attempt->search->task == TASK_OBB;
    *good = *good && subgraph.n_sources == head->n_levels * (1 + head->n_extras) &&
            subgraph.inside[tensor];
    for (size_t l = 0; l < head->n_levels; l++)
        head->levels[l].boxes = head->levels[l].extras = -1;
    for (size_t s = 0; s < subgraph.n_sources && *good; s++)
        *good = take_source(attempt, subgraph.sources[s]);
    if (*good)
        TRY(read_channels(attempt, &subgraph, good));
    if (!*good)
        goto out;
    TRY(subgraph_run_random(&subgraph, &boxes, good));
    head->raw_angle = false;
    bool agree = *good && boxes_agree(attempt, subgraph.values, &boxes, false);
    if (*good && !agree && head->n_extras > 0)
        agree = head->raw_angle = boxes_agree(attempt, subgraph.values, &boxes, true);
    *good = agree;
out:
    head_release(attempt->search, boxes.data);
    subgraph_close(&subgraph);
    return status;
}

/* The boxes that go with scores: among all tensors of the right shape, from the end on, where those
 * in pixels are. */
static enum status find_boxes(struct attempt *attempt, bool *found) {
    enum status status = STATUS_OK;
    const struct head_search *search = attempt->search;
    *found = false;
    if (!head_spend(search, search->graph->n_ops, 10))
        return STATUS_OK;
    for (size_t i = search->graph->n_ops; i-- > 0 && !*found;) {
        int tensor = search->graph->ops[i].output;
        const struct shape *shape = &search->shapes[tensor];
        int64_t anchors = (int64_t)attempt->n_anchors;
        if (search->known[tensor] && search->graph->tensors[tensor].dtype == DTYPE_F32 &&
            shape->rank == 3 && shape->dims[0] == 1 &&
            ((shape->dims[1] == 4 && shape->dims[2] == anchors) ||
             (shape->dims[2] == 4 && shape->dims[1] == anchors)))
            TRY(try_boxes(attempt, tensor, found));
    }
out:
    return status;
}

enum status head_find_distance(const struct head_search *search, struct head *head, bool *found) {
    enum status status = STATUS_OK;
    struct attempt attempt = {.search = search};
    const struct graph *graph = search->graph;
    *found = false;
    for (size_t i = 0; i < graph->n_ops && !*found; i++) {
        const struct op *op = &graph->ops[i];
        const struct shape *shape = &search->shapes[op->output];
        if ((!op_is_sigmoid(op) && op->kind != OP_CONCAT) || !search->known[op->output] ||
            shape->rank != 3 || shape->dims[0] != 1)
            continue;
        bool good;
        TRY(try_scores(&attempt, op->output, &good));
        if (good)
            TRY(find_boxes(&attempt, found));
    }
    if (*found) {
        const struct anchor_order order = {attempt.n_anchors, attempt.level, attempt.cell};
        if (search->task == TASK_POSE)
            TRY(head_find_points(search, &order, &attempt.head));
        TRY(head_find_masks(search, &order, &attempt.head));
        *head = attempt.head;
    }
out:
    free(attempt.level);
    free(attempt.cell);
    return status;
}
