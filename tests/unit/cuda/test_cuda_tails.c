/* Tails that were not tried when their model was read, judged on the device and by judge_picture:
 * what cannot be boxes and scores is seen by both. */
#include "cuda_judge_rig.h"
#include "unit.h"

/* Of an untried tail: the second picture's boxes become fractions of the input, or one of its
 * scores is none. */
static void test_untried_tails(void **state) {
    (void)state;
    static const float side = 200;
    static const struct rig_plan heads[] = {
        {HEAD_FINAL, 10, 1, 1, false, false, 1, 1, 300, 3, 0, -6, 1, 0, 8},
        {HEAD_FINAL, 5, 1, 1, true, false, 1, 200, 1, 2, 3, -3, 3, 0, 9},
    };
    for (size_t i = 0; i < 2; i++) {
        struct rig_head rig = rig_make(&heads[i]);
        rig.head.untried_side = side;
        struct rig_batch batch = batch_make(&rig, 2, (const size_t[]){2, 3}, 3);
        const struct map *map = &rig.maps.boxes[0];
        size_t cells = map->height * map->width;
        float *second = rig.host[0] + cells * map->pitch, *score = second + map->pitch + 4;
        check_once(&rig, &batch);
        assert_false(batch.findings[0].implausible || batch.findings[1].implausible);
        float before = *score;
        *score = -0.5f;
        rig_upload(&rig);
        check_once(&rig, &batch);
        assert_false(batch.findings[0].implausible);
        assert_true(batch.findings[1].implausible);
        *score = before;
        for (size_t cell = 0; cell < cells; cell++)
            for (size_t k = 0; k < 4; k++)
                second[cell * map->pitch + k] /= side;
        rig_upload(&rig);
        check_once(&rig, &batch);
        assert_false(batch.findings[0].implausible);
        assert_true(batch.findings[1].implausible);
        batch_free(&batch);
        rig_free(&rig);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_untried_tails)};
    if (!rig_has_device())
        return TEST_SKIPPED;
    return RUN_TESTS(tests);
}
