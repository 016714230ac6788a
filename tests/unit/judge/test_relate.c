/* What labels say of each other, what missing objects say of a label, how usual evidence is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/evidence_math.h"
#include "judge/judge.h"
#include "judge/presence.h"
#include "unit.h"

/* Two labels of one object with this IoU, the first the worse one. */
static void relate_two(int32_t first, int32_t second, float overlap, float own,
                       struct evidence evidence[2]) {
    const struct target targets[] = {{.class = first, .box = {0, 0, 10, 10}},
                                     {.class = second, .box = {0, 0, 10, 10}}};
    evidence[0] = (struct evidence){.judged = true, .own = own, .dup = overlap, .twin = 1};
    evidence[1] = (struct evidence){.judged = true, .own = 1, .dup = overlap - 0.5f, .twin = 0};
    struct findings findings = {.n_evidence = 2, .evidence = evidence};
    findings_relate(targets, &findings);
}

static void test_one_of_two_is_to_blame(void **state) {
    (void)state;
    struct evidence evidence[2];
    relate_two(3, 3, 1, 1, evidence);
    assert_float_equal(evidence[0].copy, 1, 1e-6);
    assert_float_equal(evidence[1].copy, 0.5, 1e-6);
    relate_two(3, 3, 0.85f, 1, evidence);
    assert_float_equal(evidence[0].copy, 0.5, 1e-5);
    relate_two(3, 3, 0.7f, 1, evidence); /* crowds overlap as much */
    assert_float_equal(evidence[0].copy + evidence[1].copy, 0, 1e-6);

    relate_two(3, 4, 0.85f, 0, evidence);
    assert_float_equal(evidence[0].copy, 1, 1e-6);
    assert_float_equal(evidence[1].copy, 0.9, 1e-6);
    relate_two(3, 4, 0.7f, 0, evidence);
    assert_float_equal(evidence[0].copy + evidence[1].copy, 0, 1e-6);
    relate_two(3, 4, 1, 1, evidence); /* both are there: a rider and a horse */
    assert_float_equal(evidence[0].copy + evidence[1].copy, 0, 1e-6);
    relate_two(3, 4, 1, 0.25f, evidence);
    assert_float_equal(evidence[0].copy, 0.75, 1e-6);
}

static float group_with(struct detection *objects, size_t n) {
    const struct target target = {.class = 2, .box = {0, 0, 100, 100}};
    struct evidence evidence = {.judged = true, .twin = -1};
    struct findings findings = {.n_evidence = 1, .evidence = &evidence, .missing = {n, n, objects}};
    findings_relate(&target, &findings);
    assert_float_equal(evidence.copy, 0, 0);
    return evidence.group;
}

static void test_objects_in_a_label_are_a_group(void **state) {
    (void)state;
    struct detection objects[] = {
        {.class = 2, .confidence = 0.9f, .box = {0, 0, 40, 60}},
        {.class = 2, .confidence = 0.8f, .box = {50, 0, 90, 60}},
        {.class = 2, .confidence = 0.7f, .box = {50, 0, 90, 99}},
    };
    assert_float_equal(group_with(objects, 0), 0, 0);
    assert_float_equal(group_with(objects, 3), 1, 1e-6);
    assert_float_equal(group_with(objects, 2), (1.7 - 0.7) / 1.3, 1e-5);
    objects[1].class = 1;
    assert_float_equal(group_with(objects, 2), (0.9 - 0.7) / 1.3, 1e-5);
    objects[1].class = 2;
    objects[1].box[2] = 101; /* … as wide as this it is more than .8 inside, … */
    assert_float_equal(group_with(objects, 2), (1.7 - 0.7) / 1.3, 1e-5);
    objects[1].box[2] = 130; /* … and less here */
    assert_float_equal(group_with(objects, 2), (0.9 - 0.7) / 1.3, 1e-5);
    objects[1] = (struct detection){.class = 2, .confidence = 0.8f, .box = {0, 0, 100, 61}};
    assert_float_equal(group_with(objects, 2), (0.9 - 0.7) / 1.3, 1e-5); /* too large a part */
    objects[1] = (struct detection){.class = 2, .confidence = 0.09f, .box = {0, 0, 10, 10}};
    assert_float_equal(group_with(objects, 2), (0.9 - 0.7) / 1.3, 1e-5);
}

static float certainty(float score, float doubt, float other) {
    return missing_certainty(score, missing_agreement(doubt, other), other);
}

static void test_certainty(void **state) {
    (void)state;
    assert_float_equal(certainty(0, 1, 0), 0, 1e-6);
    assert_float_equal(certainty(0.5f, 1.0f / 64, 0), 0.5, 1e-6); /* six that say a half each */
    assert_float_equal(certainty(0.9f, 0.1f, 0), 0.65, 1e-6);     /* one that is sure */
    assert_float_equal(certainty(0.9f, 1e-6f, 1), 0, 1e-6);       /* surely another class */
    assert_true(certainty(0.9f, 1e-6f, 0.5f) < 0.25f);
    float doubt = 1;
    for (int i = 0; i < 20; i++)
        doubt = doubt_less(doubt, 1);
    assert_float_equal(certainty(1, doubt, 0), 1, 1e-6);
}

static void test_presence(void **state) {
    (void)state;
    assert_float_equal(presence_share(8, 0), 0.249, 1e-9);
    assert_float_equal(presence_share(8, 1), 1, 1e-9);
    assert_float_equal(presence_share(374.123, 1), 1, 1e-6);
    assert_float_equal(presence_share(24, 0), 0.010, 1e-9);
    assert_float_equal(presence_share(1e9, 0.5), presence_share(375, 0.5), 1e-9);
    assert_float_equal(presence_share(0, 0.5), presence_share(8, 0.5), 1e-9);
    assert_float_equal(presence_share(50, -1), presence_share(50, 0), 0);
    assert_float_equal(presence_share(50, 2), presence_share(50, 1), 0);
    /* Half way between two rows, and between two columns. */
    double between = presence_share(8 * 1.3160740129524924, 0);
    assert_float_equal(between, (0.249 + 0.080) / 2, 1e-9);
    assert_float_equal(presence_share(8, 0.5), (0.845 + 0.977) / 2, 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_of_two_is_to_blame),
        cmocka_unit_test(test_objects_in_a_label_are_a_group),
        cmocka_unit_test(test_certainty),
        cmocka_unit_test(test_presence),
    };
    return RUN_TESTS(tests);
}
