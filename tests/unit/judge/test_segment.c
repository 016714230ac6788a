/* Outlines: arithmetic of regions, masks of a head and the lines around them, labels against them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge/judge.h"
#include "judge/outline.h"
#include "task_head.h"
#include "unit.h"

enum { CIRCLE = 40 };
#define TURN 6.28318531f

static void put_circle(struct point centre, float radius, struct point points[CIRCLE]) {
    for (size_t i = 0; i < CIRCLE; i++) {
        float angle = TURN * (float)i / CIRCLE;
        points[i] =
            (struct point){centre.x + radius * cosf(angle), centre.y + radius * sinf(angle)};
    }
}

static bool compare(const struct point *a, size_t n_a, const struct point *b, size_t n_b,
                    struct region_difference *difference) {
    const struct region first = {1, &n_a, a}, second = {1, &n_b, b};
    struct crossings memory[2] = {0};
    bool measured;
    assert_int_equal(region_compare(&first, &second, memory, difference, &measured), STATUS_OK);
    free(memory[0].x);
    free(memory[1].x);
    return measured;
}

static void test_regions(void **state) {
    (void)state;
    static const struct point square[] = {{0, 0}, {8, 0}, {8, 8}, {0, 8}};
    static const struct point grown[] = {{-1, -1}, {9, -1}, {9, 9}, {-1, 9}};
    static const struct point beside[] = {{4, 0}, {12, 0}, {12, 8}, {4, 8}};
    static const struct point triangle[] = {{0, 0}, {8, 0}, {0, 8}};
    struct region_difference difference;
    assert_true(compare(square, 4, square, 4, &difference));
    assert_float_equal(difference.iou, 1, 1e-6);
    assert_float_equal(difference.distance, 0, 1e-6);
    assert_true(compare(square, 4, beside, 4, &difference));
    assert_float_equal(difference.iou, 1.0f / 3, 1e-6);
    /* A boundary that is one pixel outside, all around. */
    assert_true(compare(square, 4, grown, 4, &difference));
    assert_float_equal(difference.iou, 0.64, 0.01);
    assert_float_equal(difference.distance, 1, 0.02);
    assert_true(compare(triangle, 3, square, 4, &difference));
    assert_float_equal(difference.iou, 0.5, 1e-5);
}

/* Two squares in one line, by a bridge there and back; and one square with a hole. */
static void test_bridges_and_holes(void **state) {
    (void)state;
    static const struct point joined[] = {{0, 0},  {4, 0},  {4, 4},  {10, 4}, {14, 4},
                                          {14, 8}, {10, 8}, {10, 4}, {4, 4},  {0, 4}};
    static const struct point pierced[] = {{0, 0}, {8, 0}, {8, 8}, {0, 8}, {0, 0},
                                           {2, 2}, {2, 6}, {6, 6}, {6, 2}, {2, 2}};
    static const struct point one[] = {{0, 0}, {4, 0}, {4, 4}, {0, 4}};
    static const struct point whole[] = {{0, 0}, {8, 0}, {8, 8}, {0, 8}};
    struct region_difference difference;
    assert_true(compare(joined, 10, one, 4, &difference));
    assert_float_equal(difference.iou, 0.5, 1e-5);
    assert_true(compare(pierced, 10, whole, 4, &difference));
    assert_float_equal(difference.iou, 0.75, 0.01);
}

static void test_what_is_no_region(void **state) {
    (void)state;
    static const struct point square[] = {{0, 0}, {8, 0}, {8, 8}, {0, 8}};
    static const struct point line[] = {{1, 1}, {5, 5}, {3, 3}};
    static const struct point level[] = {{1, 2}, {5, 2}, {3, 2}};
    static const struct point broken[] = {{0, 0}, {NAN, 4}, {8, 8}};
    static const struct point endless[] = {{0, 0}, {INFINITY, 4}, {8, 8}};
    struct region_difference difference;
    assert_false(compare(line, 3, square, 4, &difference));
    assert_false(compare(level, 3, square, 4, &difference));
    assert_false(compare(level, 3, level, 3, &difference));
    assert_false(compare(broken, 3, square, 4, &difference));
    assert_false(compare(endless, 3, square, 4, &difference));
    assert_false(compare(line, 0, square, 0, &difference));
}

