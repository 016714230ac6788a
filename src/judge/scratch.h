/* Memory that one judging thread reuses from picture to picture, and the steps of judge_picture
 * that work on it. */
#ifndef VERIFY_JUDGE_SCRATCH_H
#define VERIFY_JUDGE_SCRATCH_H

#include "judge/candidates.h"
#include "judge/outline.h"
#include "judge/rows.h"

#define NO_SLOT_OF_CLASS UINT32_MAX

/* A target, checked. */
struct subject {
    struct box box;
    bool known;     /* a view knows its class */
    uint32_t class; /* of a known one */
};

/* A class of a view and what its noisy-ors were. */
struct held {
    uint32_t class;
    float loose, tight;
};

/* What a view says, but for its anchors. */
struct sight {
    uint32_t *classes; /* [classes of the picture]: the view's of each; NO_CLASS: it lacks it */
    size_t class_capacity;
    /* Of the anchors that were decoded because they are near labels, by place: */
    size_t n_places;
    float *best; /* (class of the picture, place): the highest IoU with a label of it */
    size_t best_capacity;
    uint32_t *row; /* its row of scores; NO_ROW: none */
    size_t row_capacity;
    float *scores; /* (rows, head->n_classes) of anchors that overlap a label by CLASS_IOU */
    size_t score_capacity;
};

struct judge_scratch {
    /* The picture's views. */
    size_t n_views, anchor_capacity, sight_capacity;
    struct anchors *anchors; /* [n_views] */
    struct sight *sights;    /* [n_views] */
    float *knowing;          /* [n_classes of the judge]: how many of them know the class */
    size_t knowing_capacity;

    struct target *targets; /* of all labellings */
    size_t target_capacity;
    size_t n_subjects, subject_capacity;
    struct subject *subjects;
    float *labels; /* (4, subjects): their boxes in rows */
    size_t label_capacity;
    float *label_overlap; /* [subjects]: their IoU with the label at hand */
    size_t label_overlap_capacity;
    float *rivals; /* (4, subjects): boxes of those that compete with it for anchors */
    size_t rival_capacity;
    /* The classes that labels of this picture have, by number of appearance. */
    size_t n_classes, class_capacity;
    uint32_t *classes;
    uint32_t *class_labels; /* [n_classes]: how many labels */
    size_t class_label_capacity;
    uint32_t *class_slot; /* [n_classes of the judge]: index into classes */
    size_t class_slot_capacity;

    /* Of the decoded anchors of the view at hand, by place: */
    float *peak; /* the highest IoU with any label */
    size_t peak_capacity;
    float *overlap; /* IoU with the label at hand */
    size_t overlap_capacity;

    /* Of the anchors near the label at hand: */
    uint32_t *near; /* their places */
    size_t near_capacity;
    float *near_scores; /* of the label's class */
    size_t near_score_capacity;

    /* Noisy-or of every class for the label at hand, [head->n_classes]: by the ramp of own and
     * contest, and by that of rival. */
    float *loose, *tight;
    size_t loose_capacity, tight_capacity;
    /* Their means over the views that know the class, [n_classes of the judge]; 0 where none does.
     */
    float *mean_loose, *mean_tight;
    size_t mean_loose_capacity, mean_tight_capacity;
    /* Of the label at hand, for its hypotheses: noisy-or of each class of the picture by the ramp
     * of own, whatever explains the anchors, [n_classes] of the view at hand and as means; and of
     * its own class by the ramp of rival, of anchors that no other label of the class overlaps
     * more. */
    bool supposing; /* these are asked for */
    float *whole, *mean_whole, own_tight, mean_own_tight;
    size_t whole_capacity, mean_whole_capacity;
    struct held *held; /* those that an anchor must not add to */
    size_t held_capacity;

    struct outlining outlining;
    struct candidates found, chosen;
    bool all_finite;    /* all that the views hold */
    bool all_plausible; /* what their untried tails made */
    uint32_t *first_of; /* by anchor id: index of its best candidate + 1 */
    size_t first_capacity;
    struct nms nms;
};
#define NO_ROW   UINT32_MAX
#define NO_CLASS UINT32_MAX

/* Whether the maps hold neither infinity nor not-a-number for any anchor's box. */
bool boxes_are_finite(const struct anchors *anchors);
/* Whether a tail that was not tried when its model was read made scores, and a box in pixels. */
bool tail_is_plausible(const struct anchors *anchors);

/* Decodes every anchor of a view that could overlap a label by NEAR_IOU, in the order of their ids.
 */
void near_tiles_decode(const struct judge_scratch *scratch, struct anchors *anchors);

/* Fills findings->evidence but for dup and twin. */
enum status evidence_find(const struct judge *judge, struct judge_scratch *scratch,
                          struct findings *findings);

/* The anchors of a view near a label, as refine reads them. */
struct neighbours {
    const struct anchors *anchors;
    size_t n;
    const uint32_t *places;
    const float *overlap; /* by place: IoU with the label */
    const float *scores;  /* [n]: of the label's class */
    const float *best;    /* by place: the highest IoU with a label of the class, itself included */
};
/* Returns how surely the view sees the class at its own box for the label; 0 where it has none.
 * Sets refined and location where one of the neighbours speaks more for the label than *most, which
 * is raised: 0 before the first view. */
float evidence_refine(const struct judge_scratch *scratch, size_t subject,
                      const struct neighbours *neighbours, float *most, struct evidence *evidence);

/* Sets dup and twin. */
void evidence_duplicates(const struct judge_scratch *scratch, struct evidence *evidence);

/* Fill findings->missing and findings->predictions from scratch->found. */
enum status missing_find(const struct judge *judge, struct judge_scratch *scratch,
                         struct findings *findings);
enum status predictions_find(const struct judge *judge, struct judge_scratch *scratch,
                             struct findings *findings);

/* An object of the candidate's class and anchor. */
enum status detections_add(struct detections *detections, const struct candidate *of,
                           float confidence, struct box box);

#endif
