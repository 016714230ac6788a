/* Memory that a judging thread reuses. */
#include "judge/scratch.h"

#include <stdlib.h>

#include "base/memory.h"

enum status judge_scratch_make(struct judge_scratch **out) {
    return memory_zeroed(1, sizeof **out, out);
}

void judge_scratch_free(struct judge_scratch *scratch) {
    if (!scratch)
        return;
    for (size_t i = 0; i < scratch->anchor_capacity; i++)
        anchors_free(&scratch->anchors[i]);
    for (size_t i = 0; i < scratch->sight_capacity; i++) {
        struct sight *sight = &scratch->sights[i];
        free(sight->classes);
        free(sight->best);
        free(sight->row);
        free(sight->scores);
    }
    free(scratch->anchors);
    free(scratch->sights);
    free(scratch->knowing);
    free(scratch->targets);
    free(scratch->subjects);
    free(scratch->labels);
    free(scratch->label_overlap);
    free(scratch->rivals);
    free(scratch->classes);
    free(scratch->class_labels);
    free(scratch->class_slot);
    free(scratch->peak);
    free(scratch->overlap);
    free(scratch->near);
    free(scratch->near_scores);
    free(scratch->loose);
    free(scratch->tight);
    free(scratch->mean_loose);
    free(scratch->mean_tight);
    free(scratch->whole);
    free(scratch->mean_whole);
    free(scratch->held);
    outlining_free(&scratch->outlining);
    free(scratch->found.items);
    free(scratch->chosen.items);
    free(scratch->first_of);
    nms_free(&scratch->nms);
    free(scratch);
}