static void test_fewer_points(void **state) {
    (void)state;
    struct simplifier simplifier = {0};
    struct point points[CIRCLE];
    static const struct point corners[] = {{0, 0}, {10, 0}, {10, 10}, {0, 10}};
    for (size_t i = 0; i < CIRCLE; i++) {
        struct point a = corners[i / 10], b = corners[(i / 10 + 1) % 4];
        float share = (float)(i % 10) / 10;
        points[i] = (struct point){a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)};
    }
    size_t n = CIRCLE;
    assert_int_equal(polygon_simplify(&simplifier, points, &n, 30, 0.25f), STATUS_OK);
    assert_int_equal(n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_float_equal(points[i].x, corners[i].x, 1e-6);
        assert_float_equal(points[i].y, corners[i].y, 1e-6);
    }
    put_circle((struct point){0, 0}, 50, points);
    n = CIRCLE;
    assert_int_equal(polygon_simplify(&simplifier, points, &n, 12, 0.1f), STATUS_OK);
    assert_true(n > 8 && n <= 12);
    /* All in one place: three stay. */
    memset(points, 0, sizeof points);
    n = CIRCLE;
    assert_int_equal(polygon_simplify(&simplifier, points, &n, 12, 0.1f), STATUS_OK);
    assert_true(n >= 3 && n <= 12);
    n = 2;
    assert_int_equal(polygon_simplify(&simplifier, points, &n, 12, 0.1f), STATUS_OK);
    assert_int_equal(n, 2);
    simplifier_free(&simplifier);
}

/* The head's box is of 24 x 24 pixels, and of its two prototypes the first is how far a cell is
 * within a disc of radius 10 around it, in cells, the second the cell's column. */
enum { RADIUS = 10 };
static const struct point middle = {36, 28};

static void make_head(struct task_head *made, float disc, float column) {
    task_head_make(made, TASK_SEGMENT, PROTOTYPES, (const float[]){1.5f, 1.5f, 1.5f, 1.5f});
    made->extras[CELL] = disc;
    made->extras[MAP_CELLS + CELL] = column;
    for (size_t i = 0; i < FINE_CELLS; i++) {
        float x = ((float)(i % FINE) + 0.5f) * 4 - middle.x;
        float y = ((float)(i / FINE) + 0.5f) * 4 - middle.y;
        made->prototypes[i] = (RADIUS - hypotf(x, y)) / 4;
        made->prototypes[FINE_CELLS + i] = (float)(i % FINE);
    }
    made->maps.prototypes = (struct head_map){made->prototypes, PROTOTYPES, FINE, FINE, 1};
}

/* A prototype that is linear in x stays so, between cells and where the picture's edges cut them.
 */
static void test_values_between_cells(void **state) {
    (void)state;
    struct task_head made;
    struct anchors anchors = {0};
    struct mask mask = {0};
    bool finite;
    make_head(&made, 0, 1);
    /* 45 x 64 pixels, drawn 32 pixels wide from column 15 on: no whole cells. */
    made.letterbox.image_width = 45;
    made.letterbox.left = 15;
    made.letterbox.width = 33;
    made.letterbox.gain_x = 33.0f / 45;
    assert_int_equal(anchors_begin(&anchors, &made.head, &made.maps, &made.letterbox), STATUS_OK);
    struct box part = {0, 0, 45, 64};
    assert_int_equal(mask_make(&mask, &anchors, CELL, part, &finite), STATUS_OK);
    assert_true(finite);
    assert_int_equal(mask.x.density, 4);
    for (float x = 2; x < 43; x += 3.7f) {
        float expected = (x * made.letterbox.gain_x + 15) / 4 - 0.5f;
        assert_float_equal(mask_at(&mask, x, 30), expected, 1e-3);
    }
    /* Beyond the picture: as at its edge. */
    assert_float_equal(mask_at(&mask, 60, 30), mask_at(&mask, 44.9f, 30), 1e-3);
    /* The same of blocks of channels. */
    float blocked[8 * FINE_CELLS] = {0};
    for (size_t i = 0; i < FINE_CELLS; i++)
        for (size_t k = 0; k < PROTOTYPES; k++)
            blocked[8 * i + k] = made.prototypes[k * FINE_CELLS + i];
    float before = mask_at(&mask, 20, 30);
    made.maps.prototypes = (struct head_map){blocked, PROTOTYPES, FINE, FINE, 8};
    assert_int_equal(mask_make(&mask, &anchors, CELL, part, &finite), STATUS_OK);
    assert_float_equal(mask_at(&mask, 20, 30), before, 1e-6);
    part = (struct box){50, 0, 60, 64}; /* nothing of it in the picture */
    assert_int_equal(mask_make(&mask, &anchors, CELL, part, &finite), STATUS_OK);
    assert_false(finite);
    mask_free(&mask);
    anchors_free(&anchors);
}

static void test_mask_of_a_picture(void **state) {
    (void)state;
    struct task_head made;
    struct anchors anchors = {0};
    struct mask mask = {0};
    uint8_t pixels[64 * 64];
    bool finite;
    size_t count = 0, right = 0;
    make_head(&made, 1, 0);
    assert_int_equal(anchors_begin(&anchors, &made.head, &made.maps, &made.letterbox), STATUS_OK);
    struct box box = {24, 16, 36, 40}; /* its left half */
    assert_int_equal(mask_make(&mask, &anchors, CELL, box, &finite), STATUS_OK);
    mask_pixels(&mask, box, 64, 64, pixels);
    for (size_t i = 0; i < sizeof pixels; i++) {
        count += pixels[i];
        right += i % 64 >= 36 ? pixels[i] : 0;
    }
    assert_int_equal(right, 0);
    assert_true(count > 145 && count < 165); /* half of 100 pi is 157 */
    mask_free(&mask);
    anchors_free(&anchors);
}

