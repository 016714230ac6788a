/* What the raw head says of each label: own and rival class, place, presence. */
#include "judge/evidence_math.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "judge/head_decode.h"
#include "judge/hypotheses.h"
#include "judge/scratch.h"
#include "judge/vector_clones.h"

VECTOR_CLONES
static void raise_all(const float *values, size_t n, float *highest) {
    for (size_t i = 0; i < n; i++)
        highest[i] = values[i] > highest[i] ? values[i] : highest[i];
}

VECTOR_CLONES
static void sigmoid_all(float *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        values[i] = sigmoid(values[i]);
}

VECTOR_CLONES
static void clamp_all(float *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        values[i] = score_clamp(values[i]);
}

VECTOR_CLONES
static void scale_all(float *values, size_t n, float factor) {
    for (size_t i = 0; i < n; i++)
        values[i] *= factor;
}

/* Adds one anchor's scores to the noisy-or of every class. */
VECTOR_CLONES
static void add_anchor(const float *scores, float weight, size_t n, float *totals) {
    for (size_t i = 0; i < n; i++)
        totals[i] = noisy_or(totals[i], scores[i] * weight);
}

/* The same to two of them. */
VECTOR_CLONES
static void add_close_anchor(const float *scores, const float weights[2], size_t n, float *loose,
                             float *tight) {
    for (size_t i = 0; i < n; i++) {
        loose[i] = noisy_or(loose[i], scores[i] * weights[0]);
        tight[i] = noisy_or(tight[i], scores[i] * weights[1]);
    }
}

/* Adds a view's sums, of classes that the judge numbers otherwise where `classes` is there. */
VECTOR_CLONES
static void add_sums(const float *sums, const uint32_t *classes, size_t n, float *totals) {
    for (size_t k = 0; !classes && k < n; k++)
        totals[k] += sums[k];
    for (size_t k = 0; classes && k < n; k++)
        totals[classes[k]] += sums[k];
}

/* Leaves means of totals over so many each, 0 over none. */
VECTOR_CLONES
static void divide_all(float *totals, const float *counts, size_t n) {
    for (size_t k = 0; k < n; k++)
        totals[k] = counts[k] > 1 ? totals[k] / counts[k] : totals[k];
}

/* Sets scratch->peak and the view's best. */
static enum status find_overlaps(struct judge_scratch *scratch, struct rows rows,
                                 struct sight *sight) {
    enum status status;
    size_t n = sight->n_places, n_best = scratch->n_classes * n;
    TRY(memory_reserve(&scratch->overlap, &scratch->overlap_capacity, n, sizeof(float)));
    TRY(memory_reserve(&scratch->peak, &scratch->peak_capacity, n, sizeof(float)));
    TRY(memory_reserve(&sight->best, &sight->best_capacity, n_best, sizeof(float)));
    for (size_t i = 0; i < n; i++)
        scratch->peak[i] = 0;
    for (size_t i = 0; i < n_best; i++)
        sight->best[i] = 0;
    for (size_t i = 0; i < scratch->n_subjects; i++) {
        const struct subject *subject = &scratch->subjects[i];
        if (!subject->known)
            continue;
        rows_overlap(rows, subject->box, n, scratch->overlap);
        raise_all(scratch->overlap, n, sight->best + scratch->class_slot[subject->class] * n);
    }
    for (size_t i = 0; i < scratch->n_classes; i++)
        raise_all(sight->best + i * n, n, scratch->peak);
out:
    return status;
}

/* Reads all classes' scores of the anchors that overlap a label enough to speak of its class. */
static enum status read_scores(const struct judge_scratch *scratch, const struct anchors *anchors,
                               struct sight *sight) {
    enum status status;
    size_t n = sight->n_places, n_classes = anchors->head->n_classes, n_rows = 0;
    TRY(memory_reserve(&sight->row, &sight->row_capacity, n, sizeof *sight->row));
    for (size_t i = 0; i < n; i++)
        sight->row[i] = scratch->peak[i] > CLASS_IOU ? (uint32_t)n_rows++ : NO_ROW;
    TRY(memory_reserve(&sight->scores, &sight->score_capacity, n_rows * n_classes, sizeof(float)));
    float *rows = sight->scores;
    for (size_t slot = 0; slot < n / TILE; slot++) {
        uint8_t lanes[TILE];
        size_t n_lanes = 0;
        for (size_t lane = 0; lane < TILE; lane++)
            if (sight->row[slot * TILE + lane] != NO_ROW)
                lanes[n_lanes++] = (uint8_t)lane;
        if (n_lanes == 0)
            continue;
        float objectness[TILE];
        anchors_raw_scores(anchors, slot, lanes, n_lanes, rows, n_classes, objectness);
        if (anchors->logits)
            sigmoid_all(rows, n_lanes * n_classes);
        else
            clamp_all(rows, n_lanes * n_classes);
        if (anchors->objectness)
            for (size_t i = 0; i < n_lanes; i++)
                scale_all(rows + i * n_classes, n_classes, objectness[i]);
        rows += n_lanes * n_classes;
    }
out:
    return status;
}

