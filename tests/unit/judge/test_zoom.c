/* Which labels get a closer look, where it is, what it adds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/evidence_math.h"
#include "judge/zoom.h"
#include "unit.h"

static const struct evidence in_doubt = {.judged = true, .shift = 2.5f};

/* Of a picture of 640 x 480 and a label in doubt of its place. */
static bool plan(float x1, float y1, float x2, float y2, struct crop *crop) {
    const struct target target = {.class = 0, .box = {x1, y1, x2, y2}};
    return zoom_plan(&in_doubt, &target, 640, 480, crop);
}

static void is_at(struct crop crop, uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
    assert_int_equal(crop.x, x);
    assert_int_equal(crop.y, y);
    assert_int_equal(crop.width, width);
    assert_int_equal(crop.height, height);
}

static void test_sizes(void **state) {
    (void)state;
    assert_int_equal(zoom_size(640, 32), 320);
    assert_int_equal(zoom_size(832, 32), 416);
    assert_int_equal(zoom_size(672, 32), 352); /* raised */
    assert_int_equal(zoom_size(640, 64), 320);
    assert_int_equal(zoom_size(32, 32), 32);
}

static void test_where_it_is(void **state) {
    (void)state;
    struct crop crop;
    /* Three times the longer side, around the middle. */
    assert_true(plan(300, 200, 340, 220, &crop));
    is_at(crop, 260, 150, 120, 120);
    /* 40 pixels at least. */
    assert_true(plan(100, 100, 104, 102, &crop));
    is_at(crop, 82, 81, 40, 40);
    /* Within the picture, also where the label is not. */
    assert_true(plan(0, 470, 40, 480, &crop));
    is_at(crop, 0, 360, 120, 120);
    assert_true(plan(620, -30, 660, 10, &crop));
    is_at(crop, 520, 0, 120, 120);
    assert_true(plan(-1000, -1000, -990, -990, &crop));
    is_at(crop, 0, 0, 40, 40);
    /* No higher than the picture. */
    const struct target tall = {.class = 0, .box = {300, 5, 310, 45}};
    assert_true(zoom_plan(&in_doubt, &tall, 640, 50, &crop));
    is_at(crop, 245, 0, 120, 50);
}

static void test_who_gets_one(void **state) {
    (void)state;
    struct crop crop;
    const struct target target = {.class = 0, .box = {300, 200, 340, 220}};
    struct evidence evidence = in_doubt;
    /* 640 / (2 * 266) is 1.203, the same of 268 is 1.194. */
    assert_true(plan(100, 100, 188.8f, 120, &crop));
    assert_false(plan(100, 100, 189.4f, 120, &crop));
    evidence.shift = 2;
    assert_false(zoom_plan(&evidence, &target, 640, 480, &crop));
    evidence.shift = NAN;
    assert_false(zoom_plan(&evidence, &target, 640, 480, &crop));
    evidence = in_doubt;
    evidence.judged = false;
    assert_false(zoom_plan(&evidence, &target, 640, 480, &crop));
    assert_false(plan(300, 200, 300, 220, &crop));
    assert_false(plan(NAN, 200, 340, 220, &crop));
    assert_false(plan(300, 200, INFINITY, 220, &crop));
    /* A picture of one pixel. */
    assert_false(zoom_plan(&in_doubt, &target, 1, 1, &crop));
}

static void test_targets(void **state) {
    (void)state;
    const struct crop crop = {100, 50, 120, 120};
    const struct target targets[] = {{.class = 3, .box = {110, 60, 150, 80}},
                                     {.class = -1, .box = {0, 0, 640, 480}}};
    struct target out[2];
    zoom_targets(targets, 2, &crop, out);
    assert_int_equal(out[0].class, 3);
    assert_int_equal(out[1].class, -1);
    const float expected[] = {10, 10, 50, 30, -100, -50, 540, 430};
    for (size_t i = 0; i < 8; i++)
        assert_true(out[i / 4].box[i % 4] == expected[i]);
}

static void test_what_it_adds(void **state) {
    (void)state;
    const struct crop crop = {100, 50, 120, 120};
    const struct evidence before = {.judged = true,
                                    .own = 0.1f,
                                    .rival = 0.2f,
                                    .contest = 0.3f,
                                    .near = 0.4f,
                                    .here = 0.02f,
                                    .found = 0.5f,
                                    .margin = 1,
                                    .dup = 0.6f,
                                    .size = 40,
                                    .location = 0.3f,
                                    .has_refined = true,
                                    .refined = {1, 2, 3, 4}};
    const struct evidence closer = {.judged = true,
                                    .own = 0.9f,
                                    .rival = 0.9f,
                                    .near = 0.8f,
                                    .here = 0,
                                    .found = 0.7f,
                                    .margin = 5,
                                    .size = 99,
                                    .location = 0.45f,
                                    .has_refined = true,
                                    .refined = {10, 20, 30, 40}};
    struct evidence e = before;
    zoom_add(&closer, &crop, &e);
    assert_float_equal(e.near, 0.6f, 1e-6f);
    assert_float_equal(e.here, 0.01f, 1e-6f);
    assert_float_equal(e.found, 0.6f, 1e-6f);
    assert_float_equal(e.shift, logf(0.61f / 0.011f), 1e-5f);
    assert_float_equal(e.ghost, evidence_ghost(40, 0.1f, 0.3f, 0.6f), 1e-5f);
    assert_float_equal(e.location, 0.45f, 0);
    const float refined[] = {110, 70, 130, 90};
    for (size_t i = 0; i < 4; i++)
        assert_true(e.refined[i] == refined[i]);
    /* All else is as it was. */
    assert_true(e.own == before.own && e.rival == before.rival && e.contest == before.contest);
    assert_true(e.margin == before.margin && e.dup == before.dup && e.size == before.size);

    /* The picture's own box, where the class is seen there as surely, or the crop has none. */
    struct evidence other = closer;
    other.found = before.found;
    e = before;
    zoom_add(&other, &crop, &e);
    assert_true(e.refined[0] == 1 && e.location == before.location);
    other = (struct evidence){.judged = true};
    e = before;
    zoom_add(&other, &crop, &e);
    assert_true(e.refined[0] == 1 && e.location == before.location);
    assert_float_equal(e.near, 0.2f, 1e-6f);
    /* The crop's, where the picture has none. */
    other = closer;
    other.found = 0;
    e = (struct evidence){.judged = true, .size = 40};
    zoom_add(&other, &crop, &e);
    assert_true(e.has_refined && e.refined[0] == 110);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_where_it_is),
        cmocka_unit_test(test_who_gets_one), cmocka_unit_test(test_targets),
        cmocka_unit_test(test_what_it_adds),
    };
    return RUN_TESTS(tests);
}
