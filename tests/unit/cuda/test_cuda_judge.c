/* Judging on the device against judge_picture: every field of every finding. */
#include "cuda_judge_rig.h"
#include "unit.h"

/* A head of each kind, and what only some have. */
static const struct rig_plan heads[] = {
    {HEAD_DISTANCE, 80, 16, 1, false, false, 3, 16, 12, 3, 0, -9, 1, 0, 1},
    {HEAD_DISTANCE, 3, 16, 1, false, true, 2, 9, 13, 2, 1, -6, 3, 0, 2},
    {HEAD_DISTANCE, 1, 8, 1, false, false, 2, 12, 12, 3, 5, -4, 2, 12, 3},
    {HEAD_DISTANCE, 20, 1, 1, false, false, 3, 12, 12, 3, 0, -7, 1, 0, 4},
    {HEAD_DISTANCE, 300, 16, 1, false, false, 1, 10, 7, 1, 1, -10, 0, 0, 5},
    {HEAD_ANCHOR, 80, 1, 3, false, false, 3, 12, 12, 2, 0, -7, 2, 0, 6},
    {HEAD_ANCHOR, 2, 1, 4, false, false, 2, 7, 9, 3, 2, -4, 4, 10, 7},
    {HEAD_FINAL, 10, 1, 1, false, false, 1, 1, 300, 3, 0, -6, 1, 0, 8},
    {HEAD_FINAL, 5, 1, 1, true, false, 1, 200, 1, 2, 3, -3, 3, 0, 9},
};
enum { N_HEADS = sizeof heads / sizeof *heads };

/* Boxes of Darknet's and of YOLOX's formula, from maps like YOLOv5's. */
static void test_other_formulas(void **state) {
    (void)state;
    static const size_t n_labels[PICTURES_MOST] = {4, 0, 7};
    static const float formulas[] = {1.05f, HEAD_LINEAR_XY};
    for (size_t i = 0; i < 2; i++) {
        struct rig_plan plan = {HEAD_ANCHOR, 6, 1, 1, false, false, 3, 12, 8, 2, 0, -4, 4, 0, 20};
        struct rig_head rig = rig_make(&plan);
        for (size_t l = 0; l < rig.head.n_levels; l++)
            rig.head.levels[l].scale_xy = formulas[i];
        rig.judge.predict = true;
        struct rig_batch batch = batch_make(&rig, plan.n_pictures, n_labels, (uint32_t)(30 + i));
        check_once(&rig, &batch);
        batch_free(&batch);
        rig_free(&rig);
    }
}

static void test_heads_of_all_kinds(void **state) {
    (void)state;
    static const size_t n_labels[][PICTURES_MOST] = {{4, 0, 7}, {0, 3, 1}};
    for (size_t i = 0; i < N_HEADS; i++) {
        struct rig_head rig = rig_make(&heads[i]);
        rig.judge.predict = i % 2 == 0;
        rig.judge.conf = i % 4 == 0 ? 0.25f : 0.02f;
        for (size_t k = 0; k < 2; k++) {
            struct rig_batch batch =
                batch_make(&rig, heads[i].n_pictures, n_labels[k], (uint32_t)(17 * i + k));
            check_once(&rig, &batch);
            batch_free(&batch);
        }
        rig_free(&rig);
    }
}

/* Labels on top of each other, of classes known and not, with boxes and without. */
static void test_many_labels(void **state) {
    (void)state;
    for (size_t i = 1; i < 7; i += 5) { /* a distance and an anchor head */
        struct rig_head rig = rig_make(&heads[i]);
        struct rig_batch batch =
            batch_make(&rig, 2, (const size_t[]){i == 1 ? 260 : 60, 5}, 5 + (uint32_t)i);
        check_once(&rig, &batch);
        size_t n = batch.pictures[0].n_labels, twins = 0, unknown = 0, refined = 0;
        for (size_t k = 0; k < n; k++) {
            const struct evidence *evidence = &batch.findings[0].evidence[k];
            twins += evidence->twin >= 0;
            unknown += !evidence->judged;
            refined += evidence->has_refined;
        }
        assert_true(twins > n / 12 && unknown > n / 50 && refined > n / 2);
        batch_free(&batch);
        rig_free(&rig);
    }
}

