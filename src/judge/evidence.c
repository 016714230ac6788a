/* What the raw head says of each label: own and rival class, place, presence. */
#include "judge/evidence_math.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "judge/head_decode.h"
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

/* Sets scratch->peak and scratch->best. */
static enum status find_overlaps(struct judge_scratch *scratch, size_t n) {
    enum status status;
    size_t n_best = scratch->n_classes * n;
    TRY(memory_reserve(&scratch->overlap, &scratch->overlap_capacity, n, sizeof(float)));
    TRY(memory_reserve(&scratch->peak, &scratch->peak_capacity, n, sizeof(float)));
    TRY(memory_reserve(&scratch->best, &scratch->best_capacity, n_best, sizeof(float)));
    for (size_t i = 0; i < n; i++)
        scratch->peak[i] = 0;
    for (size_t i = 0; i < n_best; i++)
        scratch->best[i] = 0;
    for (size_t i = 0; i < scratch->n_subjects; i++) {
        const struct subject *subject = &scratch->subjects[i];
        if (!subject->known)
            continue;
        rows_overlap(scratch->anchors.rows, subject->box, n, scratch->overlap);
        raise_all(scratch->overlap, n, scratch->best + scratch->class_slot[subject->class] * n);
    }
    for (size_t i = 0; i < scratch->n_classes; i++)
        raise_all(scratch->best + i * n, n, scratch->peak);
out:
    return status;
}

/* Reads all classes' scores of the anchors that overlap a label enough to speak of its class. */
static enum status read_scores(struct judge_scratch *scratch, size_t n) {
    enum status status;
    const struct anchors *anchors = &scratch->anchors;
    size_t n_classes = anchors->head->n_classes, n_rows = 0;
    TRY(memory_reserve(&scratch->row, &scratch->row_capacity, n, sizeof *scratch->row));
    for (size_t i = 0; i < n; i++)
        scratch->row[i] = scratch->peak[i] > CLASS_IOU ? (uint32_t)n_rows++ : NO_ROW;
    TRY(memory_reserve(&scratch->scores, &scratch->score_capacity, n_rows * n_classes,
                       sizeof(float)));
    float *rows = scratch->scores;
    for (size_t slot = 0; slot < n / TILE; slot++) {
        uint8_t lanes[TILE];
        size_t n_lanes = 0;
        for (size_t lane = 0; lane < TILE; lane++)
            if (scratch->row[slot * TILE + lane] != NO_ROW)
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

/* Adds the anchor at a place to the noisy-or of every class, but for classes of which another label
 * overlaps it more: that label explains it. */
static void add_class_evidence(struct judge_scratch *scratch, const struct subject *subject,
                               size_t place, size_t n) {
    size_t n_classes = scratch->anchors.head->n_classes, n_held = 0;
    float u = scratch->overlap[place], *loose = scratch->loose, *tight = scratch->tight;
    const float *scores = scratch->scores + scratch->row[place] * n_classes;
    for (size_t i = 0; i < scratch->n_classes; i++) {
        uint32_t class = scratch->classes[i];
        if (class != subject->class && scratch->best[i * n + place] > u)
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
}

/* Returns the strongest other class, the first of equals, also where it has no evidence; -1: there
 * is no other. */
static int32_t find_rival(const struct judge *judge, const struct judge_scratch *scratch,
                          uint32_t own, struct evidence *evidence) {
    const float *loose = scratch->loose, *tight = scratch->tight;
    int32_t strongest = -1;
    for (size_t k = 0; k < judge->head.n_classes; k++) {
        if (k == own || (judge->class_in_data && !judge->class_in_data[k]))
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

/* Sums what the anchors near the label say: scratch->loose and tight, near and here; lists them. */
static size_t sum_anchors(struct judge_scratch *scratch, const struct subject *subject, size_t n,
                          struct evidence *evidence) {
    const struct anchors *anchors = &scratch->anchors;
    size_t n_classes = anchors->head->n_classes;
    rows_overlap(anchors->rows, subject->box, n, scratch->overlap);
    size_t n_near = list_near(scratch->overlap, n, scratch->near);
    for (size_t k = 0; k < n_classes; k++)
        scratch->loose[k] = scratch->tight[k] = 0;
    for (size_t i = 0; i < n_near; i++) {
        size_t place = scratch->near[i];
        float u = scratch->overlap[place];
        float score = scratch->row[place] == NO_ROW
                          ? anchors_score_at(anchors, place, subject->class)
                          : scratch->scores[scratch->row[place] * n_classes + subject->class];
        scratch->near_scores[i] = score;
        evidence->near = noisy_or(evidence->near, score * ramp_near(u));
        evidence->here = noisy_or(evidence->here, score * ramp_here(u));
        if (u > CLASS_IOU)
            add_class_evidence(scratch, subject, place, n);
    }
    return n_near;
}

/* What the sums come to. */
static void weigh(const struct judge *judge, const struct judge_scratch *scratch,
                  const struct subject *subject, struct evidence *evidence) {
    const uint32_t *slots = scratch->class_slot;
    evidence->judged = true;
    evidence->own = scratch->loose[subject->class];
    int32_t strongest = find_rival(judge, scratch, subject->class, evidence);
    bool has_rival = strongest >= 0 && slots[strongest] != NO_SLOT_OF_CLASS;
    bool has_own = scratch->class_labels[slots[subject->class]] > 1;
    float size = scratch->anchors.letterbox.gain * sqrtf(box_area(subject->box));
    evidence->margin = evidence_margin(evidence->own, evidence->rival, has_rival, has_own);
    evidence->shift = evidence_shift(evidence->near, evidence->here);
    evidence->ghost = evidence_ghost(size, evidence->own, evidence->contest, evidence->near);
}

static void judge_label(const struct judge *judge, struct judge_scratch *scratch, size_t index,
                        size_t n, struct evidence *evidence) {
    const struct subject *subject = &scratch->subjects[index];
    size_t n_near = sum_anchors(scratch, subject, n, evidence);
    weigh(judge, scratch, subject, evidence);
    struct neighbours neighbours = {n_near, scratch->near, scratch->overlap, scratch->near_scores,
                                    scratch->best + scratch->class_slot[subject->class] * n};
    evidence_refine(scratch, index, &neighbours, evidence);
}

enum status evidence_find(const struct judge *judge, struct judge_scratch *scratch,
                          struct findings *findings) {
    enum status status;
    size_t n = scratch->anchors.n_slots * TILE, n_classes = judge->head.n_classes;
    TRY(find_overlaps(scratch, n));
    TRY(read_scores(scratch, n));
    /* One more than listed: list_near writes before it counts. */
    TRY(memory_reserve(&scratch->near, &scratch->near_capacity, n + 1, sizeof *scratch->near));
    TRY(memory_reserve(&scratch->near_scores, &scratch->near_score_capacity, n, sizeof(float)));
    TRY(memory_reserve(&scratch->loose, &scratch->loose_capacity, n_classes, sizeof(float)));
    TRY(memory_reserve(&scratch->tight, &scratch->tight_capacity, n_classes, sizeof(float)));
    TRY(memory_reserve(&scratch->held, &scratch->held_capacity, scratch->n_classes,
                       sizeof *scratch->held));
    for (size_t i = 0; i < scratch->n_subjects; i++) {
        findings->evidence[i] = (struct evidence){.suggested = -1, .twin = -1};
        if (scratch->subjects[i].known)
            judge_label(judge, scratch, i, n, &findings->evidence[i]);
    }
out:
    return status;
}
