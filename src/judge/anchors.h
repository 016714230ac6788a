/* The anchors of one picture's raw head. Boxes are decoded lazily, a tile of neighbouring cells at
 * a time and each tile at most once.
 *
 * Anchors are numbered level by level, within a level anchor by anchor, within an anchor row-major
 * by cell; each (level, anchor) is a plane, padded to whole tiles: id = first_id + tile * TILE +
 * lane. */
#ifndef VERIFY_JUDGE_ANCHORS_H
#define VERIFY_JUDGE_ANCHORS_H

#include "judge/judge.h"
#include "judge/rows.h"

#define TILE ((size_t)16) /* cells */

/* One anchor of every cell of one level. */
struct plane {
    const struct head_map *boxes, *scores, *extras; /* extras: NULL where the head has none */
    size_t extra_channel;                           /* of the first of them */
    size_t box_channel;                             /* of the first box channel */
    size_t objectness_channel;                      /* in `scores`, where the head has one */
    size_t class_channel;                           /* of class 0 in `scores` */
    size_t width, cells;
    float stride;
    float anchor[2];
    float scale_xy; /* see struct head_level */
    size_t first_tile, n_tiles;
};

struct tile {
    uint32_t plane, first; /* its first cell */
    uint32_t slot;         /* where its boxes are; NO_SLOT: not decoded */
};
#define NO_SLOT UINT32_MAX

struct anchors {
    const struct head *head;
    struct letterbox letterbox;
    const struct head_map *prototypes; /* of masks; NULL where the head has none */
    const uint32_t *classes;           /* as in struct view */
    uint32_t first_id; /* of the first one: anchors of several views are numbered on */
    bool logits;       /* scores need a sigmoid */
    bool objectness;   /* scores are a product with objectness */
    size_t n_planes;
    struct plane planes[GRAPH_LEVELS * GRAPH_ANCHORS];
    size_t n_tiles, tile_capacity;
    struct tile *tiles; /* owned */
    /* Decoded boxes in picture pixels, TILE a slot, at slot * TILE + lane; unusable boxes and the
     * lanes beyond a plane's end are empty. Owned. */
    size_t n_slots, box_capacity;
    float *boxes; /* what the rows are in */
    struct rows rows;
    uint32_t *slot_tile; /* the tile of each slot; owned */
    size_t slot_capacity;
    float
        *raw; /* one tile's box channels, (4, TILE) or (bins, 4, TILE), and (TILE) angles; owned */
    size_t raw_capacity;
};

/* Where channel c of cell p of a map lies. */
static inline size_t head_map_offset(const struct head_map *map, size_t channel, size_t cell) {
    return channel / map->block * map->width * map->height * map->block + cell * map->block +
           channel % map->block;
}

static inline float head_map_at(const struct head_map *map, size_t channel, size_t cell) {
    return map->data[head_map_offset(map, channel, cell)];
}

/* Lays the anchors of these maps out, of the judge's classes and from id 0 on; nothing is decoded.
 * The maps stay the caller's and must live as long as the anchors are read. STATUS_FAILED where
 * maps and head disagree. */
enum status anchors_begin(struct anchors *anchors, const struct head *head,
                          const struct head_maps *maps, const struct letterbox *letterbox);
void anchors_free(struct anchors *anchors);

/* Decodes a tile unless it is; returns its slot. */
size_t anchors_decode(struct anchors *anchors, size_t tile);

/* The box at a place (slot * TILE + lane) of the decoded boxes. */
static inline struct box anchors_box_at(const struct anchors *anchors, size_t place) {
    return rows_box(anchors->rows, place);
}
/* The number of the anchor at a place. */
static inline uint32_t anchors_id(const struct anchors *anchors, size_t place) {
    size_t tile = anchors->slot_tile[place / TILE];
    return anchors->first_id + (uint32_t)(tile * TILE + place % TILE);
}
/* The box of an anchor, of the first of these views or one behind it; decodes its tile. */
struct box anchors_box(struct anchors *views, uint32_t id);

/* Which of these views an anchor is of. */
size_t anchors_view(const struct anchors *views, uint32_t id);

/* The judge's class of one of the head's. */
static inline uint32_t anchors_class(const struct anchors *anchors, size_t class) {
    return anchors->classes ? anchors->classes[class] : (uint32_t) class;
}

/* The plane of an anchor of these anchors, and its cell there. */
const struct plane *anchors_cell(const struct anchors *anchors, uint32_t id, size_t *cell);

/* Of a head of TASK_OBB: an anchor's box as it is turned, in network pixels. */
struct turned_box anchors_turned_box(const struct anchors *anchors, uint32_t id);

/* Score (0 to 1) of one class of the head of the anchor at a place. */
float anchors_score_at(const struct anchors *anchors, size_t place, size_t class);

/* Raw class scores of some lanes of a slot, each to a row of `stride` floats of which n_classes are
 * written; and their objectness (1 where the head has none) to objectness[n_lanes]. */
void anchors_raw_scores(const struct anchors *anchors, size_t slot, const uint8_t *lanes,
                        size_t n_lanes, float *rows, size_t stride, float *objectness);

#endif
