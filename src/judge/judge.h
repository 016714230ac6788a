/* From the raw head to a verdict on every label: the rule is described in docs/evidence.md. */
#ifndef VERIFY_JUDGE_JUDGE_H
#define VERIFY_JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "image/image.h"
#include "model/graph.h"

/* One raw map of the head as a backend left it, channel c of cell p (row-major) at
 * data[(c / block) * cells * block + p * block + c % block]: block 1 is planar (C,h,w), block C is
 * channels-last (h,w,C), block 8 is nChw8c. */
struct head_map {
    const float *data;
    size_t channels, width, height;
    size_t block;
};

/* The maps of each level for one picture. */
struct head_maps {
    struct head_map boxes[GRAPH_LEVELS];
    struct head_map scores[GRAPH_LEVELS];
    struct head_map extras[GRAPH_LEVELS]; /* where the head has them */
    struct head_map prototypes;           /* where the head has masks */
};

/* One view of a picture: what a network at a size says of it. A picture may have several; evidence
 * is the mean over those that know the class in question. */
struct view {
    const struct head *head;
    const struct head_maps *maps;
    const struct letterbox *letterbox; /* how the picture lies in the network's input */
    /* [head->n_classes]: the judge's class of each of the network's, all different. NULL: the same
     * classes. */
    const uint32_t *classes;
};

/* A label as the judge sees it. */
struct target {
    int32_t class; /* the judge's; -1: one that no network knows */
    float box[4];  /* x1, y1, x2, y2 in picture pixels */
    /* What it says beside them: corners of an outline, or keypoints. The caller's; 0: nothing. */
    size_t n_points;
    size_t point_values; /* numbers a point: x and y in picture pixels, of some keypoints how
                            visible it is, too */
    bool keypoints;
    const float *points;
};

/* What is seen of what a label says beside its box and class: the label's against the network's own
 * at the anchor that speaks most for it. */
struct task_evidence {
    enum task task;  /* of the network; TASK_DETECT: nothing is seen of it, all else is 0 */
    float agreement; /* 0 to 1: IoU; of TASK_SEGMENT of mask and polygon, of TASK_OBB of the two
                        boxes as they are turned */
    float error;     /* how far apart: of TASK_SEGMENT the boundaries, in picture pixels; of
                        TASK_OBB degrees between the two, 0 to 90 */
    /* The network's own: numbers of findings->numbers from `first` on, in picture pixels: of
     * TASK_SEGMENT the corners of its outline, of TASK_OBB its four corners. */
    size_t first, count;
};

/* What the raw head says of one label; the symbols are those of docs/evidence.md. */
struct evidence {
    bool judged; /* false, and all else 0 but suggested and twin, where no view knows the class */
    float own, rival, contest;
    int32_t suggested; /* the judge's class of `rival`; -1 where there is none */
    float near, here;
    float margin, shift, ghost, dup, location;
    bool has_refined;
    float refined[4]; /* x1, y1, x2, y2 in picture pixels */
    float found;      /* the class at `refined` */
    float size;       /* of the label: sqrt(width height) in network pixels */
    int32_t twin;     /* the label that `dup` refers to; -1 where there is none */
    float copy;       /* 0 to 1: one object with `twin`, and this label the one to blame */
    float group;      /* 0 to 1: several objects of the class in it */
    uint32_t anchor;  /* that speaks most for it (anchors.h); of no meaning without `refined` */
    struct task_evidence task;
};

/* Missing objects are sought down to this score; the image score uses them all. */
#define MISSING_FLOOR 0.05f

struct detection {
    int32_t class; /* the judge's */
    float confidence;
    float box[4];    /* x1, y1, x2, y2 in picture pixels, not clipped */
    float certainty; /* of a missing object: how sure it is one; 0 of a prediction */
};

/* What a label would look like if it named another class: for the self-test. */
struct hypothesis {
    uint8_t bin;      /* of the margin that it would have (self_test_fit.h); NO_HYPOTHESIS: its own
                         class, or one that no view knows or the data set lacks */
    uint8_t evidence; /* of the class, as rival has it, in units of 1 / EVIDENCE_UNITS */
};
#define NO_HYPOTHESIS UINT8_MAX
enum { EVIDENCE_UNITS = 200 };

struct detections {
    size_t count, capacity;
    struct detection *items; /* owned; best confidence first */
};

/* What a forward leaves of one picture. Start with a zeroed struct; reused from picture to picture.
 */
