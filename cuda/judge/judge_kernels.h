/* The kernels that judge a batch's raw heads on the device: what src/judge does for one picture on
 * the host, with the same arithmetic in the same order (docs/evidence.md). Each is launched on a
 * stream and asynchronous; STATUS_FAILED where the launch fails.
 *
 * No result depends on how threads are scheduled, or on the other pictures of the batch: lists are
 * sorted by unique keys, sums run in the order of the anchors, which are numbered without gaps in
 * the order of judge/anchors.h. */
#ifndef VERIFY_CUDA_JUDGE_KERNELS_H
#define VERIFY_CUDA_JUDGE_KERNELS_H

#ifdef __cplusplus
extern "C" {
#endif

#include "cuda/kernels/kernels.h"
#include "judge/box.h"

/* A view of all pictures of the batch: a network and its size. */
struct judge_view {
    enum head_kind kind;
    bool logits, objectness; /* scores need a sigmoid; are a product with objectness */
    uint32_t bins, n_classes;
    float bound;        /* what the maps hold for scores that are looked at, a little lower */
    float untried_side; /* struct head */
    uint32_t first_anchor, n_anchors;
    const uint32_t *classes; /* [n_classes]: the judge's class of each; NULL: the same */
    const uint32_t *numbers; /* [judge's classes]: the view's of each, or JUDGE_NO_NUMBER; NULL */
};
#define JUDGE_NO_NUMBER UINT32_MAX

/* How a picture lies in a view's input: struct letterbox. */
struct judge_letterbox {
    float left, top, gain_x, gain_y;
};

/* One anchor of every cell of one level of a view, of all pictures of the batch: channel c of cell
 * p of picture i is at maps[i * step + p * pitch + c]. */
struct judge_plane {
    const float *boxes, *scores; /* channels 0 */
    size_t box_step, score_step;
    uint32_t box_pitch, score_pitch;
    uint32_t box_channel, objectness_channel, class_channel;
    uint32_t width, cells;
    uint32_t view;
    uint32_t first_anchor;             /* the number of its first cell */
    float stride, anchor[2], scale_xy; /* struct head_level */
};

/* A picture with its labels. Behind the batch's pictures come, with labels of their own, those that
 * are judged a second time: they have neither maps nor anchors but those of their source. */
struct judge_picture {
    float gain;                     /* network pixels a picture pixel, of the smallest view */
    uint32_t first_label, n_labels; /* in the batch's labels */
    uint32_t source;                /* the picture itself; of a second time, the first */
    uint32_t second;                /* where it is judged a second time; itself: nowhere */
};

struct judge_label {
    struct box box; /* in picture pixels; empty where it is not usable */
    int32_t kind;   /* the judge's class; -1: one that no view knows */
    uint32_t picture;
};

/* struct evidence, whose `class`es C++ does not take. */
struct judge_evidence {
    float own, rival, contest, near, here, margin, shift, ghost, dup, location, found, size;
    int32_t suggested, twin;
    uint32_t judged, has_refined;
    struct box refined;
};

struct judge_object {
    int32_t kind; /* class */
    float score;
    struct box box;
    float certainty; /* of a missing object */
};

/* The sums of a label's classes. */
enum { JUDGE_SUM_OWN, JUDGE_SUM_RIVAL, JUDGE_SUMS };

/* The lists of objects of a picture. */
enum { JUDGE_MISSING, JUDGE_PREDICTIONS, JUDGE_LISTS };

/* One of these lists for all pictures, on the device. A candidate is a key: its score's bits
 * inverted, then anchor * n_classes + class, so that the best comes first, equal ones by anchor and
 * class. */
struct judge_list {
    uint64_t *keys, *other; /* (pictures, capacity): candidates, and room to sort them */
    uint32_t capacity;
    uint32_t n_best;           /* so many candidates enter NMS at most */
    float iou;                 /* of NMS */
    uint32_t most;             /* objects that stay at most */
    struct judge_object *kept; /* (pictures, most): what stayed */
    /* With several views: which candidate each is, and each view's best score for it. */
    uint32_t *places; /* (pictures, most) */
    uint32_t *seen;   /* (pictures, most, views): bits of a float */
};

/* What became of one picture's lists: where they begin among the batch's objects. */
struct judge_found {
    uint32_t first[JUDGE_LISTS], count[JUDGE_LISTS];
    uint32_t not_finite, implausible; /* struct findings */
};

/* Counters, zero before the first kernel. */
struct judge_counts {
    uint32_t candidates[JUDGE_LISTS]; /* those found, also beyond the capacity */
    uint32_t not_finite;              /* 1 where a number of the maps is not */
    uint32_t no_score;                /* 1 where what an untried tail gives for one is none */
    uint32_t in_pixels;               /* a bit of the views (by number, of 32) that have a box in
                                         pixels */
};

/* A batch; pointers are to device memory. */
struct judge_batch {
    bool predict;
    uint32_t n_classes; /* the judge's */
    uint32_t n_views, n_planes;
    uint32_t n_anchors; /* of one picture, in all views; n_anchors * n_classes < 2^32 */
    uint32_t n_pictures, n_labels;
    uint32_t n_judged;            /* pictures, and those that are judged a second time */
    uint32_t n_supposed;          /* so many labels, the first, have hypotheses */
    uint32_t evidence_blocks;     /* blocks that share the labels; each has its own `near`, … */
    uint32_t most_labels;         /* of one picture */
    float floor;                  /* scores looked at */
    float missing_floor, conf;    /* missing: score >= missing_floor; predictions: score > conf */
    const uint8_t *class_in_data; /* [n_classes] */
    const uint32_t *knowing;      /* [n_classes]: how many views know the class */
    const struct judge_view *views;
    const struct judge_letterbox *letterboxes; /* (pictures, views) */
    const struct judge_plane *planes;          /* view by view */
    const struct judge_picture *pictures;      /* [n_judged] */
    const struct judge_label *labels;          /* picture by picture */
    /* Scratch. */
    struct box *boxes;           /* (pictures, anchors), in picture pixels; empty: not usable */
    struct judge_counts *counts; /* [pictures] */
    struct judge_list lists[JUDGE_LISTS];
    struct judge_object
        *kept_second;        /* (pictures, most of the missing), where one may come twice */
    struct judge_near *near; /* (evidence_blocks, anchors) */
    uint32_t *strong;        /* (evidence_blocks, anchors) */
    uint32_t *rivals;        /* (evidence_blocks, most_labels) */
    float *sums;             /* (evidence_blocks, 2, n_classes) */
    /* Results. */
    uint32_t *n_objects;             /* zero before the first kernel */
    struct judge_found *found;       /* [n_judged] */
    struct judge_evidence *evidence; /* [labels] */
    /* (n_supposed, JUDGE_SUMS, n_classes): noisy-ors of every class by the ramp of own, whatever
     * explains the anchors, and by that of rival, of those that no other label of the class
     * overlaps more; each a mean over the views that know the class. */
    float *supposed;
    struct judge_object *objects; /* the lists of all pictures, in any order of pictures */
};

/* An anchor that overlaps the label at hand. */
struct judge_near {
    uint32_t anchor;
    float overlap, score; /* IoU with the label, score of its class */
};

/* Fills boxes. It and judge_candidates_find set counts' not_finite. */
enum status judge_boxes_decode(const struct judge_batch *batch, stream_handle stream);
/* Fills the lists' keys and counts, unsorted. Where more candidates for missing objects are found
 * than the list's capacity, the best `capacity` of all remain. */
enum status judge_candidates_find(const struct judge_batch *batch, stream_handle stream);
/* Fills evidence. After judge_boxes_decode. */
enum status judge_evidence_find(const struct judge_batch *batch, stream_handle stream);
/* Its last step, of at least one label: dup and twin. */
enum status judge_duplicates_find(const struct judge_batch *batch, stream_handle stream);
/* Sorts the candidates, suppresses, leaves out what labels explain; fills found and objects. After
 * all others. */
enum status judge_objects_find(const struct judge_batch *batch, stream_handle stream);

#ifdef __cplusplus
}
#endif

#endif
