/* A picture's anchors: their boxes, decoded a tile at a time. */
#include "judge/anchors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "judge/head_decode.h"
#include "judge/vector_clones.h"

static enum status check_map(const struct head_map *map, size_t channels) {
    if (map->block == 0 || (!map->data && map->width && map->height))
        return FAIL(STATUS_FAILED, "a map of the detection head has no data");
    if (map->channels < channels)
        return FAIL(STATUS_FAILED, "a map of the detection head has %zu channels, %zu needed",
                    map->channels, channels);
    return STATUS_OK;
}

static bool same_size(const struct head_map *a, const struct head_map *b) {
    return a->width == b->width && a->height == b->height;
}

static void add_plane(struct anchors *anchors, const struct plane *model) {
    struct plane *plane = &anchors->planes[anchors->n_planes++];
    *plane = *model;
    plane->width = model->boxes->width;
    plane->cells = model->boxes->width * model->boxes->height;
    plane->first_tile = anchors->n_tiles;
    plane->n_tiles = (plane->cells + TILE - 1) / TILE;
    anchors->n_tiles += plane->n_tiles;
}

static enum status add_distance_level(struct anchors *anchors, const struct head_maps *maps,
                                      size_t index) {
    enum status status;
    const struct head *head = anchors->head;
    const struct head_level *level = &head->levels[index];
    const struct head_map *boxes = &maps->boxes[index], *scores = &maps->scores[index];
    const struct head_map *extras = head->n_extras ? &maps->extras[index] : NULL;
    if (head->bins == 0 || head->bins > GRAPH_BINS)
        return FAIL(STATUS_FAILED, "the detection head has %zu bins", head->bins);
    TRY(check_map(boxes, level->box_channel + 4 * head->bins));
    TRY(check_map(scores, level->score_channel + head->n_classes));
    if (extras)
        TRY(check_map(extras, level->extra_channel + head->n_extras));
    if (!same_size(boxes, scores) || (extras && !same_size(boxes, extras)))
        return FAIL(STATUS_FAILED, "the head's maps of boxes and scores differ in size");
    add_plane(anchors, &(struct plane){.boxes = boxes,
                                       .scores = scores,
                                       .extras = extras,
                                       .extra_channel = level->extra_channel,
                                       .box_channel = level->box_channel,
                                       .class_channel = level->score_channel,
                                       .stride = (float)level->stride});
out:
    return status;
}

static enum status add_anchor_level(struct anchors *anchors, const struct head_maps *maps,
                                    size_t index) {
    enum status status;
    const struct head *head = anchors->head;
    const struct head_level *level = &head->levels[index];
    const struct head_map *map = &maps->boxes[index];
    const struct head_map *extras = head->n_extras ? &maps->extras[index] : NULL;
    TRY(check_map(map, level->box_channel + head->n_anchors * (5 + head->n_classes)));
    if (extras)
        TRY(check_map(extras, level->extra_channel + head->n_anchors * head->n_extras));
    if (extras && !same_size(map, extras))
        return FAIL(STATUS_FAILED, "the head's maps of boxes and extras differ in size");
    for (size_t i = 0; i < head->n_anchors; i++) {
        size_t channel = level->box_channel + i * (5 + head->n_classes);
        add_plane(anchors,
                  &(struct plane){.boxes = map,
                                  .scores = map,
                                  .extras = extras,
                                  .extra_channel = level->extra_channel + i * head->n_extras,
                                  .box_channel = channel,
                                  .objectness_channel = channel + 4,
                                  .class_channel = channel + 5,
                                  .stride = (float)level->stride,
                                  .anchor = {level->anchors[i][0], level->anchors[i][1]},
                                  .scale_xy = level->scale_xy});
    }
out:
    return status;
}

static enum status add_final_map(struct anchors *anchors, const struct head_map *map) {
    enum status status;
    const struct head *head = anchors->head;
    size_t n_box = head->objectness ? 5 : 4;
    TRY(check_map(map, n_box + head->n_classes));
    add_plane(anchors,
              &(struct plane){
                  .boxes = map, .scores = map, .objectness_channel = 4, .class_channel = n_box});
out:
    return status;
}