struct findings {
    bool not_finite;  /* numbers of the network's output are not: what follows says nothing */
    bool widened;     /* they were not, in fp16: what follows is of a forward in fp32 */
    bool implausible; /* those of a tail that was not tried when the model was read are no scores,
                         or none of its boxes is one in pixels: what follows says nothing */
    size_t n_evidence, evidence_capacity;
    struct evidence *evidence; /* one per target, in order */
    /* (n_evidence, classes of the judge), where asked for; those of targets that are not judged say
     * nothing. */
    size_t n_hypotheses, hypothesis_capacity;
    struct hypothesis *hypotheses;
    size_t n_numbers, number_capacity;
    float *numbers;                /* what task_evidence refers to */
    struct detections missing;     /* objects without a label, down to MISSING_FLOOR */
    struct detections predictions; /* as Ultralytics' predict, where asked for */
};
void findings_free(struct findings *findings);

/* Parameters of judging, the same for all pictures. */
struct judge {
    size_t n_classes;          /* that the networks know, all together */
    const bool *class_in_data; /* [n_classes]: classes that the data set has; others are no rivals
                                  and never missing; NULL: all; the caller's */
    bool self_test;            /* fill findings.hypotheses */
    bool predict;              /* fill findings.predictions, of all classes: the best class of each
                                  anchor, NMS within each class, as Ultralytics' predict */
    float conf, iou;           /* of predictions: lowest confidence, NMS's IoU */
    size_t max_det;            /* of predictions */
};

/* Scratch memory of one judging thread. */
struct judge_scratch;
enum status judge_scratch_make(struct judge_scratch **out);
void judge_scratch_free(struct judge_scratch *scratch);

/* Judges one picture from its views, at least one. Missing objects and predictions are sought in
 * all of them together. Targets of a class that no view knows get no evidence and compete with no
 * label, but what they overlap is not missing. Malformed boxes overlap nothing. Not-a-number in the
 * maps counts as a score of 0 and as no box, so that all results are finite; findings->not_finite
 * says whether any anchor has such, or an infinity (classes of anchors whose objectness rules them
 * out are not looked at). Fails for lack of memory, or where the maps are not those of their heads.
 * Thread-safe with a scratch and findings of the thread's own. */
enum status judge_picture(const struct judge *judge, const struct view *views, size_t n_views,
                          const struct target *targets, size_t n_targets,
                          struct judge_scratch *scratch, struct findings *findings);

/* Labels of one picture, and where what is found of them goes. */
struct labelling {
    const struct target *targets;
    size_t n_targets;
    struct findings *findings;
};
/* The same for several labellings of the picture, each as if it were alone, in little more time
 * than one takes. Predictions and hypotheses are found for the first alone. */
enum status judge_labellings(const struct judge *judge, const struct view *views, size_t n_views,
                             const struct labelling *labellings, size_t n,
                             struct judge_scratch *scratch);

/* Sets what the evidence of each label says beside the picture's other labels and its missing
 * objects: copy and group. The last step of judge_labellings, and of backends that judge by
 * themselves; `targets` are those of findings->evidence. */
void findings_relate(const struct target *targets, struct findings *findings);

/* From this shift on the place of a label is in doubt: it is not correct, whatever the thresholds.
 */
#define SHIFT_DOUBTED 2.0f

/* Thresholds of the verdict (the flags of the same names). */
struct thresholds {
    float max_margin, max_shift, max_ghost, min_own, max_dup, missing_conf, max_angle, min_outline;
};

enum verdict { VERDICT_CORRECT, VERDICT_MISLABELED, VERDICT_UNCERTAIN, VERDICT_COUNT };
/* "correct", "mislabeled", "uncertain". */
const char *verdict_name(enum verdict verdict);

/* Why a label is not correct, in the order of the rules. The last is `weak`, against which nothing
 * speaks but that little is seen of it: no finding. */
enum reason {
    REASON_NONE,
    REASON_UNKNOWN_CLASS,
#define FINDING(kind, name, verdict, swaps, condition) REASON_##kind,
#define CONFIRMED(condition)
#include "judge/verdict_list.h"
#undef FINDING
#undef CONFIRMED
    REASON_COUNT
};
/* As in the records: "class", "location" and so on; NULL for REASON_NONE. */
const char *reason_name(enum reason reason);

/* What a rule says of a label. */
struct ruling {
    enum verdict verdict;
    enum reason reason; /* REASON_NONE of a correct one alone */
    bool swaps;         /* the class is wrong: evidence.suggested is what it should be */
};

/* By the first rule of verdict_list.h that holds. */
struct ruling verdict_of(const struct evidence *evidence, const struct thresholds *thresholds);
/* Of a label whose class the model does not know: there is no evidence. */
struct ruling verdict_of_unknown(void);

/* Near 1: clean; near 0: almost surely wrong; never 0, so that the worst can be told apart.
 * Of a label (1 where there is no evidence), of an object without one, of a picture with all its
 * labels and missing objects. */
double box_score(const struct evidence *evidence);
double missing_score(const struct detection *missing);
double image_score(const struct findings *findings);

#endif
