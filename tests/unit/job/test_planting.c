/* Errors planted among a picture's labels, and what becomes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "job/decide.h"
#include "job/planting.h"
#include "judge/box.h"
#include "unit.h"

enum { LABELS = 12, PICTURES = 1000, WIDTH = 640, HEIGHT = 480 };

static const bool in_data[] = {true, false, true};
static const struct judge judge = {.n_classes = 3, .class_in_data = in_data};

/* A grid of labels; the last is of a class that the model does not know. */
static const struct target *grid(void) {
    static struct target targets[LABELS];
    for (int i = 0; i < LABELS; i++) {
        float x = 20 + (float)(i % 4) * 150, y = 20 + (float)(i / 4) * 150;
        targets[i] = (struct target){.class = i % 2 ? 2 : 0, .box = {x, y, x + 90, y + 60}};
    }
    targets[LABELS - 1].class = -1;
    return targets;
}

static enum status plant(int number, double rate, struct planting *planting) {
    char name[40];
    snprintf(name, sizeof name, "images/%06d.jpg", number);
    const struct planting_picture picture = {name, WIDTH, HEIGHT, LABELS, grid()};
    return planting_make(&judge, &picture, rate, planting);
}

static struct box box_at(const struct planting *planting, size_t i) {
    return box_of(planting->targets[i].box);
}

static void check_planted(const struct planting *planting, const struct planted *planted) {
    const struct target *labels = grid();
    if (planted->label != NOT_A_TARGET)
        assert_true(planted->label < LABELS - 1);
    if (planted->kind == PLANTED_MISSING) {
        assert_memory_equal(planted->box, labels[planted->label].box, sizeof planted->box);
        return;
    }
    struct box box = box_at(planting, planted->target);
    const struct target *target = &planting->targets[planted->target];
    assert_true(box_usable(box) && box.x1 >= 0 && box.y1 >= 0 && box.x2 <= WIDTH &&
                box.y2 <= HEIGHT);
    if (planted->kind == PLANTED_UNSEEN) {
        assert_int_equal(planted->label, NOT_A_TARGET);
        assert_true(target->class == 0 || target->class == 2);
        for (size_t i = 0; i < planted->target; i++)
            assert_true(box_iou(box, box_at(planting, i)) < 0.1f);
        return;
    }
    float u = box_iou(box, box_of(labels[planted->label].box));
    assert_int_equal(target->class, labels[planted->label].class);
    if (planted->kind == PLANTED_MOVED) {
        assert_true(u > 0.25f && u < 0.55f);
    } else {
        assert_true(u > 0.7f && u < 1);
        assert_memory_equal(&planting->targets[planted->other], &labels[planted->label],
                            sizeof *labels);
    }
}

/* A tenth of the labels for each kind, each where it belongs, and all else as it was. */
static void test_kinds(void **state) {
    (void)state;
    struct planting planting = {0};
    size_t counts[PLANTED_KINDS] = {0};
    for (int i = 0; i < PICTURES; i++) {
        assert_int_equal(plant(i, 1, &planting), STATUS_OK);
        size_t of_picture[PLANTED_KINDS] = {0};
        for (size_t k = 0; k < planting.n_planted; k++) {
            check_planted(&planting, &planting.planted[k]);
            of_picture[planting.planted[k].kind]++;
        }
        assert_int_equal(planting.n_targets, LABELS - of_picture[PLANTED_MISSING] +
                                                 of_picture[PLANTED_UNSEEN] +
                                                 of_picture[PLANTED_DUPLICATE]);
        for (size_t k = 0; k < PLANTED_KINDS; k++)
            counts[k] += of_picture[k];
    }
    for (size_t k = 0; k < PLANTED_KINDS; k++) {
        size_t most = PICTURES * LABELS / 10; /* for many a box there is no room between labels */
        if (counts[k] > most * 11 / 10 || counts[k] < most / (k == PLANTED_UNSEEN ? 4 : 2))
            fail_msg("%s: %zu", planted_name((enum planted_kind)k), counts[k]);
    }
    planting_free(&planting);
}

/* By the name and the labels, whatever came before. */
static void test_again(void **state) {
    (void)state;
    struct planting first = {0}, second = {0};
    bool differ = false;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(plant(i, 1, &first), STATUS_OK);
        assert_int_equal(plant(19 - i, 1, &second), STATUS_OK);
        differ |= first.n_planted != second.n_planted;
        assert_int_equal(plant(i, 1, &second), STATUS_OK);
        assert_int_equal(first.n_targets, second.n_targets);
        assert_memory_equal(first.targets, second.targets, first.n_targets * sizeof *first.targets);
    }
    assert_true(differ);
    planting_free(&first);
    planting_free(&second);
}

/* Pictures of one label, which some lose: there is a list of labels to judge by, an empty one. */
static void test_all_dropped(void **state) {
    (void)state;
    bool dropped = false;
    for (int i = 0; i < PICTURES; i++) {
        struct planting planting = {0};
        char name[40];
        snprintf(name, sizeof name, "images/%06d.jpg", i);
        const struct planting_picture picture = {name, WIDTH, HEIGHT, 1, grid()};
        assert_int_equal(planting_make(&judge, &picture, 1, &planting), STATUS_OK);
        assert_non_null(planting.targets);
        dropped = dropped || (planting.n_planted == 1 && planting.n_targets == 0);
        planting_free(&planting);
    }
    assert_true(dropped);
}

