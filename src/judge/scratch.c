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
    anchors_free(&scratch->anchors);
    free(scratch->subjects);
    free(scratch->labels);
    free(scratch->label_overlap);
    free(scratch->rivals);
    free(scratch->classes);
    free(scratch->class_labels);
    free(scratch->class_slot);
    free(scratch->peak);
    free(scratch->best);
    free(scratch->overlap);
    free(scratch->row);
    free(scratch->scores);
    free(scratch->near);
    free(scratch->near_scores);
    free(scratch->loose);
    free(scratch->tight);
    free(scratch->held);
    free(scratch->found.items);
    free(scratch->chosen.items);
    free(scratch->first_of);
    nms_free(&scratch->nms);
    free(scratch);
}