/* Pictures that are judged a second time with other labels, with none and with many more, beside
 * one that is not. */
static void test_second_labels(void **state) {
    (void)state;
    for (size_t i = 0; i < 7; i += i == 1 ? 5 : 1) { /* two distance heads and an anchor head */
        struct rig_head rig = rig_make(&heads[i]);
        rig.judge.predict = true;
        struct rig_batch batch = batch_make(&rig, 2, (const size_t[]){9, 6}, 3 + (uint32_t)i);
        check_once(&rig, &batch);
        batch_plant(&rig, &batch, 1, 12, 31 + (uint32_t)i);
        check_once(&rig, &batch);
        batch_plant(&rig, &batch, 0, i == 1 ? 40 : 0, 47 + (uint32_t)i);
        check_once(&rig, &batch);
        batch_free(&batch);
        rig_free(&rig);
    }
}

/* A label file of the greatest length; nearly all are of unknown classes, which the emulation
 * judges in no time. */
static void test_the_most_labels(void **state) {
    (void)state;
    enum { MOST = 10000 };
    struct rig_head rig = rig_make(&heads[2]);
    struct rig_batch batch = batch_make(&rig, 2, (const size_t[]){MOST, 5}, 7);
    for (size_t i = 20; i < MOST; i++)
        batch.targets[0][i].class = -1;
    check_once(&rig, &batch);
    assert_int_equal(batch.findings[0].n_evidence, MOST);
    batch_free(&batch);
    rig_free(&rig);
}

static void test_classes_that_the_data_lacks(void **state) {
    (void)state;
    for (size_t i = 0; i < N_HEADS; i += 2) {
        struct rig_head rig = rig_make(&heads[i]);
        bool *in_data = calloc(rig.head.n_classes, sizeof *in_data);
        assert_non_null(in_data);
        for (size_t k = 0; k < rig.head.n_classes; k += 2)
            in_data[k] = true;
        rig.judge.class_in_data = in_data;
        rig.judge.predict = true;
        struct rig_batch batch = batch_make(&rig, 1, (const size_t[]){9}, 3);
        check_once(&rig, &batch);
        batch_free(&batch);
        rig_free(&rig);
        free(in_data);
    }
}

static void test_not_a_number_in_the_maps(void **state) {
    (void)state;
    for (size_t i = 0; i < N_HEADS; i++) {
        struct rig_head rig = rig_make(&heads[i]);
        uint32_t random = (uint32_t)i;
        /* The last is too far away for a box, but not after the division by a gain of 4. */
        static const float values[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 3e7f};
        for (size_t k = 0; k < 2 * rig.head.n_levels; k++) {
            const struct map *map = k % 2 ? &rig.maps.scores[k / 2] : &rig.maps.boxes[k / 2];
            for (size_t j = 0; rig.host[k] && j < map_floats(map); j++)
                if (next_random(&random) % 50 == 0)
                    rig.host[k][j] = values[next_random(&random) % 6];
        }
        rig_upload(&rig);
        rig.judge.predict = true;
        struct rig_batch batch = batch_make(&rig, 1, (const size_t[]){9}, 3);
        if (i % 2)
            batch.views[0].letterbox.gain_x = batch.views[0].letterbox.gain_y = 4;
        check_once(&rig, &batch);
        batch_free(&batch);
        rig_free(&rig);
    }
}