/* Adds the view's anchor at a place to what the hypotheses need besides. */
static void add_to_whole(struct judge_scratch *scratch, const struct sight *sight,
                         const struct subject *subject, size_t place, const float *scores) {
    float u = scratch->overlap[place];
    for (size_t i = 0; i < scratch->n_classes; i++) {
        uint32_t class = sight->classes[i];
        if (class == NO_CLASS)
            continue;
        scratch->whole[i] = noisy_or(scratch->whole[i], scores[class] * ramp_class(u));
        if (scratch->classes[i] == subject->class && sight->best[i * sight->n_places + place] <= u)
            scratch->own_tight = noisy_or(scratch->own_tight, scores[class] * ramp_rival(u));
    }
}

/* Adds the view's anchor at a place to the noisy-or of every class, but for classes of which
 * another label overlaps it more: that label explains it. */
static void add_class_evidence(struct judge_scratch *scratch, const struct sight *sight,
                               const struct subject *subject, size_t place, size_t n_classes) {
    size_t n_held = 0;
    float u = scratch->overlap[place], *loose = scratch->loose, *tight = scratch->tight;
    const float *scores = sight->scores + sight->row[place] * n_classes;
    for (size_t i = 0; i < scratch->n_classes; i++) {
        uint32_t class = sight->classes[i];
        if (class != NO_CLASS && scratch->classes[i] != subject->class &&
            sight->best[i * sight->n_places + place] > u)
            scratch->held[n_held++] = (struct held){class, loose[class], tight[class]};
    }
    if (u > RIVAL_IOU)
        add_close_anchor(scores, (float[]){ramp_class(u), ramp_rival(u)}, n_classes, loose, tight);
    else
        add_anchor(scores, ramp_class(u), n_classes, loose);
    for (size_t i = 0; i < n_held; i++) {
        const struct held *held = &scratch->held[i];
        loose[held->class] = held->loose;
        tight[held->class] = held->tight;
    }
    if (scratch->supposing)
        add_to_whole(scratch, sight, subject, place, scores);
}

/* Returns the strongest other class that a view knows, the first of equals, also where it has no
 * evidence; -1: there is no other. */
static int32_t find_rival(const struct judge *judge, const struct judge_scratch *scratch,
                          uint32_t own, struct evidence *evidence) {
    const float *loose = scratch->mean_loose, *tight = scratch->mean_tight;
    int32_t strongest = -1;
    for (size_t k = 0; k < judge->n_classes; k++) {
        if (k == own || scratch->knowing[k] == 0 ||
            (judge->class_in_data && !judge->class_in_data[k]))
            continue;
        evidence->contest = loose[k] > evidence->contest ? loose[k] : evidence->contest;
        if (strongest < 0 || tight[k] > evidence->rival) {
            evidence->rival = tight[k];
            strongest = (int32_t)k;
        }
    }
    evidence->suggested = evidence->rival > 0 ? strongest : -1;
    return strongest;
}

/* Lists the places that overlap the label by more than NEAR_IOU. */
static size_t list_near(const float *overlap, size_t n, uint32_t *places) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        places[count] = (uint32_t)i;
        count += overlap[i] > NEAR_IOU;
    }
    return count;
}

/* The score of the label's class of the anchor at a place; 0 where the view does not know it. */
static float own_score(const struct anchors *anchors, const struct sight *sight, uint32_t class,
                       size_t place) {
    if (class == NO_CLASS)
        return 0;
    return sight->row[place] == NO_ROW
               ? anchors_score_at(anchors, place, class)
               : sight->scores[sight->row[place] * anchors->head->n_classes + class];
}

