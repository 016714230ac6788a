/* How likely it is that nothing is wrong: with a label, with a picture. */
#include <math.h>

#include "judge/evidence_math.h"
#include "judge/judge.h"
#include "judge/presence.h"

/* 1 less the logistic function, in the form that does not cancel where that is close to 1: grave
 * errors are told from graver ones. */
static double chance(double suspicion) {
    return 1 / (1 + exp(suspicion));
}

/* That the network sees so little where such labels are mostly seen counts as the fifth root of how
 * rare that is; rarer than this is not told apart. */
#define RAREST 0.003
#define RARITY 0.2
/* The most that a twin's better claim counts, or that several objects lie in the box. */
#define COPY  0.7
#define GROUP 0.7
/* The most that the angle of an oriented box counts. */
#define TURN 0.95

/* What the network's own box counts beside the shift: enough to show in the digits of a score. */
#define FIT 0.005

/* A box that the network would place elsewhere: as likely as the shift says, where it does see the
 * class at its own box, and sees more there than here. Shift has a highest value, which it takes
 * wherever the object is surely near and nothing of it here: such labels are told apart by how well
 * the network's own box fits them. */
static double misplaced(const struct evidence *evidence) {
    double elsewhere = fmax(0, (double)evidence->found - (double)evidence->here);
    return elsewhere * (1 - chance((double)evidence->shift - 4 - FIT * (double)evidence->location));
}

/* How usual it is, for its size, that no more is seen of a label. */
static double usual(const struct evidence *evidence) {
    double share =
        presence_share((double)evidence->size, (double)fmaxf(evidence->own, evidence->contest));
    return pow((share + RAREST) / (1 + RAREST), RARITY);
}

/* A keypoint this far off, as a share of the object's size, is as likely wrong as not. Left and
 * right are exchanged as surely as a point twice as far off is wrong. The box must be confirmed, by
 * so much evidence wholly, for its points to be said wrong. */
#define POINT_DOUBTED 0.1
#define POINT_SPREAD  0.02
#define CONFIRMED_BY  0.5

static double posed(const struct evidence *evidence) {
    const struct task_evidence *task = &evidence->task;
    double error = fmin(1, (double)task->error);
    if (task->pose.swapped)
        error = fmax(error, 2 * POINT_DOUBTED);
    double confirmed = fmin(1, (double)evidence->own / CONFIRMED_BY);
    return 1 - confirmed + confirmed * chance((error - POINT_DOUBTED) / POINT_SPREAD);
}

/* Below 0.6, as --min-outline, few sound outlines agree. */
static double outlined(const struct evidence *evidence) {
    double iou = (double)evidence->task.agreement;
    return fmax(iou, 0.01) * chance((0.6 - iou) / 0.06);
}

/* From a few degrees, which people do not see, to half a quarter turn. */
static double turned(const struct evidence *evidence) {
    return 1 - TURN * (double)evidence->here * (double)ramp(evidence->task.error, 5, 45);
}

/* The chance that what a label says beside its box is right; above 0. */
static double beside(const struct evidence *evidence) {
    switch (evidence->task.task) {
    case TASK_SEGMENT:
        return outlined(evidence);
    case TASK_OBB:
        return turned(evidence);
    case TASK_POSE:
        return posed(evidence);
    case TASK_DETECT:
    case TASK_COUNT:
        break;
    }
    return 1;
}

/* The chance that a label is no error: of its class, its place, its existence, its being another's
 * duplicate or a box around several objects, of what it says beside its box. */
double box_score(const struct evidence *evidence) {
    if (!evidence->judged)
        return 1;
    double class = chance(((double)evidence->margin - 3) / 0.5);
    double existence = chance(((double)evidence->ghost - 7.5) / 0.2) * usual(evidence);
    double single = (1 - COPY * (double)evidence->copy) * (1 - GROUP * (double)evidence->group);
    return class * (1 - misplaced(evidence)) * existence * single * beside(evidence);
}

double missing_score(const struct detection *missing) {
    return 1 - 0.999 * (double)missing->certainty;
}

/* e to a sum of logarithms; where that would be too small for a double, lower sums still give lower
 * numbers. */
static double product_of_logs(double sum) {
    const double least = -690;
    return sum >= least ? exp(sum) : exp(least) * (least / sum);
}

/* Doubts of labels are squared, so that many slight ones do not add up to what a grave one is. */
double image_score(const struct findings *findings) {
    double sum = 0;
    for (size_t i = 0; i < findings->missing.count; i++)
        sum += log(missing_score(&findings->missing.items[i]));
    for (size_t i = 0; i < findings->n_evidence; i++) {
        double score = box_score(&findings->evidence[i]);
        sum += log(score * (2 - score));
    }
    return product_of_logs(sum);
}
