/* For tests of the judge: the cases of tests/data/evidence, judging one, comparing findings. After
 * cmocka.h. */
#ifndef VERIFY_TEST_JUDGE_RIG_H
#define VERIFY_TEST_JUDGE_RIG_H

#include <stdio.h>
#include <string.h>

#include "evidence_case.h"

static const char *const case_names[] = {
    "distance_planar",  "distance_block8",    "distance_channels_last", "distance_one_map",
    "distance_one_bin", "distance_one_class", "distance_unknown",       "distance_background",
    "anchor_planar",    "anchor_block8",      "final_planar",           "final_channels_last",
};
enum { N_CASES = sizeof case_names / sizeof *case_names };

static inline struct evidence_case open_case(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "tests/data/evidence/%s.bin", name);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    struct evidence_case file;
    assert_true(case_read(&file, stream));
    fclose(stream);
    return file;
}

static inline void judge_case(const struct evidence_case *file, struct judge_scratch *scratch,
                              struct findings *findings) {
    assert_int_equal(
        judge_picture(
            &file->judge,
            &(struct view){.head = &file->head, .maps = &file->maps, .letterbox = &file->letterbox},
            1, file->targets, file->n_targets, scratch, findings),
        STATUS_OK);
    assert_int_equal(findings->n_evidence, file->n_targets);
}

static inline void assert_same_evidence(const struct evidence *a, const struct evidence *b) {
    assert_int_equal(a->judged, b->judged);
    assert_int_equal(a->suggested, b->suggested);
    assert_int_equal(a->twin, b->twin);
    assert_int_equal(a->has_refined, b->has_refined);
    const float left[] = {a->own,   a->rival, a->contest,  a->near,  a->here, a->margin, a->shift,
                          a->ghost, a->dup,   a->location, a->found, a->size, a->copy,   a->group};
    const float right[] = {b->own,   b->rival, b->contest,  b->near,  b->here, b->margin, b->shift,
                           b->ghost, b->dup,   b->location, b->found, b->size, b->copy,   b->group};
    assert_memory_equal(left, right, sizeof left);
    assert_memory_equal(a->refined, b->refined, sizeof a->refined);
}

/* But for its anchor, whose number is the views' order's. */
static inline void assert_same_detection(const struct detection *a, const struct detection *b) {
    assert_int_equal(a->class, b->class);
    assert_float_equal(a->confidence, b->confidence, 0);
    assert_float_equal(a->certainty, b->certainty, 0);
    assert_memory_equal(a->box, b->box, sizeof a->box);
}

static inline void assert_same_findings(const struct findings *a, const struct findings *b) {
    assert_int_equal(a->n_evidence, b->n_evidence);
    for (size_t i = 0; i < a->n_evidence; i++)
        assert_same_evidence(&a->evidence[i], &b->evidence[i]);
    assert_int_equal(a->missing.count, b->missing.count);
    for (size_t i = 0; i < a->missing.count; i++)
        assert_same_detection(&a->missing.items[i], &b->missing.items[i]);
    assert_int_equal(a->predictions.count, b->predictions.count);
    for (size_t i = 0; i < a->predictions.count; i++)
        assert_same_detection(&a->predictions.items[i], &b->predictions.items[i]);
}

#endif