/* Of one picture of a batch: the others are as they were. */
static void test_one_number_that_is_none(void **state) {
    (void)state;
    static const size_t planned[] = {1, 3, 6, 8};
    for (size_t i = 0; i < sizeof planned / sizeof *planned; i++) {
        struct rig_head rig = rig_make(&heads[planned[i]]);
        struct rig_batch batch = batch_make(&rig, 2, (const size_t[]){2, 0}, 3);
        size_t seen = 0;
        check_once(&rig, &batch);
        assert_false(batch.findings[0].not_finite || batch.findings[1].not_finite);
        for (size_t k = 0; k < 8; k++) {
            size_t which = k % 2 && rig.host[1] ? 1 : 0;
            const struct map *map = which ? &rig.maps.scores[0] : &rig.maps.boxes[0];
            size_t cells = map->height * map->width, channel = map->channels - 1 - k / 2 * 2;
            float *number = rig.host[which] + (cells + k * 5) * map->pitch + channel;
            float before = *number;
            *number = k % 4 < 2 ? NAN : k % 8 < 4 ? INFINITY : -INFINITY;
            rig_upload(&rig);
            check_once(&rig, &batch);
            assert_false(batch.findings[0].not_finite);
            seen += batch.findings[1].not_finite;
            *number = before;
        }
        assert_true(seen >= 4);
        batch_free(&batch);
        rig_free(&rig);
    }
}

/* A batch of one picture as judge_picture has it, for a few parameters of predictions. */
static struct findings check_one(struct rig_head *rig, size_t n_labels) {
    struct rig_batch batch = batch_make(rig, 1, &n_labels, 21);
    check_once(rig, &batch);
    struct findings findings = batch.findings[0];
    batch.findings[0] = (struct findings){0};
    batch_free(&batch);
    return findings;
}

/* Lists longer than what is sorted in shared memory, in an odd number of runs; equal scores. */
static void test_long_lists_are_sorted(void **state) {
    (void)state;
    static const size_t sides[][2] = {{64, 64}, {64, 65}, {91, 100}};
    for (size_t i = 0; i < 3; i++) {
        struct rig_plan plan = {HEAD_FINAL, 2,  1,           1,           false,
                                false,      1,  sides[i][0], sides[i][1], 1,
                                0,          -3, 3,           40,          11 + (uint32_t)i};
        struct rig_head rig = rig_make(&plan);
        rig.judge.predict = true;
        rig.judge.conf = 0;
        rig.judge.iou = 1;
        rig.judge.max_det = 20000;
        struct findings findings = check_one(&rig, 2);
        assert_true(findings.predictions.count > sides[i][0] * sides[i][1] * 9 / 10);
        findings_free(&findings);
        rig_free(&rig);
    }
}

static void test_limits_of_predictions(void **state) {
    (void)state;
    static const size_t most[] = {0, 1, 37, 256, 257, 400};
    struct rig_plan plan = {HEAD_FINAL, 3, 1, 1, false, false, 1, 30, 30, 1, 0, -3, 3, 0, 15};
    struct rig_head rig = rig_make(&plan);
    rig.judge.predict = true;
    rig.judge.conf = 0.001f;
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        rig.judge.max_det = most[i];
        struct findings findings = check_one(&rig, 1);
        assert_int_equal(findings.predictions.count, most[i]);
        findings_free(&findings);
    }
    rig.judge.max_det = 400;
    rig.judge.iou = 0.1f;
    struct findings findings = check_one(&rig, 1);
    assert_true(findings.predictions.count > 10 && findings.predictions.count < 400);
    findings_free(&findings);
    rig_free(&rig);
}

/* The worst of more anchors than may enter NMS lie apart from all others: they do not count. */
static void test_most_candidates_of_predictions(void **state) {
    (void)state;
    enum { N = 30040, LIMIT = 30000, CHANNELS = 5 };
    static const bool none = false;
    struct rig_plan plan = {HEAD_FINAL, 1, 1, 1, false, false, 1, 1, N, 1, 0, -2.9f, 3, 0, 18};
    struct rig_head rig = rig_make(&plan);
    for (size_t i = LIMIT - 1; i < N; i++) {
        float *row = rig.host[0] + i * CHANNELS;
        row[0] = (float)(1000 + 100 * (i - LIMIT));
        row[4] = 0.04f - (float)(i - LIMIT + 1) * 1e-4f;
    }
    rig_upload(&rig);
    rig.judge.predict = true;
    rig.judge.conf = 0.001f;
    rig.judge.iou = 0.2f;
    rig.judge.max_det = N;
    rig.judge.class_in_data = &none;
    struct findings findings = check_one(&rig, 0);
    const struct detection *last = &findings.predictions.items[findings.predictions.count - 1];
    assert_float_equal(last->confidence, 0.04, 1e-6);
    findings_free(&findings);
    rig_free(&rig);
}