static enum status add_planes(struct anchors *anchors, const struct head_maps *maps) {
    enum status status = STATUS_OK;
    const struct head *head = anchors->head;
    if (head->n_levels == 0 || head->n_levels > GRAPH_LEVELS || head->n_anchors > GRAPH_ANCHORS)
        return FAIL(STATUS_FAILED, "the detection head has %zu levels of %zu anchors",
                    head->n_levels, head->n_anchors);
    switch (head->kind) {
    case HEAD_DISTANCE:
        for (size_t i = 0; i < head->n_levels; i++)
            TRY(add_distance_level(anchors, maps, i));
        break;
    case HEAD_ANCHOR:
        for (size_t i = 0; i < head->n_levels; i++)
            TRY(add_anchor_level(anchors, maps, i));
        break;
    case HEAD_FINAL:
        TRY(add_final_map(anchors, &maps->boxes[0]));
        break;
    }
out:
    return status;
}

enum status anchors_begin(struct anchors *anchors, const struct head *head,
                          const struct head_maps *maps, const struct letterbox *letterbox) {
    enum status status;
    anchors->head = head;
    anchors->letterbox = *letterbox;
    anchors->classes = NULL;
    anchors->first_id = 0;
    anchors->logits = head->kind != HEAD_FINAL;
    anchors->objectness =
        head->kind == HEAD_ANCHOR || (head->kind == HEAD_FINAL && head->objectness);
    anchors->n_planes = anchors->n_tiles = anchors->n_slots = 0;
    anchors->prototypes = head_has_masks(head) ? &maps->prototypes : NULL;
    TRY(add_planes(anchors, maps));
    if (anchors->prototypes)
        TRY(check_map(anchors->prototypes, head->n_extras));
    size_t n_tiles = anchors->n_tiles;
    if (n_tiles > UINT32_MAX / TILE / 4)
        return FAIL(STATUS_FAILED, "the detection head has too many anchors: %zu", n_tiles * TILE);

    TRY(memory_reserve(&anchors->tiles, &anchors->tile_capacity, n_tiles, sizeof *anchors->tiles));
    TRY(memory_reserve(&anchors->slot_tile, &anchors->slot_capacity, n_tiles,
                       sizeof *anchors->slot_tile));
    TRY(memory_reserve(&anchors->boxes, &anchors->box_capacity, 4 * n_tiles * TILE,
                       sizeof *anchors->boxes));
    size_t raw_channels = head->kind == HEAD_DISTANCE ? 4 * head->bins : 4;
    TRY(memory_reserve(&anchors->raw, &anchors->raw_capacity, (raw_channels + 1) * TILE,
                       sizeof *anchors->raw));
    anchors->rows = rows_in(anchors->boxes, n_tiles * TILE);
    for (size_t i = 0; i < anchors->n_planes; i++) {
        const struct plane *plane = &anchors->planes[i];
        for (size_t j = 0; j < plane->n_tiles; j++)
            anchors->tiles[plane->first_tile + j] =
                (struct tile){(uint32_t)i, (uint32_t)(j * TILE), NO_SLOT};
    }
out:
    return status;
}

void anchors_free(struct anchors *anchors) {
    free(anchors->tiles);
    free(anchors->boxes);
    free(anchors->slot_tile);
    free(anchors->raw);
    *anchors = (struct anchors){0};
}

/* The four sides of a tile's boxes. */
enum { SIDES = 4 * TILE };

/* Eight channels of a whole tile, of a map in blocks of 8, to rows that lie SIDES floats apart, a
 * constant: the compiler then transposes in registers. */
VECTOR_CLONES
static void load_block_of_8(const float *restrict in, float *restrict out) {
    for (size_t lane = 0; lane < TILE; lane++)
        for (size_t c = 0; c < 8; c++)
            out[c * SIDES + lane] = in[lane * 8 + c];
}

/* Copies n channels of `count` cells to the beginnings of rows, which lie `row` floats apart; lanes
 * from `count` to TILE are zero. */
