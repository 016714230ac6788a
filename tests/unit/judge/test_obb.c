/* Oriented boxes: arithmetic of polygons, turned boxes of a head, labels against them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/judge.h"
#include "judge/polygon.h"
#include "task_head.h"
#include "unit.h"

#define SQUARE_AT(x, y, side)                                                                      \
    {                                                                                              \
        {x, y}, {x + side, y}, {x + side, y + side}, {                                             \
            x, y + side                                                                            \
        }                                                                                          \
    }

static void test_hulls(void **state) {
    (void)state;
    const struct point crossed[CORNERS] = {{0, 0}, {10, 6}, {10, 0}, {0, 6}};
    const struct point inside[CORNERS] = {{0, 0}, {12, 0}, {3, 2}, {0, 9}};
    const struct point line[CORNERS] = {{0, 0}, {1, 1}, {2, 2}, {3, 3}};
    struct point hull[CORNERS];
    assert_int_equal(polygon_hull(crossed, CORNERS, hull), 4);
    assert_float_equal(polygon_area(hull, 4), 60, 1e-4);
    assert_int_equal(polygon_hull(inside, CORNERS, hull), 3);
    assert_float_equal(polygon_area(hull, 3), 54, 1e-4);
    assert_true(polygon_hull(line, CORNERS, hull) < 3);
}

static void test_shared_area(void **state) {
    (void)state;
    const struct point a[CORNERS] = SQUARE_AT(0, 0, 2), b[CORNERS] = SQUARE_AT(1, 1, 2);
    const struct point far[CORNERS] = SQUARE_AT(9, 9, 1);
    /* A square of side 2 and itself turned by an eighth share a regular octagon. */
    struct turned_box turned = {1, 1, 2, 2, 0.785398163f};
    struct point corners[CORNERS], hull[CORNERS];
    turned_corners(turned, corners);
    assert_int_equal(polygon_hull(corners, CORNERS, hull), 4);
    float octagon = 8 * (sqrtf(2) - 1);
    assert_float_equal(polygon_iou(a, 4, a, 4), 1, 1e-6);
    assert_float_equal(polygon_iou(a, 4, b, 4), 1.0f / 7, 1e-6);
    assert_float_equal(polygon_iou(a, 4, far, 4), 0, 0);
    assert_float_equal(polygon_iou(a, 4, hull, 4), octagon / (8 - octagon), 1e-5);
    assert_float_equal(polygon_iou(a, 2, b, 4), 0, 0);
}

static void test_boxes_around(void **state) {
    (void)state;
    for (int degrees = -170; degrees < 180; degrees += 20) {
        struct turned_box box = {50, 40, 30, 12, (float)degrees / 57.2957795f};
        struct point corners[CORNERS], hull[CORNERS];
        turned_corners(box, corners);
        struct turned_box around = turned_around(hull, polygon_hull(corners, CORNERS, hull));
        assert_float_equal(around.x, 50, 1e-3);
        assert_float_equal(around.y, 40, 1e-3);
        assert_float_equal(around.width, 30, 1e-3);
        assert_float_equal(around.height, 12, 1e-3);
        assert_float_equal(fabsf(sinf(around.angle - box.angle)), 0, 1e-4);
        struct box upright = turned_hull(box);
        float left = INFINITY, bottom = -INFINITY;
        for (size_t i = 0; i < CORNERS; i++) {
            left = fminf(left, corners[i].x);
            bottom = fmaxf(bottom, corners[i].y);
        }
        assert_float_equal(upright.x1, left, 1e-3);
        assert_float_equal(upright.y2, bottom, 1e-3);
    }
}

/* A head whose box is of 32 x 16 pixels, turned by an angle. */
static void make_head(struct task_head *made, bool raw_angle, float angle) {
    task_head_make(made, TASK_OBB, 1, (const float[]){2, 1, 2, 1});
    made->head.raw_angle = raw_angle;
    made->extras[CELL] =
        raw_angle ? angle : logf((angle / 3.14159265f + 0.25f) / (0.75f - angle / 3.14159265f));
}

/* What is seen of a label that is that box, turned by another angle. */
static struct task_evidence see(const struct task_head *made, float label_angle,
                                struct findings *findings) {
    struct turned_box box = {36, 28, 32, 16, label_angle};
    struct point corners[CORNERS];
    turned_corners(box, corners);
    struct box hull = turned_hull(box);
    struct target target = {.box = {hull.x1, hull.y1, hull.x2, hull.y2},
                            .n_points = CORNERS,
                            .point_values = 2,
                            .points = &corners[0].x};
    return task_head_see(made, &target, findings);
}

static void test_labels_against_a_head(void **state) {
    (void)state;
    for (int raw = 0; raw < 2; raw++) {
        struct task_head made;
        struct findings findings = {0};
        make_head(&made, raw, 0.5f);
        struct task_evidence evidence = see(&made, 0.5f, &findings);
        assert_int_equal(evidence.task, TASK_OBB);
        assert_float_equal(evidence.agreement, 1, 1e-3);
        assert_float_equal(evidence.error, 0, 0.05);
        assert_int_equal(evidence.count, 8);
        struct point corners[CORNERS];
        turned_corners((struct turned_box){36, 28, 32, 16, 0.5f}, corners);
        const float *numbers = findings.numbers + evidence.first;
        for (size_t i = 0; i < CORNERS; i++) {
            assert_float_equal(numbers[2 * i], corners[i].x, 1e-2);
            assert_float_equal(numbers[2 * i + 1], corners[i].y, 1e-2);
        }
        evidence = see(&made, 0.5f + 20 / 57.2957795f, &findings);
        assert_float_equal(evidence.error, 20, 0.1);
        assert_true(evidence.agreement < 0.8f);
        /* Turned by half: the same box. */
        evidence = see(&made, 0.5f + 3.14159265f, &findings);
        assert_float_equal(evidence.error, 0, 0.05);
        findings_free(&findings);
    }
}

static void test_verdict(void **state) {
    (void)state;
    struct evidence evidence = {.judged = true, .own = 0.9f, .suggested = -1, .twin = -1};
    evidence.task = (struct task_evidence){.task = TASK_OBB, .agreement = 0.5f, .error = 14};
    assert_null(task_reason(&evidence));
    evidence.task.error = 16;
    assert_string_equal(task_reason(&evidence), "angle");
    evidence.here = 1;
    double worse = box_score(&evidence);
    evidence.task.error = 30;
    assert_true(box_score(&evidence) < worse);
    evidence.task.error = 4;
    double best = box_score(&evidence);
    evidence.task.task = TASK_DETECT;
    assert_float_equal(box_score(&evidence), best, 0);
    evidence.task = (struct task_evidence){.task = TASK_OBB, .error = 16};
    evidence.own = 0.01f; /* little is seen of it at all: that says more */
    assert_string_equal(task_reason(&evidence), "weak");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hulls),        cmocka_unit_test(test_shared_area),
        cmocka_unit_test(test_boxes_around), cmocka_unit_test(test_labels_against_a_head),
        cmocka_unit_test(test_verdict),
    };
    return RUN_TESTS(tests);
}