/* More candidates than may enter NMS, and more objects than may stay. */
static void test_a_network_that_knows_nothing(void **state) {
    (void)state;
    struct rig_plan plan = {HEAD_FINAL, 80, 1, 1, false, false, 1, 25, 20, 2, 0, -2.9f, 3, 50, 16};
    struct rig_head rig = rig_make(&plan);
    struct rig_batch batch = batch_make(&rig, 2, (const size_t[]){0, 3}, 1);
    check_once(&rig, &batch);
    assert_int_equal(batch.findings[0].missing.count, 3000);
    batch_free(&batch);
    rig_free(&rig);
    /* Just as many as fit, and one more. */
    plan = (struct rig_plan){HEAD_FINAL, 10, 1, 1, false, false, 1, 60, 50, 1, 0, -1, 1, 3, 17};
    for (size_t i = 0; i < 2; i++) {
        rig = rig_make(&plan);
        batch = batch_make(&rig, 1, (const size_t[]){0}, 1);
        check_once(&rig, &batch);
        batch_free(&batch);
        rig_free(&rig);
        plan.width += i == 0;
    }
}

/* Compares the picture's findings with judge_picture's of two views of these maps. */
static void check_picture(const struct judge *judge, const struct view views[2],
                          const struct head_maps maps[2], const struct picture *picture) {
    struct findings expected = {0}, second = {0};
    const struct labelling labellings[] = {{picture->targets, picture->n_labels, &expected},
                                           {picture->planted, picture->n_planted, &second}};
    struct judge_scratch *scratch;
    struct view both[2] = {views[0], views[1]};
    both[0].maps = &maps[0];
    both[1].maps = &maps[1];
    ASSERT_OK(judge_scratch_make(&scratch));
    ASSERT_OK(judge_labellings(judge, both, 2, labellings, picture->planted ? 2 : 1, scratch));
    judge_scratch_free(scratch);
    assert_findings(picture->findings, &expected);
    if (picture->planted)
        assert_findings(picture->planted_findings, &second);
    findings_free(&expected);
    findings_free(&second);
}

/* What two networks see of the same pictures: each class is of both, of the first, or of the
 * second. */
static void check_two_views(const struct rig_plan *first, const struct rig_plan *second,
                            bool predict) {
    struct rig_plan plans[2] = {*first, *second};
    enum { CLASSES_MOST = 300 };
    uint32_t classes[2][CLASSES_MOST];
    size_t most = first->n_classes > second->n_classes ? first->n_classes : second->n_classes;
    size_t n_classes = most + second->n_classes / 2;
    for (uint32_t k = 0; k < CLASSES_MOST; k++) {
        classes[0][k] = k;
        classes[1][k] = (uint32_t)(n_classes - 1 - k);
    }
    assert_true(most <= CLASSES_MOST);
    plans[1].n_pictures = plans[0].n_pictures;
    struct rig_head rigs[2] = {rig_make(&plans[0]), rig_make(&plans[1])};
    struct rig_batch batch =
        batch_make(&rigs[0], plans[0].n_pictures, (const size_t[]){9, 30, 2}, 77);
    batch_plant(&rigs[0], &batch, batch.n - 1, 12, 78);
    struct judge judge = rigs[0].judge;
    judge.n_classes = n_classes;
    judge.predict = predict;
    const struct judged_network networks[2] = {{&rigs[0].head, classes[0]},
                                               {&rigs[1].head, classes[1]}};
    /* In the other order than the networks. */
    const struct judged_view views[2] = {{1, rigs[1].maps}, {0, rigs[0].maps}};
    struct picture_view seen[PICTURES_MOST][2];
    struct device_judge *device;
    struct judgement *judgement;
    ASSERT_OK(device_judge_make(&judge, networks, 2, batch.n, &device));
    ASSERT_OK(judgement_make(device, &judgement));
    batch_bind(&batch);
    for (size_t i = 0; i < batch.n; i++) {
        for (size_t k = 0; k < batch.pictures[i].n_labels; k++)
            if (k % 3 == 0 && batch.targets[i][k].class >= 0)
                batch.targets[i][k].class = (int32_t)(k % (n_classes + 1));
        seen[i][0] = (struct picture_view){1, rig_letterbox(i + 1)};
        seen[i][1] = (struct picture_view){0, rig_letterbox(i)};
        batch.pictures[i].n_views = 2;
        batch.pictures[i].views = seen[i];
    }
    ASSERT_OK(judgement_describe(judgement, views, 2, batch.pictures, batch.n));
    ASSERT_OK(judgement_enqueue(judgement, NULL));
    ASSERT_OK(device_wait(NULL));
    ASSERT_OK(judgement_finish(judgement, batch.pictures, batch.n));
    for (size_t i = 0; i < batch.n; i++) {
        const struct view both[2] = {{&rigs[1].head, NULL, &seen[i][0].letterbox, classes[1]},
                                     {&rigs[0].head, NULL, &seen[i][1].letterbox, classes[0]}};
        const struct head_maps maps[2] = {rig_host_maps(&rigs[1], i), rig_host_maps(&rigs[0], i)};
        check_picture(&judge, both, maps, &batch.pictures[i]);
    }
    judgement_free(judgement);
    device_judge_free(device);
    batch_free(&batch);
    rig_free(&rigs[0]);
    rig_free(&rigs[1]);
}