/* Sums what a view's anchors near the label say: scratch->loose and tight; adds to near and here;
 * lists those anchors. */
static size_t sum_anchors(struct judge_scratch *scratch, size_t view, const struct subject *subject,
                          struct evidence *evidence) {
    const struct anchors *anchors = &scratch->anchors[view];
    const struct sight *sight = &scratch->sights[view];
    size_t n_classes = anchors->head->n_classes;
    uint32_t own = sight->classes[scratch->class_slot[subject->class]];
    float near = 0, here = 0;
    rows_overlap(anchors->rows, subject->box, sight->n_places, scratch->overlap);
    size_t n_near = list_near(scratch->overlap, sight->n_places, scratch->near);
    for (size_t k = 0; k < n_classes; k++)
        scratch->loose[k] = scratch->tight[k] = 0;
    for (size_t i = 0; i < scratch->n_classes; i++)
        scratch->whole[i] = 0;
    scratch->own_tight = 0;
    for (size_t i = 0; i < n_near; i++) {
        size_t place = scratch->near[i];
        float u = scratch->overlap[place], score = own_score(anchors, sight, own, place);
        scratch->near_scores[i] = score;
        near = noisy_or(near, score * ramp_near(u));
        here = noisy_or(here, score * ramp_here(u));
        if (u > CLASS_IOU)
            add_class_evidence(scratch, sight, subject, place, n_classes);
    }
    evidence->near += near;
    evidence->here += here;
    return n_near;
}

/* Sums over the views: scratch->mean_loose and mean_tight, near, here and found, each a mean over
 * those that know the class; and the best view's refined box. */
static void sum_views(const struct judge *judge, struct judge_scratch *scratch, size_t index,
                      struct evidence *evidence) {
    const struct subject *subject = &scratch->subjects[index];
    float most = 0, *loose = scratch->mean_loose, *tight = scratch->mean_tight;
    for (size_t k = 0; k < judge->n_classes; k++)
        loose[k] = tight[k] = 0;
    for (size_t i = 0; i < scratch->n_classes; i++)
        scratch->mean_whole[i] = 0;
    scratch->mean_own_tight = 0;
    for (size_t i = 0; i < scratch->n_views; i++) {
        const struct anchors *anchors = &scratch->anchors[i];
        const struct sight *sight = &scratch->sights[i];
        size_t n = sight->n_places, n_near = sum_anchors(scratch, i, subject, evidence);
        add_sums(scratch->loose, anchors->classes, anchors->head->n_classes, loose);
        add_sums(scratch->tight, anchors->classes, anchors->head->n_classes, tight);
        add_sums(scratch->whole, NULL, scratch->n_classes, scratch->mean_whole);
        scratch->mean_own_tight += scratch->own_tight;
        struct neighbours neighbours = {anchors,
                                        n_near,
                                        scratch->near,
                                        scratch->overlap,
                                        scratch->near_scores,
                                        sight->best + scratch->class_slot[subject->class] * n};
        evidence->found += evidence_refine(scratch, index, &neighbours, &most, evidence);
    }
    divide_all(loose, scratch->knowing, judge->n_classes);
    divide_all(tight, scratch->knowing, judge->n_classes);
    evidence->near /= scratch->knowing[subject->class];
    evidence->here /= scratch->knowing[subject->class];
    evidence->found /= scratch->knowing[subject->class];
}

/* Network pixels a picture pixel, of the smallest view. */
static float lowest_gain(const struct judge_scratch *scratch) {
    float gain = scratch->anchors[0].letterbox.gain;
    for (size_t i = 1; i < scratch->n_views; i++)
        gain = fminf(gain, scratch->anchors[i].letterbox.gain);
    return gain;
}

/* What the means come to. */
static void weigh(const struct judge *judge, const struct judge_scratch *scratch,
                  const struct subject *subject, struct evidence *evidence) {
    const uint32_t *slots = scratch->class_slot;
    evidence->judged = true;
    evidence->own = scratch->mean_loose[subject->class];
    int32_t strongest = find_rival(judge, scratch, subject->class, evidence);
    bool has_rival = strongest >= 0 && slots[strongest] != NO_SLOT_OF_CLASS;
    bool has_own = scratch->class_labels[slots[subject->class]] > 1;
    evidence->size = lowest_gain(scratch) * sqrtf(box_area(subject->box));
    evidence->margin = evidence_margin(evidence->own, evidence->rival, has_rival, has_own);
    evidence->shift = evidence_shift(evidence->near, evidence->here);
    evidence->ghost =
        evidence_ghost(evidence->size, evidence->own, evidence->contest, evidence->near);
}

