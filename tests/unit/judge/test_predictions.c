/* Predictions as Ultralytics' predict makes them, and the choice of candidates. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge/scratch.h"
#include "unit.h"

enum { CLASSES = 3, CHANNELS = 4 + CLASSES };

/* Rows of a finished head, channels last: xc, yc, w, h and the scores. */
static struct findings predict(const float (*rows)[CHANNELS], size_t n, struct judge judge) {
    const struct head head = {
        .kind = HEAD_FINAL, .n_classes = CLASSES, .channels_last = true, .n_levels = 1};
    judge.n_classes = CLASSES;
    judge.predict = true;
    struct head_maps maps = {.boxes = {{&rows[0][0], CHANNELS, n, 1, CHANNELS}}};
    struct letterbox letterbox = {
        .gain = 0.5f, .gain_x = 0.5f, .gain_y = 0.25f, .left = 10, .top = 20};
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct findings findings = {0};
    assert_int_equal(
        judge_picture(&judge, &(struct view){.head = &head, .maps = &maps, .letterbox = &letterbox},
                      1, NULL, 0, scratch, &findings),
        STATUS_OK);
    judge_scratch_free(scratch);
    return findings;
}

static const struct judge defaults = {.conf = 0.25f, .iou = 0.7f, .max_det = 300};

static void test_best_class_and_picture_pixels(void **state) {
    (void)state;
    const float rows[][CHANNELS] = {
        {100, 100, 40, 20, 0.3f, 0.6f, 0.5f},
        {300, 100, 40, 20, 0.25f, 0.1f, 0.25f}, /* not above conf */
        {300, 300, 40, 20, 0.4f, 0.1f, 0.4f},   /* equal: the first class */
    };
    struct findings findings = predict(rows, 3, defaults);
    assert_int_equal(findings.predictions.count, 2);
    const struct detection *first = &findings.predictions.items[0];
    assert_int_equal(first->class, 1);
    assert_float_equal(first->confidence, 0.6, 1e-7);
    const float box[] = {140, 280, 220, 360};
    for (size_t i = 0; i < 4; i++)
        assert_float_equal(first->box[i], box[i], 1e-4);
    assert_int_equal(findings.predictions.items[1].class, 0);
    findings_free(&findings);
}

static void test_suppression_is_per_class(void **state) {
    (void)state;
    const float rows[][CHANNELS] = {
        {100, 100, 40, 40, 0.5f, 0, 0}, {100, 100, 40, 39, 0.9f, 0, 0},
        {100, 100, 40, 38, 0, 0.8f, 0}, {100, 100, 40, 20, 0.4f, 0, 0}, /* IoU 0.51 */
        {101, 100, 40, 40, 0.3f, 0, 0},
    };
    struct findings findings = predict(rows, 5, defaults);
    assert_int_equal(findings.predictions.count, 3);
    assert_float_equal(findings.predictions.items[0].confidence, 0.9, 1e-7);
    assert_float_equal(findings.predictions.items[1].confidence, 0.8, 1e-7);
    assert_float_equal(findings.predictions.items[2].confidence, 0.4, 1e-7);
    findings_free(&findings);

    struct judge strict = defaults;
    strict.iou = 0.5f;
    findings = predict(rows, 5, strict);
    assert_int_equal(findings.predictions.count, 2);
    findings_free(&findings);
    strict.iou = 1;
    strict.max_det = 4;
    findings = predict(rows, 5, strict);
    assert_int_equal(findings.predictions.count, 4);
    assert_float_equal(findings.predictions.items[3].confidence, 0.4, 1e-7);
    findings_free(&findings);
    strict.max_det = 0;
    findings = predict(rows, 5, strict);
    assert_int_equal(findings.predictions.count, 0);
    findings_free(&findings);
}

static void test_low_confidence_and_absent_classes(void **state) {
    (void)state;
    const float rows[][CHANNELS] = {
        {100, 100, 40, 40, 0.02f, 0.001f, 0},
        {300, 100, 40, 40, 0, 0, 0.6f},
        {300, 300, 40, 40, 0, 0, 0},
        {500, 300, 0, 40, 0.9f, 0, 0}, /* no box */
    };
    const bool in_data[CLASSES] = {true, true, false};
    struct judge low = defaults;
    low.conf = 0.001f;
    low.class_in_data = in_data;
    struct findings findings = predict(rows, 4, low);
    assert_int_equal(findings.predictions.count, 2);
    assert_int_equal(findings.predictions.items[0].class, 2);
    assert_float_equal(findings.predictions.items[1].confidence, 0.02, 1e-7);
    assert_int_equal(findings.missing.count, 0);
    findings_free(&findings);
    low.conf = 0;
    findings = predict(rows, 4, low);
    assert_int_equal(findings.predictions.count, 2);
    findings_free(&findings);
    low.conf = 1;
    low.class_in_data = NULL;
    findings = predict(rows, 4, low);
    assert_int_equal(findings.predictions.count, 0);
    assert_int_equal(findings.missing.count, 1);
    findings_free(&findings);
}

static void test_logits_at_the_floor(void **state) {
    (void)state;
    enum { WIDTH = 4 };
    /* Four distances, then one class. */
    const float map[5][WIDTH] = {
        [4] = {logf(0.0499f / 0.9501f), logf(0.0501f / 0.9499f), logf(0.06f / 0.94f), NAN}};
    struct head head = {.kind = HEAD_DISTANCE,
                        .n_classes = 1,
                        .bins = 1,
                        .n_anchors = 1,
                        .n_levels = 1,
                        .levels = {{.stride = 8}}};
    head.levels[0].score_channel = 4;
    struct head_map whole = {&map[0][0], 5, WIDTH, 1, 1};
    struct head_maps maps = {.boxes = {whole}, .scores = {whole}};
    struct letterbox letterbox = {.gain = 1, .gain_x = 1, .gain_y = 1};
    struct anchors anchors = {0};
    struct candidates found = {0};
    assert_int_equal(anchors_begin(&anchors, &head, &maps, &letterbox), STATUS_OK);
    candidates_clear(&found);
    assert_int_equal(candidates_find(&anchors, MISSING_FLOOR, &found), STATUS_OK);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.items[0].anchor, 1);
    assert_float_equal(found.items[0].score, 0.0501, 1e-6);
    anchors_free(&anchors);
    free(found.items);
}

static int compare_scores(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    return x->score < y->score ? 1 : x->score > y->score ? -1 : x->anchor < y->anchor ? -1 : 1;
}

static void test_the_best_candidates_are_chosen(void **state) {
    (void)state;
    enum { N = 4000 };
    struct candidate all[N];
    uint32_t random = 7;
    for (size_t n = 0; n <= N; n += 500) {
        struct candidates chosen = {0};
        for (uint32_t i = 0; i < N; i++) {
            random = random * 1664525u + 1013904223u;
            all[i] = (struct candidate){(float)(random >> 24) / 256, i, i % 5}; /* many equal */
            assert_int_equal(candidates_add(&chosen, all[i]), STATUS_OK);
        }
        qsort(all, N, sizeof *all, compare_scores);
        candidates_sort_best(&chosen, n);
        assert_int_equal(chosen.count, n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(chosen.items[i].anchor, all[i].anchor);
        free(chosen.items);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_class_and_picture_pixels),
        cmocka_unit_test(test_suppression_is_per_class),
        cmocka_unit_test(test_low_confidence_and_absent_classes),
        cmocka_unit_test(test_logits_at_the_floor),
        cmocka_unit_test(test_the_best_candidates_are_chosen),
    };
    return RUN_TESTS(tests);
}
