/* Poses: the label's keypoints against the network's own. */
#include <math.h>

#include "judge/head_decode.h"
#include "judge/tasks.h"

/* From this certainty on the network sees a point. */
#define SEEN 0.5f
/* COCO's areas are those of outlines: of a box about so much. */
#define AREA_OF_BOX 0.53f
/* Left and right are swapped where a label is off by so much of the object's size, and exchanging
 * them leaves at most so much of what it lacks in similarity. */
#define SWAP_ERROR 0.05f
#define SWAP_REST  0.5f

/* OKS's for COCO's keypoints of people: nose, eyes, ears, shoulders, elbows, wrists, hips, knees,
 * ankles (pycocotools, cocoeval.py). */
static const float person_sigmas[] = {.026f, .025f, .025f, .035f, .035f, .079f, .079f, .072f, .072f,
                                      .062f, .062f, .107f, .107f, .087f, .087f, .089f, .089f};
enum { PERSON = sizeof person_sigmas / sizeof *person_sigmas };

static float sigma_of(const struct keypoint_rules *rules, size_t count, size_t point) {
    if (rules->sigmas && rules->count == count)
        return rules->sigmas[point];
    return count == PERSON ? person_sigmas[point] : 1 / (float)count;
}

struct keypoint {
    float x, y;  /* in picture pixels */
    float shown; /* a label's visibility; 0: it has none such. The network's certainty */
    bool inside; /* of the picture, where alone a label can have it */
};

static struct keypoint labelled_point(const struct target *target, size_t point) {
    const float *numbers = target->points + point * target->point_values;
    float x = numbers[0], y = numbers[1];
    float shown = target->point_values > 2 ? numbers[2] : (float)(x != 0 || y != 0);
    return (struct keypoint){x, y, shown > 0 ? shown : 0, true};
}

/* The network's, which is certain of all points where it does not say. */
static struct keypoint own_point(const struct task_subject *subject, size_t point) {
    const struct anchors *anchors = subject->anchors;
    const struct head *head = anchors->head;
    const struct letterbox *letterbox = &anchors->letterbox;
    size_t cell;
    const struct plane *plane = anchors_cell(anchors, subject->anchor, &cell);
    size_t channel = plane->extra_channel + point * head->point_values;
    size_t column = cell % plane->width, row = cell / plane->width;
    float x = keypoint_at(head->centred_points, head_map_at(plane->extras, channel, cell),
                          (float)column, plane->stride);
    float y = keypoint_at(head->centred_points, head_map_at(plane->extras, channel + 1, cell),
                          (float)row, plane->stride);
    float shown =
        head->point_values > 2 ? sigmoid(head_map_at(plane->extras, channel + 2, cell)) : 1;
    x = (x - (float)letterbox->left) / letterbox->gain_x;
    y = (y - (float)letterbox->top) / letterbox->gain_y;
    bool inside = x >= 0 && y >= 0 && x <= (float)letterbox->image_width &&
                  y <= (float)letterbox->image_height;
    return (struct keypoint){x, y, shown, inside};
}

/* OKS while its points are added: the mean of e^-(d^2 / (8 sigma^2 area)) over the label's. */
struct similarity {
    float sum, count;
};

static float square_distance(struct keypoint a, struct keypoint b) {
    return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y);
}

static void add_similar(struct similarity *similarity, struct keypoint label, struct keypoint own,
                        float scale) {
    if (label.shown <= 0)
        return;
    similarity->sum += expf(-square_distance(label, own) / scale);
    similarity->count++;
}

static float similarity_of(const struct similarity *similarity) {
    return similarity->count > 0 ? similarity->sum / similarity->count : 0;
}

/* Adds what is suggested for a point: the network's where it sees one that a label can have.
 * Whether it is there at all, a network that does not say leaves to the label. */
static enum status suggest(const struct task_subject *subject, struct keypoint label,
                           struct keypoint own, struct findings *findings) {
    enum status status;
    bool takes = own.inside && own.shown >= SEEN &&
                 (label.shown > 0 || subject->anchors->head->point_values > 2);
    TRY(findings_add_number(findings, takes ? own.x : label.x));
    TRY(findings_add_number(findings, takes ? own.y : label.y));
    if (subject->target->point_values > 2)
        TRY(findings_add_number(findings, takes && label.shown <= 0 ? 2 : label.shown));
out:
    return status;
}

/* Whether two points are of one pose, and how far the label's is off at most. */
static void compare(struct keypoint label, struct keypoint own, size_t point, float size,
                    struct task_evidence *evidence) {
    bool labelled = label.shown > 0, seen = own.shown >= SEEN;
    float error = sqrtf(square_distance(label, own)) / size;
    evidence->pose.absent += seen && own.inside && !labelled;
    evidence->pose.invented += labelled && !seen;
    if (seen && labelled && (evidence->pose.point < 0 || error > evidence->error)) {
        evidence->error = error;
        evidence->pose.point = (int32_t)point;
    }
}

static bool can_compare(const struct task_subject *subject) {
    const struct target *target = subject->target;
    size_t labelled = 0, n = subject->anchors->head->n_points;
    if (!target->keypoints || target->n_points != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct keypoint own = own_point(subject, i);
        if (!isfinite(own.x) || !isfinite(own.y))
            return false;
        labelled += labelled_point(target, i).shown > 0;
    }
    return labelled > 0;
}

enum status task_pose_judge(const struct task_subject *subject, struct findings *findings,
                            struct task_evidence *evidence) {
    enum status status = STATUS_OK;
    const struct target *target = subject->target;
    const struct keypoint_rules *rules = subject->keypoints;
    size_t n = target->n_points;
    float area = (target->box[2] - target->box[0]) * (target->box[3] - target->box[1]);
    struct similarity as_is = {0}, exchanged = {0};
    bool flips = rules->flip && rules->count == n;
    if (!can_compare(subject) || !(area > 0))
        return STATUS_OK;
    evidence->pose.point = -1;
    evidence->pose.values = (uint32_t)target->point_values;
    for (size_t i = 0; i < n; i++) {
        struct keypoint label = labelled_point(target, i), own = own_point(subject, i);
        float sigma = sigma_of(rules, n, i), scale = 8 * sigma * sigma * AREA_OF_BOX * area;
        add_similar(&as_is, label, own, scale);
        if (flips)
            add_similar(&exchanged, labelled_point(target, rules->flip[i]), own, scale);
        compare(label, own, i, sqrtf(area), evidence);
        TRY(suggest(subject, label, own, findings));
    }
    if (subject->anchors->head->point_values < 3)
        evidence->pose.absent = evidence->pose.invented = 0;
    evidence->agreement = similarity_of(&as_is);
    evidence->pose.swapped = flips && evidence->error > SWAP_ERROR &&
                             1 - similarity_of(&exchanged) < SWAP_REST * (1 - evidence->agreement);
out:
    return status;
}