/* What judging labels takes of memory, beside what find_overlaps and read_scores fill: most_places
 * and most_classes of a view. */
static enum status reserve(const struct judge *judge, struct judge_scratch *scratch,
                           size_t most_places, size_t most_classes) {
    enum status status;
    size_t n = judge->n_classes;
    /* One more than listed: list_near writes before it counts. */
    TRY(memory_reserve(&scratch->near, &scratch->near_capacity, most_places + 1,
                       sizeof *scratch->near));
    TRY(memory_reserve(&scratch->near_scores, &scratch->near_score_capacity, most_places,
                       sizeof(float)));
    TRY(memory_reserve(&scratch->loose, &scratch->loose_capacity, most_classes, sizeof(float)));
    TRY(memory_reserve(&scratch->tight, &scratch->tight_capacity, most_classes, sizeof(float)));
    TRY(memory_reserve(&scratch->mean_loose, &scratch->mean_loose_capacity, n, sizeof(float)));
    TRY(memory_reserve(&scratch->mean_tight, &scratch->mean_tight_capacity, n, sizeof(float)));
    TRY(memory_reserve(&scratch->whole, &scratch->whole_capacity, scratch->n_classes,
                       sizeof(float)));
    TRY(memory_reserve(&scratch->mean_whole, &scratch->mean_whole_capacity, scratch->n_classes,
                       sizeof(float)));
    TRY(memory_reserve(&scratch->held, &scratch->held_capacity, scratch->n_classes,
                       sizeof *scratch->held));
out:
    return status;
}

/* What the label would be with each other class. The means are of no other use afterwards. */
static void suppose(const struct judge *judge, struct judge_scratch *scratch,
                    const struct subject *subject, struct hypothesis *hypotheses) {
    for (size_t i = 0; i < scratch->n_classes; i++) {
        uint32_t class = scratch->classes[i];
        scratch->mean_loose[class] = scratch->mean_whole[i] / scratch->knowing[class];
    }
    scratch->mean_tight[subject->class] =
        scratch->mean_own_tight / scratch->knowing[subject->class];
    const struct hypothesis_basis basis = {
        .class = subject->class,
        .own = scratch->mean_loose,
        .rival = scratch->mean_tight,
        .knowing = scratch->knowing,
        .n_present = scratch->n_classes,
        .present = scratch->classes,
        .has_own = scratch->class_labels[scratch->class_slot[subject->class]] > 1,
    };
    hypotheses_find(judge, &basis, hypotheses);
}

enum status evidence_find(const struct judge *judge, struct judge_scratch *scratch,
                          struct findings *findings) {
    enum status status = STATUS_OK;
    size_t most_places = 0, most_classes = 0;
    for (size_t i = 0; i < scratch->n_views; i++) {
        const struct anchors *anchors = &scratch->anchors[i];
        struct sight *sight = &scratch->sights[i];
        TRY(find_overlaps(scratch, anchors->rows, sight));
        TRY(read_scores(scratch, anchors, sight));
        most_places = sight->n_places > most_places ? sight->n_places : most_places;
        most_classes =
            anchors->head->n_classes > most_classes ? anchors->head->n_classes : most_classes;
    }
    TRY(reserve(judge, scratch, most_places, most_classes));
    scratch->supposing = judge->self_test;
    findings->n_hypotheses = judge->self_test ? scratch->n_subjects * judge->n_classes : 0;
    TRY(memory_reserve(&findings->hypotheses, &findings->hypothesis_capacity,
                       findings->n_hypotheses, sizeof *findings->hypotheses));
    for (size_t i = 0; i < scratch->n_subjects; i++) {
        findings->evidence[i] = (struct evidence){.suggested = -1, .twin = -1};
        if (!scratch->subjects[i].known)
            continue;
        sum_views(judge, scratch, i, &findings->evidence[i]);
        weigh(judge, scratch, &scratch->subjects[i], &findings->evidence[i]);
        if (judge->self_test)
            suppose(judge, scratch, &scratch->subjects[i],
                    findings->hypotheses + i * judge->n_classes);
    }
out:
    return status;
}