static void load_tile(const struct head_map *map, size_t channel, size_t n, size_t first,
                      size_t count, size_t row, float *out) {
    bool in_blocks =
        map->block == 8 && channel % 8 == 0 && n % 8 == 0 && count == TILE && row == SIDES;
    for (size_t c = 0; in_blocks && c < n; c += 8)
        load_block_of_8(map->data + head_map_offset(map, channel + c, first), out + c * row);
    for (size_t c = 0; !in_blocks && c < n; c++, out += row) {
        const float *in = map->data + head_map_offset(map, channel + c, first);
        if (map->block == 1 && count == TILE) {
            memcpy(out, in, TILE * sizeof *out);
            continue;
        }
        for (size_t lane = 0; lane < TILE; lane++)
            out[lane] = lane < count ? in[lane * map->block] : 0;
    }
}

/* The steps of dfl_expectation for a tile's four sides at once, which hides the latency of each.
 * One function a step: within one, the compiler merges its loops over bins and then vectorises
 * none. */
VECTOR_CLONES
static void dfl_top(const float *restrict logits, float *restrict top) {
    for (size_t i = 0; i < SIDES; i++)
        top[i] = logits[i] > top[i] ? logits[i] : top[i];
}

/* EXP_AT_ONCE bins from `bin` on. */
VECTOR_CLONES
static void dfl_add(const float *restrict logits, const float *restrict top, float bin,
                    float *restrict sum, float *restrict weighted) {
    for (size_t i = 0; i < SIDES; i++) {
        float weights[EXP_AT_ONCE];
        VERIFY_UNROLL for (size_t k = 0; k < EXP_AT_ONCE; k++) {
            weights[k] = logits[k * SIDES + i] - top[i];
        }
        exp_fast_each(weights, EXP_AT_ONCE);
        VERIFY_UNROLL for (size_t k = 0; k < EXP_AT_ONCE; k++) {
            sum[i] += weights[k];
            weighted[i] += weights[k] * (bin + (float)k);
        }
    }
}

VECTOR_CLONES
static void dfl_add_one(const float *restrict logits, const float *restrict top, float bin,
                        float *restrict sum, float *restrict weighted) {
    for (size_t i = 0; i < SIDES; i++) {
        float weight = exp_fast(logits[i] - top[i]);
        sum[i] += weight;
        weighted[i] += weight * bin;
    }
}

/* dfl_expectation of each side and lane, (4, TILE), of logits (bins, 4, TILE). */
static void dfl_tile(const float *logits, size_t bins, float *out) {
    float top[SIDES], sum[SIDES] = {0}, weighted[SIDES] = {0};
    for (size_t i = 0; i < SIDES; i++)
        top[i] = -INFINITY;
    for (size_t bin = 0; bin < bins; bin++)
        dfl_top(logits + bin * SIDES, top);
    size_t bin = 0;
    for (; bin + EXP_AT_ONCE <= bins; bin += EXP_AT_ONCE)
        dfl_add(logits + bin * SIDES, top, (float)bin, sum, weighted);
    for (; bin < bins; bin++)
        dfl_add_one(logits + bin * SIDES, top, (float)bin, sum, weighted);
    for (size_t i = 0; i < SIDES; i++)
        out[i] = weighted[i] / sum[i];
}

VECTOR_CLONES
static void distance_tile(const float *sides, const float *column, const float *row, float stride,
                          struct box *out) {
    for (size_t lane = 0; lane < TILE; lane++)
        out[lane] = distance_box(sides[lane], sides[TILE + lane], sides[2 * TILE + lane],
                                 sides[3 * TILE + lane], column[lane], row[lane], stride);
}

/* The hulls of turned boxes. */
static void turned_tile(const float *sides, const float *angles, const float *column,
                        const float *row, const struct anchors *anchors, float stride,
                        struct box *out) {
    for (size_t lane = 0; lane < TILE; lane++) {
        const float distances[] = {sides[lane], sides[TILE + lane], sides[2 * TILE + lane],
                                   sides[3 * TILE + lane]};
        struct anchor_cell cell = {column[lane], row[lane], stride};
        float angle = head_angle(anchors->head->raw_angle, angles[lane]);
        out[lane] = turned_hull(distance_turned_box(distances, angle, cell));
    }
}

