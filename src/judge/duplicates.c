/* Labels that have another label's object. */
#include "judge/evidence_math.h"
#include "judge/scratch.h"

static void mark(struct evidence *evidence, float dup, size_t twin) {
    if (dup > evidence->dup) {
        evidence->dup = dup;
        evidence->twin = (int32_t)twin;
    }
}

/* Labels i < j; equal ones leave the first. */
static bool first_is_worse(const struct judge_scratch *scratch, const struct evidence *evidence,
                           size_t i, size_t j) {
    if (scratch->subjects[i].class == scratch->subjects[j].class)
        return evidence[i].location < evidence[j].location;
    return evidence[i].own < evidence[j].own;
}

void evidence_duplicates(const struct judge_scratch *scratch, struct evidence *evidence) {
    size_t n = scratch->n_subjects;
    for (size_t i = 0; i < n; i++) {
        if (!scratch->subjects[i].known)
            continue;
        size_t first = i + 1;
        rows_overlap(rows_from(rows_in(scratch->labels, n), first), scratch->subjects[i].box,
                     n - first, scratch->label_overlap);
        for (size_t j = first; j < n; j++) {
            float u = scratch->label_overlap[j - first];
            if (u < TWIN_IOU || !scratch->subjects[j].known)
                continue;
            bool worse = first_is_worse(scratch, evidence, i, j);
            mark(&evidence[i], worse ? u : u - BETTER_TWIN, j);
            mark(&evidence[j], worse ? u - BETTER_TWIN : u, i);
        }
    }
}