static void test_several_views(void **state) {
    (void)state;
    for (size_t i = 0; i < N_HEADS; i++)
        check_two_views(&heads[i], &heads[(i + 2) % N_HEADS], i % 2);
}

static void test_repeated_and_alone_to_the_bit(void **state) {
    (void)state;
    for (size_t i = 0; i < N_HEADS; i += 3) {
        struct rig_head rig = rig_make(&heads[i]);
        rig.judge.predict = true;
        size_t n = heads[i].n_pictures;
        struct rig_batch first = batch_make(&rig, n, (const size_t[]){7, 20, 3}, 8);
        struct rig_batch again = batch_make(&rig, n, (const size_t[]){7, 20, 3}, 8);
        struct device_judge *device;
        struct judgement *judgement;
        ASSERT_OK(device_judge_make(&rig.judge, &(struct judged_network){.head = &rig.head}, 1, n,
                                    &device));
        ASSERT_OK(judgement_make(device, &judgement));
        judge_batch(judgement, &rig, &first);
        judge_batch(judgement, &rig, &again);
        for (size_t k = 0; k < n; k++) {
            assert_findings(&again.findings[k], &first.findings[k]);
            /* The first picture's maps are those of a batch of one. */
            if (k == 0) {
                struct rig_batch alone = {
                    .n = 1, .pictures = {first.pictures[0]}, .views = {first.views[0]}};
                judge_batch(judgement, &rig, &alone);
                const struct findings *a = &alone.findings[0], *b = &first.findings[0];
                assert_findings(a, b);
                assert_memory_equal(a->missing.items, b->missing.items,
                                    a->missing.count * sizeof *a->missing.items);
                alone.targets[0] = NULL;
                batch_free(&alone);
            }
        }
        batch_free(&first);
        batch_free(&again);
        judgement_free(judgement);
        device_judge_free(device);
        rig_free(&rig);
    }
}