VECTOR_CLONES
static void anchor_tile(const float *raw, const float *column, const float *row, float stride,
                        struct anchor_size size, struct box *out) {
    for (size_t lane = 0; lane < TILE; lane++) {
        struct anchor_cell cell = {column[lane], row[lane], stride};
        out[lane] = anchor_box(raw[lane], raw[TILE + lane], raw[2 * TILE + lane],
                               raw[3 * TILE + lane], cell, size);
    }
}

VECTOR_CLONES
static void exponential_tile(const float *raw, const float *column, const float *row, float stride,
                             struct anchor_size size, struct box *out) {
    for (size_t lane = 0; lane < TILE; lane++) {
        struct anchor_cell cell = {column[lane], row[lane], stride};
        out[lane] = anchor_box_exponential(raw[lane], raw[TILE + lane], raw[2 * TILE + lane],
                                           raw[3 * TILE + lane], cell, size);
    }
}

static void decode_tile(struct anchors *anchors, const struct tile *tile, struct box *out) {
    const struct head *head = anchors->head;
    const struct plane *plane = &anchors->planes[tile->plane];
    size_t left = plane->cells - tile->first, count = left < TILE ? left : TILE;
    float column[TILE], row[TILE], sides[SIDES], *raw = anchors->raw;
    const struct anchor_size size = {plane->anchor[0], plane->anchor[1], plane->scale_xy};
    size_t cell_row = tile->first / plane->width, cell_column = tile->first % plane->width;
    for (size_t lane = 0; lane < TILE; lane++) {
        column[lane] = (float)cell_column;
        row[lane] = (float)cell_row;
        if (++cell_column == plane->width) {
            cell_column = 0;
            cell_row++;
        }
    }
    switch (head->kind) {
    case HEAD_DISTANCE:
        for (size_t side = 0; side < 4; side++)
            load_tile(plane->boxes, plane->box_channel + side * head->bins, head->bins, tile->first,
                      count, SIDES, raw + side * TILE);
        if (head->bins > 1)
            dfl_tile(raw, head->bins, sides);
        if (plane->extras && head->task == TASK_OBB) {
            float *angles = raw + head->bins * SIDES;
            load_tile(plane->extras, plane->extra_channel, 1, tile->first, count, TILE, angles);
            turned_tile(head->bins > 1 ? sides : raw, angles, column, row, anchors, plane->stride,
                        out);
        } else {
            distance_tile(head->bins > 1 ? sides : raw, column, row, plane->stride, out);
        }
        break;
    case HEAD_ANCHOR:
        load_tile(plane->boxes, plane->box_channel, 4, tile->first, count, TILE, raw);
        if (plane->scale_xy != 0)
            exponential_tile(raw, column, row, plane->stride, size, out);
        else
            anchor_tile(raw, column, row, plane->stride, size, out);
        break;
    case HEAD_FINAL:
        load_tile(plane->boxes, plane->box_channel, 4, tile->first, count, TILE, raw);
        for (size_t lane = 0; lane < TILE; lane++)
            out[lane] =
                centre_box(raw[lane], raw[TILE + lane], raw[2 * TILE + lane], raw[3 * TILE + lane]);
        break;
    }
    for (size_t lane = count; lane < TILE; lane++)
        out[lane] = (struct box){0};
}

size_t anchors_decode(struct anchors *anchors, size_t index) {
    struct tile *tile = &anchors->tiles[index];
    if (tile->slot != NO_SLOT)
        return tile->slot;
    tile->slot = (uint32_t)anchors->n_slots++;
    anchors->slot_tile[tile->slot] = (uint32_t)index;
    struct box boxes[TILE];
    decode_tile(anchors, tile, boxes);
    const struct letterbox *letterbox = &anchors->letterbox;
    for (size_t lane = 0, place = (size_t)tile->slot * TILE; lane < TILE; lane++, place++) {
        struct box box = box_or_empty(boxes[lane]);
        if (box_usable(box))
            box = box_or_empty(box_to_picture(box, (float)letterbox->left, (float)letterbox->top,
                                              letterbox->gain_x, letterbox->gain_y));
        rows_set(anchors->rows, place, box);
    }
    return tile->slot;
}

