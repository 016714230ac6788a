/* (anchor, class) pairs above a score, and the suppression of those that overlap better ones. */
#ifndef VERIFY_JUDGE_CANDIDATES_H
#define VERIFY_JUDGE_CANDIDATES_H

#include "judge/anchors.h"

/* The most candidates that enter NMS (Ultralytics' max_nms). */
#define CANDIDATES_MAX 30000

struct candidate {
    float score;
    uint32_t anchor; /* its id, see anchors.h */
    uint32_t class;  /* the judge's */
};

struct candidates {
    size_t count, capacity;
    struct candidate *items; /* owned */
    bool all_finite;         /* no score that candidates_find looked at is infinite or no number */
};

enum status candidates_add(struct candidates *candidates, struct candidate candidate);

/* Leaves none. */
void candidates_clear(struct candidates *candidates);

/* Adds every pair of score >= floor of a view, in no particular order. Logits are compared before
 * the sigmoid. Looked at are the objectness of each anchor, where the head has it, and the classes
 * of those that it leaves a chance. */
enum status candidates_find(const struct anchors *anchors, float floor,
                            struct candidates *candidates);

/* Keeps the best `n` and sorts them: best score first, equal ones by anchor, then by class. */
void candidates_sort_best(struct candidates *candidates, size_t n);

/* A candidate that NMS keeps. */
struct kept {
    uint32_t index; /* of the candidate */
    float score;    /* the mean over the views that know its class of the best score that each gives
                       it or one that it suppresses; 0 where a view has none */
};

/* Where candidates come from. */
struct sources {
    size_t n_views, n_classes;
    struct anchors *views; /* [n_views] */
    const float *knowing;  /* [n_classes]: how many views know the class */
};

/* What NMS needs beside its input; owned, reused. */
struct nms {
    struct box *boxes; /* of the sorted candidates */
    size_t box_capacity;
    size_t n_read;     /* candidates that were looked at: the first ones */
    struct kept *kept; /* those that stay, best score first, equal ones by index */
    size_t n_kept, kept_capacity;
    uint32_t *last, *before; /* chains of kept ones per class */
    size_t last_capacity, before_capacity;
    float *seen; /* (candidates, views): of kept ones, each view's best score */
    size_t seen_capacity;
};
void nms_free(struct nms *nms);

/* Greedy NMS within each class over sorted candidates: one is dropped where it overlaps a better
 * one that was kept by IoU > iou, or has no usable box. No more are kept than max_kept, the best by
 * their own scores. Fills nms->kept, and nms->boxes of those that it has read. */
enum status nms_run(struct nms *nms, const struct sources *sources, const struct candidates *sorted,
                    float iou, size_t max_kept);

#endif
