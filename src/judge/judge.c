/* One picture's judgement, step by step. */
#include "judge/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "judge/scratch.h"
#include "judge/tasks.h"

void findings_free(struct findings *findings) {
    free(findings->evidence);
    free(findings->hypotheses);
    free(findings->numbers);
    free(findings->missing.items);
    free(findings->predictions.items);
    *findings = (struct findings){0};
}

enum status detections_add(struct detections *detections, const struct candidate *of,
                           float confidence, struct box box) {
    enum status status;
    TRY(memory_reserve(&detections->items, &detections->capacity, detections->count + 1,
                       sizeof *detections->items));
    detections->items[detections->count++] = (struct detection){
        .class = (int32_t)of->class,
        .confidence = confidence,
        .box = {box.x1, box.y1, box.x2, box.y2},
        .anchor = of->anchor,
    };
out:
    return status;
}

/* Memory for so many views; what is new is zeroed. */
static enum status reserve_views(struct judge_scratch *scratch, size_t n) {
    enum status status;
    size_t before = scratch->anchor_capacity;
    TRY(memory_reserve(&scratch->anchors, &scratch->anchor_capacity, n, sizeof *scratch->anchors));
    memset(scratch->anchors + before, 0,
           (scratch->anchor_capacity - before) * sizeof *scratch->anchors);
    before = scratch->sight_capacity;
    TRY(memory_reserve(&scratch->sights, &scratch->sight_capacity, n, sizeof *scratch->sights));
    memset(scratch->sights + before, 0,
           (scratch->sight_capacity - before) * sizeof *scratch->sights);
out:
    return status;
}

/* Counts how many views know each class. */
static enum status count_knowing(struct judge_scratch *scratch, size_t n_classes) {
    enum status status;
    TRY(memory_reserve(&scratch->knowing, &scratch->knowing_capacity, n_classes, sizeof(float)));
    for (size_t k = 0; k < n_classes; k++)
        scratch->knowing[k] = 0;
    for (size_t i = 0; i < scratch->n_views; i++) {
        const struct anchors *anchors = &scratch->anchors[i];
        size_t n = anchors->head->n_classes;
        if (!anchors->classes && n != n_classes)
            return FAIL(STATUS_FAILED, "the detection head has %zu classes, %zu expected", n,
                        n_classes);
        for (size_t k = 0; k < n; k++) {
            uint32_t class = anchors_class(anchors, k);
            if (class >= n_classes)
                return FAIL(STATUS_FAILED, "the detection head has a class that is none");
            scratch->knowing[class]++;
        }
    }
out:
    return status;
}

static enum status begin_views(struct judge_scratch *scratch, size_t n_classes,
                               const struct view *views, size_t n) {
    enum status status;
    size_t n_tiles = 0;
    TRY(reserve_views(scratch, n));
    scratch->n_views = n;
    for (size_t i = 0; i < n; i++) {
        struct anchors *anchors = &scratch->anchors[i];
        TRY(anchors_begin(anchors, views[i].head, views[i].maps, views[i].letterbox));
        anchors->classes = views[i].classes;
        anchors->first_id = (uint32_t)(n_tiles * TILE);
        n_tiles += anchors->n_tiles;
        if (n_tiles > UINT32_MAX / TILE / 4)
            return FAIL(STATUS_FAILED, "the detection heads have too many anchors");
    }
    TRY(count_knowing(scratch, n_classes));
out:
    return status;
}

static enum status read_targets(struct judge_scratch *scratch, size_t n_classes,
                                const struct target *targets, size_t n) {
    enum status status;
    TRY(memory_reserve(&scratch->subjects, &scratch->subject_capacity, n,
                       sizeof *scratch->subjects));
    TRY(memory_reserve(&scratch->labels, &scratch->label_capacity, 4 * n, sizeof(float)));
    TRY(memory_reserve(&scratch->label_overlap, &scratch->label_overlap_capacity, n,
                       sizeof(float)));
    TRY(memory_reserve(&scratch->rivals, &scratch->rival_capacity, 4 * n, sizeof(float)));
    TRY(memory_reserve(&scratch->class_slot, &scratch->class_slot_capacity, n_classes,
                       sizeof *scratch->class_slot));
    TRY(memory_reserve(&scratch->classes, &scratch->class_capacity, n_classes,
                       sizeof *scratch->classes));
    TRY(memory_reserve(&scratch->class_labels, &scratch->class_label_capacity, n_classes,
                       sizeof *scratch->class_labels));
    for (size_t i = 0; i < n_classes; i++)
        scratch->class_slot[i] = NO_SLOT_OF_CLASS;
    scratch->n_classes = 0;
    scratch->n_subjects = n;
    for (size_t i = 0; i < n; i++) {
        bool known = targets[i].class >= 0 && (size_t)targets[i].class < n_classes &&
                     scratch->knowing[targets[i].class] > 0;
        uint32_t class = known ? (uint32_t)targets[i].class : 0;
        scratch->subjects[i] = (struct subject){box_or_empty(box_of(targets[i].box)), known, class};
        rows_set(rows_in(scratch->labels, n), i, scratch->subjects[i].box);
        if (known && scratch->class_slot[class] == NO_SLOT_OF_CLASS) {
            scratch->class_slot[class] = (uint32_t)scratch->n_classes;
            scratch->class_labels[scratch->n_classes] = 0;
            scratch->classes[scratch->n_classes++] = class;
        }
        if (known)
            scratch->class_labels[scratch->class_slot[class]]++;
    }
out:
    return status;
}