/* What is seen of a label with this outline. */
static struct task_evidence see(const struct task_head *made, const struct point *points, size_t n,
                                struct findings *findings) {
    const struct target target = {
        .box = {26, 18, 46, 38}, .n_points = n, .point_values = 2, .points = &points[0].x};
    return task_head_see(made, &target, findings);
}

static void test_labels_against_a_head(void **state) {
    (void)state;
    struct task_head made;
    struct findings findings = {0};
    struct point circle[CIRCLE];
    make_head(&made, 2, 0);
    put_circle(middle, RADIUS, circle);
    struct task_evidence evidence = see(&made, circle, CIRCLE, &findings);
    assert_int_equal(evidence.task, TASK_SEGMENT);
    assert_true(evidence.agreement > 0.96f);
    assert_true(evidence.error < 0.3f);
    assert_true(evidence.count >= 2 * 12 && evidence.count <= 2 * CIRCLE);
    for (size_t i = 0; i < evidence.count; i += 2) {
        const float *at = findings.numbers + evidence.first + i;
        assert_float_equal(hypotf(at[0] - middle.x, at[1] - middle.y), RADIUS, 0.5);
    }
    /* Two pixels outside. */
    put_circle(middle, RADIUS + 2, circle);
    evidence = see(&made, circle, CIRCLE, &findings);
    assert_float_equal(evidence.agreement, 0.69, 0.04);
    assert_float_equal(evidence.error, 2, 0.3);
    /* A quad and a triangle are outlines, a line is none. */
    static const struct point quad[] = {{26, 18}, {46, 18}, {46, 38}, {26, 38}};
    assert_float_equal(see(&made, quad, 4, &findings).agreement, 3.14159f / 4, 0.04);
    assert_float_equal(see(&made, quad, 3, &findings).agreement, 0.44, 0.03); /* half the disc */
    assert_int_equal(see(&made, quad, 2, &findings).task, TASK_DETECT);
    findings_free(&findings);
}

/* A mask with a hole is no disc; one that is empty, or none of numbers, says nothing. */
static void test_other_masks(void **state) {
    (void)state;
    struct task_head made;
    struct findings findings = {0};
    struct point circle[CIRCLE];
    put_circle(middle, RADIUS, circle);
    make_head(&made, 2, 0);
    for (size_t i = 0; i < FINE_CELLS; i++) {
        float depth = made.prototypes[i]; /* in cells: 2.5 in the middle */
        made.prototypes[i] = depth < 1.5f - depth ? depth : 1.5f - depth;
    }
    struct task_evidence evidence = see(&made, circle, CIRCLE, &findings);
    assert_int_equal(evidence.task, TASK_SEGMENT);
    assert_float_equal(evidence.agreement, 1 - 16.0f / 100, 0.05); /* a hole of radius 4 */
    make_head(&made, -2, -9);
    assert_int_equal(see(&made, circle, CIRCLE, &findings).task, TASK_DETECT);
    make_head(&made, NAN, 0);
    assert_int_equal(see(&made, circle, CIRCLE, &findings).task, TASK_DETECT);
    assert_true(findings.not_finite);
    make_head(&made, 1, 0);
    made.prototypes[0] = INFINITY;
    see(&made, circle, CIRCLE, &findings);
    assert_true(findings.not_finite);
    /* Numbers whose sum is none. */
    make_head(&made, 3e38f, 3e38f);
    assert_int_equal(see(&made, circle, CIRCLE, &findings).task, TASK_DETECT);
    findings_free(&findings);
}

static void test_verdict_and_score(void **state) {
    (void)state;
    struct evidence evidence = {.judged = true, .own = 0.9f, .suggested = -1, .twin = -1};
    double plain = box_score(&evidence);
    evidence.task = (struct task_evidence){.task = TASK_SEGMENT, .agreement = 0.62f};
    assert_null(task_reason(&evidence));
    evidence.task.agreement = 0.55f;
    assert_string_equal(task_reason(&evidence), "outline");
    assert_true(box_score(&evidence) < 0.3 * plain);
    evidence.task.agreement = 0.95f;
    assert_true(box_score(&evidence) > 0.9 * plain);
    evidence.own = 0.01f; /* little is seen of it at all: that says more */
    evidence.task.agreement = 0.1f;
    assert_string_equal(task_reason(&evidence), "weak");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regions),
        cmocka_unit_test(test_bridges_and_holes),
        cmocka_unit_test(test_what_is_no_region),
        cmocka_unit_test(test_fewer_points),
        cmocka_unit_test(test_values_between_cells),
        cmocka_unit_test(test_mask_of_a_picture),
        cmocka_unit_test(test_labels_against_a_head),
        cmocka_unit_test(test_other_masks),
        cmocka_unit_test(test_verdict_and_score),
    };
    return RUN_TESTS(tests);
}