static void test_share_of_pictures(void **state) {
    (void)state;
    struct planting planting = {0};
    size_t planted = 0;
    for (int i = 0; i < PICTURES; i++) {
        assert_int_equal(plant(i, 0.25, &planting), STATUS_OK);
        planted += planting.n_targets > 0;
        assert_true(planting.chosen == (planting.n_targets > 0));
        assert_int_equal(plant(i, 0, &planting), STATUS_OK);
        assert_int_equal(planting.n_planted + planting.n_targets, 0);
    }
    assert_true(planted > PICTURES / 5 && planted < PICTURES * 3 / 10);
    const struct planting_picture empty = {"a.jpg", WIDTH, HEIGHT, 0, NULL};
    assert_int_equal(planting_make(&judge, &empty, 1, &planting), STATUS_OK);
    assert_int_equal(planting.n_planted, 0);
    static struct target crowd[1001];
    for (size_t i = 0; i < 1001; i++)
        crowd[i] = grid()[0];
    struct planting_picture crowded = {"a.jpg", WIDTH, HEIGHT, 1001, crowd};
    assert_int_equal(planting_make(&judge, &crowded, 1, &planting), STATUS_OK);
    assert_false(planting.chosen);
    assert_int_equal(planting.n_planted + planting.n_targets, 0);
    crowded.n_targets = 1000;
    assert_int_equal(planting_make(&judge, &crowded, 1, &planting), STATUS_OK);
    assert_true(planting.chosen && planting.n_planted > 0);
    planting_free(&planting);
    assert_true(planting_rate(0) == 1 && planting_rate(4000) == 1);
    assert_true(planting_rate(4000000) == 0.001);
}

/* What speaks for and against a label as it is, and with an error. */
static const struct evidence sound = {
    .judged = true, .own = 0.9f, .near = 1, .here = 1, .margin = -6, .suggested = -1, .twin = -1};
static const struct evidence doubled = {.judged = true, .dup = 0.9f, .suggested = -1, .twin = 0};
static const struct evidence silent = {.judged = true, .suggested = -1, .twin = -1};
static const struct evidence wrong = {.judged = true, .margin = 6, .suggested = 1, .twin = -1};

static void test_judge(void **state) {
    (void)state;
    static const struct thresholds thresholds = {.max_margin = 3.5f,
                                                 .max_shift = 3,
                                                 .max_ghost = 7.5f,
                                                 .min_own = 0.15f,
                                                 .max_dup = 0.7f,
                                                 .missing_conf = 0.5f};
    struct box_result boxes[4];
    const struct evidence as_it_is[] = {sound, silent, wrong, sound};
    for (size_t i = 0; i < 4; i++)
        boxes[i] = (struct box_result){.evidence = as_it_is[i]};
    struct image_result result = {.n_boxes = 4, .boxes = boxes};
    struct evidence with_errors[] = {silent, sound, wrong, sound, doubled, wrong, {0}};
    struct detection reported[] = {{.box = {0, 0, 10, 10}, .certainty = 0.9f},
                                   {.box = {50, 0, 60, 10}, .certainty = 0.4f}};
    const struct findings findings = {
        .n_evidence = 7, .evidence = with_errors, .missing = {.count = 2, .items = reported}};
    struct planted planted[] = {
        {PLANTED_MOVED, 0, 0, 0, {0}},             /* silence where the object is not */
        {PLANTED_MOVED, 1, 1, 0, {0}},             /* not seen, not found */
        {PLANTED_MOVED, 2, 2, 0, {0}},             /* was called mislabeled before */
        {PLANTED_DUPLICATE, 3, 3, 4, {0}},         /* the first of the two is named */
        {PLANTED_UNSEEN, NOT_A_TARGET, 5, 0, {0}}, /* has no label that could be wrong */
        {PLANTED_UNSEEN, NOT_A_TARGET, 6, 0, {0}}, /* of a class that no view knows */
        {PLANTED_MISSING, 3, NOT_A_TARGET, 0, {0, 0, 10, 12}},
        {PLANTED_MISSING, 3, NOT_A_TARGET, 0, {0, 0, 10, 30}},  /* another place */
        {PLANTED_MISSING, 3, NOT_A_TARGET, 0, {50, 0, 60, 10}}, /* below the threshold */
    };
    static const struct planted_result want[] = {
        {PLANTED_MOVED, true, REASON_WEAK},          {PLANTED_MOVED, false, REASON_NONE},
        {PLANTED_DUPLICATE, true, REASON_DUPLICATE}, {PLANTED_UNSEEN, true, REASON_CLASS},
        {PLANTED_MISSING, true, REASON_NONE},        {PLANTED_MISSING, false, REASON_NONE},
        {PLANTED_MISSING, false, REASON_NONE},
    };
    enum { WANTED = sizeof want / sizeof *want };
    const struct planting planting = {.n_planted = sizeof planted / sizeof *planted,
                                      .planted = planted};
    struct detections missing = {0};
    assert_int_equal(planting_see(&planting, &findings, &result), STATUS_OK);
    assert_int_equal(image_decide(&thresholds, &missing, &result), STATUS_OK);
    assert_int_equal(result.n_planted, WANTED);
    for (size_t i = 0; i < WANTED; i++) {
        assert_int_equal(result.planted[i].kind, want[i].kind);
        assert_int_equal(result.planted[i].doubted, want[i].doubted);
        assert_int_equal(result.planted[i].reason, want[i].reason);
    }
    free(result.planted);
    free(result.seen);
    free(missing.items);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),       cmocka_unit_test(test_again),
        cmocka_unit_test(test_all_dropped), cmocka_unit_test(test_share_of_pictures),
        cmocka_unit_test(test_judge),
    };
    return RUN_TESTS(tests);
}
