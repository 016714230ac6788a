/* One anchor of one picture of a batch: its box, its scores, its keys as a candidate. */
#ifndef VERIFY_CUDA_ELEMENTS_JUDGE_ANCHOR_H
#define VERIFY_CUDA_ELEMENTS_JUDGE_ANCHOR_H

#include "cuda/judge/judge_kernels.h"
#include "judge/head_decode.h"

#define JUDGE_NO_KEY UINT64_MAX

/* An anchor's view, plane and cell. */
struct judge_anchor {
    const struct judge_view *view;
    const struct judge_plane *plane;
    uint32_t cell;
};

VERIFY_INLINE struct judge_anchor judge_anchor_of(const struct judge_batch *batch, uint32_t index) {
    const struct judge_plane *plane = batch->planes;
    for (uint32_t i = 1; i < batch->n_planes && index >= plane[1].first_anchor; i++)
        plane++;
    struct judge_anchor anchor = {&batch->views[plane->view], plane, index - plane->first_anchor};
    return anchor;
}

/* The first box channel. */
VERIFY_INLINE const float *judge_box_row(const struct judge_anchor *anchor, uint32_t picture) {
    const struct judge_plane *plane = anchor->plane;
    return plane->boxes + picture * plane->box_step + (size_t)anchor->cell * plane->box_pitch +
           plane->box_channel;
}

/* Channel 0 of the scores' map. */
VERIFY_INLINE const float *judge_score_row(const struct judge_anchor *anchor, uint32_t picture) {
    const struct judge_plane *plane = anchor->plane;
    return plane->scores + picture * plane->score_step + (size_t)anchor->cell * plane->score_pitch;
}

/* From the numbers of the four sides (distances, or what the maps hold) to picture pixels; empty
 * where it is not usable. */
VERIFY_INLINE struct box judge_box_of(const struct judge_batch *batch,
                                      const struct judge_anchor *anchor, const float sides[4],
                                      uint32_t picture) {
    const struct judge_plane *plane = anchor->plane;
    const struct judge_letterbox *in = &batch->letterboxes[picture * batch->n_views + plane->view];
    float column = (float)(anchor->cell % plane->width);
    float row = (float)(anchor->cell / plane->width);
    struct anchor_cell cell = {column, row, plane->stride};
    struct anchor_size size = {plane->anchor[0], plane->anchor[1], plane->scale_xy};
    struct box box = {0, 0, 0, 0};
    switch (anchor->view->kind) {
    case HEAD_DISTANCE:
        box = distance_box(sides[0], sides[1], sides[2], sides[3], column, row, plane->stride);
        break;
    case HEAD_ANCHOR:
        box = plane->scale_xy != 0
                  ? anchor_box_exponential(sides[0], sides[1], sides[2], sides[3], cell, size)
                  : anchor_box(sides[0], sides[1], sides[2], sides[3], cell, size);
        break;
    case HEAD_FINAL:
        box = centre_box(sides[0], sides[1], sides[2], sides[3]);
        break;
    }
    if (!box_usable(box))
        return box_or_empty(box);
    return box_or_empty(box_to_picture(box, in->left, in->top, in->gain_x, in->gain_y));
}

VERIFY_INLINE float judge_score_of(const struct judge_view *view, float raw) {
    return view->logits ? sigmoid(raw) : score_clamp(raw);
}

/* 1 where the head has none. */
VERIFY_INLINE float judge_objectness(const struct judge_anchor *anchor, const float *row) {
    return anchor->view->objectness
               ? judge_score_of(anchor->view, row[anchor->plane->objectness_channel])
               : 1;
}

/* Score of one class of the view, 0 to 1. */
VERIFY_INLINE float judge_anchor_score(const struct judge_batch *batch, uint32_t picture,
                                       uint32_t index, uint32_t kind) {
    struct judge_anchor anchor = judge_anchor_of(batch, index);
    const float *row = judge_score_row(&anchor, picture);
    float score = judge_score_of(anchor.view, row[anchor.plane->class_channel + kind]);
    return score * judge_objectness(&anchor, row);
}

/* Whether a raw objectness leaves the anchor's classes a chance; not-a-number does not. */
VERIFY_INLINE bool judge_may_hold(const struct judge_anchor *anchor, const float *row) {
    return !anchor->view->objectness ||
           row[anchor->plane->objectness_channel] >= anchor->view->bound;
}

VERIFY_INLINE uint64_t judge_key(const struct judge_batch *batch, float score, uint32_t anchor,
                                 uint32_t kind) {
    return (uint64_t)~float_bits(score) << 32 | (anchor * batch->n_classes + kind);
}
VERIFY_INLINE float judge_key_score(uint64_t key) {
    return bits_float(~(uint32_t)(key >> 32));
}
VERIFY_INLINE uint32_t judge_key_anchor(const struct judge_batch *batch, uint64_t key) {
    return (uint32_t)key / batch->n_classes;
}
VERIFY_INLINE int32_t judge_key_kind(const struct judge_batch *batch, uint64_t key) {
    return (int32_t)((uint32_t)key % batch->n_classes);
}

/* The keys of one of the view's classes of an anchor whose objectness may hold; JUDGE_NO_KEY where
 * it is no candidate of that list. */
struct judge_keys {
    uint64_t of[JUDGE_LISTS];
};
VERIFY_INLINE struct judge_keys judge_keys_of(const struct judge_batch *batch,
                                              const struct judge_view *view, float raw,
                                              float objectness, uint32_t anchor, uint32_t number) {
    struct judge_keys keys = {{JUDGE_NO_KEY, JUDGE_NO_KEY}};
    if (!(raw >= view->bound))
        return keys;
    uint32_t kind = view->classes ? view->classes[number] : number;
    float score = objectness * judge_score_of(view, raw);
    uint64_t key = judge_key(batch, score, anchor, kind);
    if (score >= batch->missing_floor && batch->class_in_data[kind])
        keys.of[JUDGE_MISSING] = key;
    if (batch->predict && score >= batch->floor && score > batch->conf)
        keys.of[JUDGE_PREDICTIONS] = key;
    return keys;
}

#endif
