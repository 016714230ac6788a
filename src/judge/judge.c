/* One picture's judgement, step by step. */
#include "judge/judge.h"

#include <stdlib.h>

#include "base/memory.h"
#include "judge/scratch.h"

void findings_free(struct findings *findings) {
    free(findings->evidence);
    free(findings->hypotheses);
    free(findings->missing.items);
    free(findings->predictions.items);
    *findings = (struct findings){0};
}

enum status detections_add(struct detections *detections, uint32_t class, float confidence,
                           struct box box) {
    enum status status;
    TRY(memory_reserve(&detections->items, &detections->capacity, detections->count + 1,
                       sizeof *detections->items));
    detections->items[detections->count++] =
        (struct detection){(int32_t) class, confidence, {box.x1, box.y1, box.x2, box.y2}};
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
        bool known = targets[i].class >= 0 && (size_t)targets[i].class < n_classes;
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

enum status judge_picture(const struct judge *judge, const struct head_maps *maps,
                          const struct letterbox *letterbox, const struct target *targets,
                          size_t n_targets, struct judge_scratch *scratch,
                          struct findings *findings) {
    enum status status;
    findings->n_evidence = findings->n_hypotheses = 0;
    findings->missing.count = findings->predictions.count = 0;
    TRY(anchors_begin(&scratch->anchors, &judge->head, maps, letterbox));
    TRY(read_targets(scratch, judge->head.n_classes, targets, n_targets));
    TRY(memory_reserve(&findings->evidence, &findings->evidence_capacity, n_targets,
                       sizeof *findings->evidence));
    findings->n_evidence = n_targets;

    near_tiles_decode(scratch);
    TRY(evidence_find(judge, scratch, findings));
    evidence_duplicates(scratch, findings->evidence);

    float floor = judge->predict && judge->conf < MISSING_FLOOR ? judge->conf : MISSING_FLOOR;
    TRY(candidates_find(&scratch->anchors, floor, &scratch->found));
    findings->not_finite = !boxes_are_finite(&scratch->anchors) || !scratch->found.all_finite;
    TRY(missing_find(judge, scratch, findings));
    if (judge->predict)
        TRY(predictions_find(judge, scratch, findings));
out:
    return status;
}