/* Sets the view's class for each of those that the picture's labels have. */
static enum status match_classes(const struct judge_scratch *scratch, const struct anchors *anchors,
                                 struct sight *sight) {
    enum status status;
    TRY(memory_reserve(&sight->classes, &sight->class_capacity, scratch->n_classes,
                       sizeof *sight->classes));
    for (size_t i = 0; i < scratch->n_classes; i++)
        sight->classes[i] = anchors->classes ? NO_CLASS : scratch->classes[i];
    for (size_t k = 0; anchors->classes && k < anchors->head->n_classes; k++) {
        uint32_t slot = scratch->class_slot[anchors->classes[k]];
        if (slot != NO_SLOT_OF_CLASS)
            sight->classes[slot] = (uint32_t)k;
    }
out:
    return status;
}

/* Lists all views' candidates in scratch->found; sets scratch->all_finite and
 * all_plausible. */
static enum status find_candidates(const struct judge *judge, struct judge_scratch *scratch) {
    enum status status = STATUS_OK;
    float floor = judge->predict && judge->conf < MISSING_FLOOR ? judge->conf : MISSING_FLOOR;
    bool boxes_finite = true;
    candidates_clear(&scratch->found);
    for (size_t i = 0; i < scratch->n_views; i++) {
        TRY(candidates_find(&scratch->anchors[i], floor, &scratch->found));
        boxes_finite = boxes_finite && boxes_are_finite(&scratch->anchors[i]);
    }
    scratch->all_finite = boxes_finite && scratch->found.all_finite;
    scratch->all_plausible = true;
    for (size_t i = 0; i < scratch->n_views; i++)
        scratch->all_plausible = scratch->all_plausible && tail_is_plausible(&scratch->anchors[i]);
out:
    return status;
}

/* Decodes the anchors near any target of any labelling: together, so that they come in the order of
 * their ids. */
static enum status decode_near(const struct judge *judge, const struct labelling *labellings,
                               size_t n, struct judge_scratch *scratch) {
    enum status status;
    size_t n_targets = 0;
    for (size_t i = 0; i < n; i++) {
        const struct labelling *labels = &labellings[i];
        TRY(memory_reserve(&scratch->targets, &scratch->target_capacity,
                           n_targets + labels->n_targets, sizeof *scratch->targets));
        for (size_t k = 0; k < labels->n_targets; k++)
            scratch->targets[n_targets++] = labels->targets[k];
    }
    TRY(read_targets(scratch, judge->n_classes, scratch->targets, n_targets));
    for (size_t i = 0; i < scratch->n_views; i++) {
        near_tiles_decode(scratch, &scratch->anchors[i]);
        scratch->sights[i].n_places = scratch->anchors[i].n_slots * TILE;
    }
out:
    return status;
}

/* Evidence and duplicates. */
static enum status judge_targets(const struct judge *judge, const struct labelling *labels,
                                 struct judge_scratch *scratch) {
    enum status status;
    struct findings *findings = labels->findings;
    TRY(read_targets(scratch, judge->n_classes, labels->targets, labels->n_targets));
    TRY(memory_reserve(&findings->evidence, &findings->evidence_capacity, labels->n_targets,
                       sizeof *findings->evidence));
    findings->n_evidence = labels->n_targets;
    for (size_t i = 0; i < scratch->n_views; i++)
        TRY(match_classes(scratch, &scratch->anchors[i], &scratch->sights[i]));
    TRY(evidence_find(judge, scratch, findings));
    evidence_duplicates(scratch, findings->evidence);
out:
    return status;
}

enum status judge_labellings(const struct judge *judge, const struct view *views, size_t n_views,
                             const struct labelling *labellings, size_t n,
                             struct judge_scratch *scratch) {
    enum status status;
    struct judge of_others = *judge;
    of_others.self_test = of_others.predict = false;
    TRY(begin_views(scratch, judge->n_classes, views, n_views));
    TRY(decode_near(judge, labellings, n, scratch));
    TRY(find_candidates(judge, scratch));
    for (size_t i = 0; i < n; i++) {
        const struct judge *of_this = i == 0 ? judge : &of_others;
        struct findings *findings = labellings[i].findings;
        findings->missing.count = findings->predictions.count = findings->n_numbers = 0;
        findings->not_finite = !scratch->all_finite;
        findings->implausible = !scratch->all_plausible;
        TRY(judge_targets(of_this, &labellings[i], scratch));
        TRY(tasks_judge(judge, scratch, labellings[i].targets, findings));
        TRY(missing_find(of_this, scratch, findings));
        if (i == 0)
            TRY(tasks_describe(scratch, findings));
        findings_relate(labellings[i].targets, findings);
        if (of_this->predict)
            TRY(predictions_find(of_this, scratch, findings));
    }
out:
    return status;
}

enum status judge_picture(const struct judge *judge, const struct view *views, size_t n_views,
                          const struct target *targets, size_t n_targets,
                          struct judge_scratch *scratch, struct findings *findings) {
    const struct labelling labels = {targets, n_targets, findings};
    return judge_labellings(judge, views, n_views, &labels, 1, scratch);
}