const struct plane *anchors_cell(const struct anchors *anchors, uint32_t id, size_t *cell) {
    id -= anchors->first_id;
    const struct tile *tile = &anchors->tiles[id / TILE];
    *cell = tile->first + id % TILE;
    return &anchors->planes[tile->plane];
}

struct turned_box anchors_turned_box(const struct anchors *anchors, uint32_t id) {
    const struct head *head = anchors->head;
    size_t cell;
    const struct plane *plane = anchors_cell(anchors, id, &cell);
    float sides[4];
    for (size_t side = 0; side < 4; side++) {
        float logits[GRAPH_BINS] = {0};
        for (size_t bin = 0; bin < head->bins; bin++)
            logits[bin] =
                head_map_at(plane->boxes, plane->box_channel + side * head->bins + bin, cell);
        sides[side] = head->bins > 1 ? dfl_expectation(logits, 1, head->bins) : logits[0];
    }
    size_t column = cell % plane->width, row = cell / plane->width;
    const struct anchor_cell at = {(float)column, (float)row, plane->stride};
    float angle = head_map_at(plane->extras, plane->extra_channel, cell);
    return distance_turned_box(sides, head_angle(head->raw_angle, angle), at);
}

size_t anchors_view(const struct anchors *views, uint32_t id) {
    size_t view = 0;
    while ((id - views[view].first_id) / TILE >= views[view].n_tiles)
        view++;
    return view;
}

struct box anchors_box(struct anchors *views, uint32_t id) {
    views += anchors_view(views, id);
    id -= views->first_id;
    return anchors_box_at(views, anchors_decode(views, id / TILE) * TILE + id % TILE);
}

float anchors_score_at(const struct anchors *anchors, size_t place, size_t class) {
    const struct tile *tile = &anchors->tiles[anchors->slot_tile[place / TILE]];
    const struct plane *plane = &anchors->planes[tile->plane];
    const struct head_map *map = plane->scores;
    size_t cell = tile->first + place % TILE;
    float raw = map->data[head_map_offset(map, plane->class_channel + class, cell)];
    float score = anchors->logits ? sigmoid(raw) : score_clamp(raw);
    if (!anchors->objectness)
        return score;
    raw = map->data[head_map_offset(map, plane->objectness_channel, cell)];
    return score * (anchors->logits ? sigmoid(raw) : score_clamp(raw));
}

/* How many of n channels from this one on lie side by side. */
static size_t run_length(const struct head_map *map, size_t channel, size_t n) {
    size_t run = map->block - channel % map->block;
    return run < n ? run : n;
}

void anchors_raw_scores(const struct anchors *anchors, size_t slot, const uint8_t *lanes,
                        size_t n_lanes, float *rows, size_t stride, float *objectness) {
    const struct tile *tile = &anchors->tiles[anchors->slot_tile[slot]];
    const struct plane *plane = &anchors->planes[tile->plane];
    const struct head_map *map = plane->scores;
    /* Run by run: neighbouring cells of a planar map share cache lines. */
    for (size_t k = 0, run; k < anchors->head->n_classes; k += run) {
        const float *in = map->data + head_map_offset(map, plane->class_channel + k, tile->first);
        run = run_length(map, plane->class_channel + k, anchors->head->n_classes - k);
        for (size_t i = 0; i < n_lanes; i++)
            memcpy(rows + i * stride + k, in + lanes[i] * map->block, run * sizeof *rows);
    }
    for (size_t i = 0; i < n_lanes; i++) {
        objectness[i] = 1;
        if (anchors->objectness) {
            float raw =
                map->data[head_map_offset(map, plane->objectness_channel, tile->first + lanes[i])];
            objectness[i] = anchors->logits ? sigmoid(raw) : score_clamp(raw);
        }
    }
}