/* Two batches under way, of two shapes: memory grows in between. */
static void test_two_judgements_in_flight(void **state) {
    (void)state;
    struct rig_plan large = heads[0];
    large.height = 20;
    large.width = 24;
    struct rig_head small_rig = rig_make(&heads[0]), large_rig = rig_make(&large);
    struct rig_batch small = batch_make(&small_rig, 3, (const size_t[]){3, 4, 5}, 8);
    struct rig_batch wide = batch_make(&large_rig, 2, (const size_t[]){40, 6}, 9);
    struct device_judge *device;
    struct judgement *a, *b;
    ASSERT_OK(device_judge_make(&small_rig.judge, &(struct judged_network){.head = &small_rig.head},
                                1, 3, &device));
    ASSERT_OK(judgement_make(device, &a));
    ASSERT_OK(judgement_make(device, &b));
    ASSERT_OK(
        judgement_describe(a, &(struct judged_view){.maps = small_rig.maps}, 1, small.pictures, 0));
    ASSERT_OK(judgement_reserve(a, NULL));
    assert_true(judgement_fits(a));
    ASSERT_OK(
        judgement_describe(b, &(struct judged_view){.maps = large_rig.maps}, 1, wide.pictures, 0));
    assert_false(judgement_fits(b));
    for (size_t i = 0; i < 2; i++) {
        batch_bind(&small);
        batch_bind(&wide);
        ASSERT_OK(describe_and_enqueue(a, &small_rig.maps, small.pictures, 3));
        ASSERT_OK(describe_and_enqueue(b, &large_rig.maps, wide.pictures, 2));
        ASSERT_OK(device_wait(NULL));
        ASSERT_OK(judgement_finish(a, small.pictures, 3));
        ASSERT_OK(judgement_finish(b, wide.pictures, 2));
        for (size_t k = 0; k < 5; k++) {
            const struct rig_head *rig = k < 3 ? &small_rig : &large_rig;
            struct rig_batch *batch = k < 3 ? &small : &wide;
            size_t at = k < 3 ? k : k - 3;
            struct findings expected = rig_expected(rig, at, &batch->pictures[at]);
            assert_findings(&batch->findings[at], &expected);
            findings_free(&expected);
        }
    }
    judgement_free(a);
    judgement_free(b);
    device_judge_free(device);
    batch_free(&small);
    batch_free(&wide);
    rig_free(&small_rig);
    rig_free(&large_rig);
}

static void test_no_pictures_and_wrong_maps(void **state) {
    (void)state;
    struct rig_head rig = rig_make(&heads[0]);
    struct rig_batch batch = batch_make(&rig, 3, (const size_t[]){3, 4, 5}, 8);
    struct device_judge *device;
    struct judgement *judgement;
    ASSERT_OK(
        device_judge_make(&rig.judge, &(struct judged_network){.head = &rig.head}, 1, 2, &device));
    ASSERT_OK(judgement_make(device, &judgement));
    ASSERT_OK(describe_and_enqueue(judgement, &rig.maps, batch.pictures, 0));
    ASSERT_OK(device_wait(NULL));
    ASSERT_OK(judgement_finish(judgement, batch.pictures, 0));
    assert_int_equal(describe_and_enqueue(judgement, &rig.maps, batch.pictures, 3), STATUS_FAILED);
    struct network_head maps = rig.maps;
    maps.scores[1].channels--;
    assert_int_equal(describe_and_enqueue(judgement, &maps, batch.pictures, 2), STATUS_FAILED);
    maps = rig.maps;
    maps.boxes[2].element = ELEMENT_F16;
    assert_int_equal(
        judgement_describe(judgement, &(struct judged_view){.maps = maps}, 1, batch.pictures, 2),
        STATUS_FAILED);
    judgement_free(judgement);
    device_judge_free(device);
    batch_free(&batch);
    rig_free(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_of_all_kinds),
        cmocka_unit_test(test_other_formulas),
        cmocka_unit_test(test_many_labels),
        cmocka_unit_test(test_second_labels),
        cmocka_unit_test(test_the_most_labels),
        cmocka_unit_test(test_classes_that_the_data_lacks),
        cmocka_unit_test(test_not_a_number_in_the_maps),
        cmocka_unit_test(test_one_number_that_is_none),
        cmocka_unit_test(test_long_lists_are_sorted),
        cmocka_unit_test(test_limits_of_predictions),
        cmocka_unit_test(test_most_candidates_of_predictions),
        cmocka_unit_test(test_a_network_that_knows_nothing),
        cmocka_unit_test(test_several_views),
        cmocka_unit_test(test_repeated_and_alone_to_the_bit),
        cmocka_unit_test(test_two_judgements_in_flight),
        cmocka_unit_test(test_no_pictures_and_wrong_maps),
    };
    if (!rig_has_device())
        return TEST_SKIPPED;
    return RUN_TESTS(tests);
}
