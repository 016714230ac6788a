/* Evidence, refined boxes, duplicates and missing objects, against tests/data/make_evidence.py and
 * on malformed input. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/evidence_math.h"
#include "judge/scratch.h"
#include "judge_rig.h"
#include "unit.h"

static const struct thresholds defaults = {.max_margin = 3.5f,
                                           .max_shift = 3,
                                           .max_ghost = 7.5f,
                                           .min_own = 0.15f,
                                           .max_dup = 0.7f,
                                           .missing_conf = 0.5f};

static void check_evidence(struct evidence_case *file, const struct evidence *evidence) {
    bool judged = case_size(file);
    assert_int_equal(evidence->judged, judged);
    if (!judged) {
        assert_float_equal(evidence->own + evidence->rival + fabsf(evidence->margin), 0, 0);
        assert_float_equal(evidence->contest, 0, 0);
        assert_float_equal(box_score(evidence), 1, 0);
        assert_int_equal(evidence->suggested, -1);
        assert_int_equal(evidence->twin, -1);
        return;
    }
    assert_float_equal(evidence->own, case_number(file), 1e-4);
    assert_float_equal(evidence->rival, case_number(file), 1e-4);
    assert_float_equal(evidence->contest, case_number(file), 1e-4);
    assert_int_equal(evidence->suggested, (int)case_number(file));
    assert_float_equal(evidence->near, case_number(file), 1e-4);
    assert_float_equal(evidence->here, case_number(file), 1e-4);
    assert_float_equal(evidence->margin, case_number(file), 1e-3);
    assert_float_equal(evidence->shift, case_number(file), 1e-3);
    assert_float_equal(evidence->ghost, case_number(file), 1e-3);
    assert_float_equal(evidence->dup, case_number(file), 1e-4);
    assert_int_equal(evidence->twin, (int)case_number(file));
    assert_float_equal(evidence->location, case_number(file), 1e-4);
    assert_float_equal(evidence->found, case_number(file), 1e-4);
    assert_float_equal(evidence->copy, case_number(file), 1e-4);
    assert_float_equal(evidence->group, case_number(file), 1e-4);
    bool has_refined = case_size(file);
    assert_int_equal(evidence->has_refined, has_refined);
    for (size_t i = 0; i < 4; i++)
        assert_float_equal(evidence->refined[i], case_number(file), 1e-2);
    struct ruling ruling = verdict_of(evidence, &defaults);
    assert_int_equal(ruling.verdict, case_size(file));
    static const char *const reasons[] = {NULL,   "class",  "location", "contested",
                                          "weak", "unseen", "duplicate"};
    const char *reason = reasons[case_size(file)];
    assert_int_equal(ruling.reason == REASON_NONE, reason == NULL);
    if (reason)
        assert_string_equal(reason_name(ruling.reason), reason);
    assert_float_equal(box_score(evidence), case_number(file), 1e-4);
}

static void check_detections(struct evidence_case *file, const struct detections *detections) {
    assert_int_equal(detections->count, case_size(file));
    for (size_t i = 0; i < detections->count; i++) {
        const struct detection *item = &detections->items[i];
        assert_int_equal(item->class, (int)case_number(file));
        assert_float_equal(item->confidence, case_number(file), 1e-4);
        for (size_t j = 0; j < 4; j++)
            assert_float_equal(item->box[j], case_number(file), 1e-2);
        assert_float_equal(item->certainty, case_number(file), 1e-4);
    }
}

static void test_cases_agree(void **state) {
    (void)state;
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct findings findings = {0};
    for (size_t i = 0; i < N_CASES; i++) {
        struct evidence_case file = open_case(case_names[i]);
        judge_case(&file, scratch, &findings);
        for (size_t j = 0; j < findings.n_evidence; j++)
            check_evidence(&file, &findings.evidence[j]);
        check_detections(&file, &findings.missing);
        check_detections(&file, &findings.predictions);
        assert_float_equal(image_score(&findings), case_number(&file), 1e-4);
        assert_int_equal(file.at, file.count);
        case_free(&file);
    }
    findings_free(&findings);
    judge_scratch_free(scratch);
}

/* The same map in another layout; the caller frees .data. */
static struct head_map relaid(const struct head_map *map, size_t block) {
    struct head_map to = *map;
    to.block = block;
    size_t cells = map->width * map->height, blocks = (map->channels + block - 1) / block;
    float *data = calloc(blocks * block * cells, sizeof *data);
    assert_non_null(data);
    for (size_t c = 0; c < map->channels; c++)
        for (size_t p = 0; p < cells; p++)
            data[head_map_offset(&to, c, p)] = map->data[head_map_offset(map, c, p)];
    to.data = data;
    return to;
}

static void test_layouts_give_the_same_bits(void **state) {
    (void)state;
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct findings planar = {0}, other = {0};
    for (size_t i = 0; i < N_CASES; i++) {
        struct evidence_case file = open_case(case_names[i]);
        const struct head_maps original = file.maps;
        judge_case(&file, scratch, &planar);
        for (size_t block = 1; block <= 40; block += block < 16 ? 7 : 25) {
            for (size_t j = 0; j < file.head.n_levels; j++) {
                file.maps.boxes[j] = relaid(&original.boxes[j], block);
                file.maps.scores[j] = relaid(&original.scores[j], block);
            }
            judge_case(&file, scratch, &other);
            assert_same_findings(&planar, &other);
            for (size_t j = 0; j < file.head.n_levels; j++) {
                free((void *)file.maps.boxes[j].data);
                free((void *)file.maps.scores[j].data);
            }
        }
        case_free(&file);
    }
    findings_free(&planar);
    findings_free(&other);
    judge_scratch_free(scratch);
}

static void test_scratch_leaves_no_trace(void **state) {
    (void)state;
    struct judge_scratch *fresh, *used;
    assert_int_equal(judge_scratch_make(&fresh), STATUS_OK);
    assert_int_equal(judge_scratch_make(&used), STATUS_OK);
    struct findings a = {0}, b = {0};
    struct evidence_case large = open_case("distance_block8");
    struct evidence_case small = open_case("distance_one_class");
    judge_case(&large, used, &b);
    judge_case(&small, used, &b);
    judge_case(&small, fresh, &a);
    assert_same_findings(&a, &b);
    case_free(&large);
    case_free(&small);
    findings_free(&a);
    findings_free(&b);
    judge_scratch_free(fresh);
    judge_scratch_free(used);
}

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}
static float uniform(uint32_t *state, float low, float high) {
    return low + (high - low) * (float)next_random(state) / 16777216.0f;
}

/* A distance head of one level over random maps. */
struct random_net {
    struct judge judge;
    struct head head;
    struct head_maps maps;
    struct letterbox letterbox;
    float *data;
};

static struct random_net random_net_make(uint32_t seed, size_t side, size_t bins, size_t classes,
                                         float spread) {
    struct random_net net = {.judge.n_classes = classes};
    net.head = (struct head){.kind = HEAD_DISTANCE,
                             .n_classes = classes,
                             .bins = bins,
                             .n_anchors = 1,
                             .n_levels = 1,
                             .levels = {{.stride = 8}}};
    net.head.levels[0].score_channel = 4 * bins;
    size_t channels = 4 * bins + classes, n = channels * side * side;
    net.data = malloc(n * sizeof *net.data);
    assert_non_null(net.data);
    for (size_t i = 0; i < n; i++)
        net.data[i] = uniform(&seed, -spread, spread);
    net.maps.boxes[0] = net.maps.scores[0] = (struct head_map){net.data, channels, side, side, 1};
    net.letterbox =
        (struct letterbox){.gain = 0.75f, .gain_x = 0.75f, .gain_y = 0.74f, .left = 3, .top = 11};
    return net;
}

/* Makes DFL's mean of one side `distance` strides, as far as the bins go. */
static void set_distance(struct random_net *net, size_t side, size_t cell, float distance) {
    size_t bins = net->head.bins, cells = net->maps.boxes[0].width * net->maps.boxes[0].width;
    distance = fmaxf(0, fminf(distance, (float)(bins - 1)));
    for (size_t bin = 0; bin < bins; bin++) {
        float weight = 1 - fabsf((float)bin - distance);
        net->data[(side * bins + bin) * cells + cell] = weight > 0 ? logf(weight) : -80;
    }
}

/* Makes every anchor overlap the label as much as its reach allows. */
static void reach_for(struct random_net *net, struct box label) {
    const struct letterbox *letterbox = &net->letterbox;
    size_t width = net->maps.boxes[0].width;
    for (size_t cell = 0; cell < width * width; cell++) {
        float x = ((float)(cell % width) + 0.5f) * 8,
              y = ((float)(size_t)(cell / width) + 0.5f) * 8;
        float left = (float)letterbox->left, top = (float)letterbox->top;
        set_distance(net, 0, cell, (x - (label.x1 * letterbox->gain_x + left)) / 8);
        set_distance(net, 1, cell, (y - (label.y1 * letterbox->gain_y + top)) / 8);
        set_distance(net, 2, cell, (label.x2 * letterbox->gain_x + left - x) / 8);
        set_distance(net, 3, cell, (label.y2 * letterbox->gain_y + top - y) / 8);
    }
}

static void test_reach_misses_no_anchor(void **state) {
    (void)state;
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct findings findings = {0};
    size_t spared = 0, close = 0;
    for (uint32_t seed = 1; seed <= 200; seed++) {
        uint32_t random = seed;
        struct random_net net = random_net_make(seed, 9 + seed % 13, 2 + seed % 7, 1, 20);
        struct box label = {uniform(&random, -30, 200), uniform(&random, -30, 200), 0, 0};
        label.x2 = label.x1 + uniform(&random, 1, seed % 2 ? 20 : 150);
        label.y2 = label.y1 + uniform(&random, 1, seed % 3 ? 20 : 150);
        reach_for(&net, label);
        struct target target = {.class = 0, .box = {label.x1, label.y1, label.x2, label.y2}};
        assert_int_equal(
            judge_picture(
                &net.judge,
                &(struct view){.head = &net.head, .maps = &net.maps, .letterbox = &net.letterbox},
                1, &target, 1, scratch, &findings),
            STATUS_OK);
        struct anchors *anchors = scratch->anchors;
        assert_int_equal(anchors_begin(anchors, &net.head, &net.maps, &net.letterbox), STATUS_OK);
        near_tiles_decode(scratch, anchors);
        size_t n_reached = anchors->n_slots;
        spared += anchors->n_tiles - n_reached;
        for (size_t i = 0; i < anchors->n_tiles; i++) {
            size_t slot = anchors_decode(anchors, i);
            float most = 0;
            for (size_t lane = 0; lane < TILE; lane++)
                most = fmaxf(most, box_iou(label, anchors_box_at(anchors, slot * TILE + lane)));
            assert_true(slot < n_reached || most <= NEAR_IOU);
            close += most > NEAR_IOU && most < 1.2f * NEAR_IOU;
        }
        free(net.data);
    }
    assert_true(spared > 100 && close > 10);
    findings_free(&findings);
    judge_scratch_free(scratch);
}

static void assert_finite_box(const float box[4]) {
    for (size_t i = 0; i < 4; i++)
        assert_true(isfinite(box[i]));
}

static void assert_finite(const struct findings *findings) {
    for (size_t i = 0; i < findings->n_evidence; i++) {
        const struct evidence *e = &findings->evidence[i];
        assert_true(isfinite(e->own) && isfinite(e->rival) && isfinite(e->near) &&
                    isfinite(e->contest) && isfinite(e->here) && isfinite(e->margin) &&
                    isfinite(e->shift) && isfinite(e->ghost) && isfinite(e->dup) &&
                    isfinite(e->location) && isfinite(e->found) && isfinite(e->size));
        assert_true(e->copy >= 0 && e->copy <= 1 && e->group >= 0 && e->group <= 1);
        assert_finite_box(e->refined);
        assert_true(box_score(e) > 0 && box_score(e) <= 1);
    }
    for (size_t i = 0; i < findings->missing.count; i++) {
        float certainty = findings->missing.items[i].certainty;
        assert_true(certainty >= 0 && certainty <= 1);
        assert_finite_box(findings->missing.items[i].box);
    }
    for (size_t i = 0; i < findings->predictions.count; i++)
        assert_finite_box(findings->predictions.items[i].box);
    double score = image_score(findings);
    assert_true(score > 0 && score <= 1);
}

static void test_nonsense_stays_finite(void **state) {
    (void)state;
    static const float nonsense[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e7f, 0};
    static const struct target targets[] = {
        {.class = 0, .box = {10, 10, 60, 60}},           {.class = 0, .box = {NAN, 0, 10, 10}},
        {.class = 1, .box = {50, 50, 10, 10}},           {.class = 1, .box = {20, 20, 20, 40}},
        {.class = 2, .box = {-1e30f, 0, 1e30f, 9}},      {.class = 0, .box = {0, 0, INFINITY, 10}},
        {.class = 2, .box = {-1e6f, -1e6f, 1e6f, 1e6f}},
    };
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct findings findings = {0};
    for (size_t i = 0; i < N_CASES; i++) {
        struct evidence_case file = open_case(case_names[i]);
        for (uint32_t seed = 1; seed <= 40; seed++) {
            uint32_t random = seed;
            size_t n = file.count / (1 + seed % 50);
            for (size_t j = 0; j < n; j++) {
                const struct head_map *map =
                    &file.maps.boxes[next_random(&random) % file.head.n_levels];
                size_t channel = next_random(&random) % map->channels;
                size_t cell = next_random(&random) % (map->width * map->height);
                /* The maps point into the file's numbers. */
                file.numbers[map->data + head_map_offset(map, channel, cell) - file.numbers] =
                    nonsense[next_random(&random) % 7];
            }
            file.judge.conf = seed % 2 ? 0.25f : 0;
            assert_int_equal(judge_picture(&file.judge,
                                           &(struct view){.head = &file.head,
                                                          .maps = &file.maps,
                                                          .letterbox = &file.letterbox},
                                           1, targets, 7, scratch, &findings),
                             STATUS_OK);
            assert_finite(&findings);
            for (size_t j = 1; j < 6; j++)
                assert_float_equal(findings.evidence[j].own + findings.evidence[j].rival, 0, 0);
        }
        case_free(&file);
    }
    findings_free(&findings);
    judge_scratch_free(scratch);
}

static void test_maps_that_do_not_fit_are_refused(void **state) {
    (void)state;
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct findings findings = {0};
    for (size_t i = 0; i < N_CASES; i++) {
        struct evidence_case file = open_case(case_names[i]);
        file.maps.boxes[0].channels = 3;
        assert_int_equal(judge_picture(&file.judge,
                                       &(struct view){.head = &file.head,
                                                      .maps = &file.maps,
                                                      .letterbox = &file.letterbox},
                                       1, file.targets, file.n_targets, scratch, &findings),
                         STATUS_FAILED);
        case_free(&file);
    }
    struct random_net net = random_net_make(1, 4, 2, 2, 1);
    net.maps.scores[0].width = 2;
    assert_int_equal(
        judge_picture(
            &net.judge,
            &(struct view){.head = &net.head, .maps = &net.maps, .letterbox = &net.letterbox}, 1,
            NULL, 0, scratch, &findings),
        STATUS_FAILED);
    net.maps.scores[0] = net.maps.boxes[0];
    net.head.n_levels = GRAPH_LEVELS + 1;
    assert_int_equal(
        judge_picture(
            &net.judge,
            &(struct view){.head = &net.head, .maps = &net.maps, .letterbox = &net.letterbox}, 1,
            NULL, 0, scratch, &findings),
        STATUS_FAILED);
    free(net.data);
    findings_free(&findings);
    judge_scratch_free(scratch);
}

static void test_no_anchors(void **state) {
    (void)state;
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct findings findings = {0};
    struct random_net net = random_net_make(1, 0, 2, 2, 1);
    struct target target = {.class = 1, .box = {0, 0, 10, 10}};
    net.judge.predict = true;
    assert_int_equal(
        judge_picture(
            &net.judge,
            &(struct view){.head = &net.head, .maps = &net.maps, .letterbox = &net.letterbox}, 1,
            &target, 1, scratch, &findings),
        STATUS_OK);
    assert_int_equal(findings.missing.count + findings.predictions.count, 0);
    assert_int_equal(findings.evidence[0].suggested, -1);
    assert_false(findings.evidence[0].has_refined);
    assert_float_equal(findings.evidence[0].margin, logf(10), 1e-5);
    free(net.data);
    findings_free(&findings);
    judge_scratch_free(scratch);
}

/* Random weights: every score is near one half. */
static void test_random_weights_end_soon(void **state) {
    (void)state;
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct findings findings = {0};
    struct random_net net = random_net_make(5, 40, 16, 40, 0.5f);
    struct target target = {.class = 3, .box = {100, 100, 300, 300}};
    net.judge.predict = true;
    net.judge.conf = 0.25f;
    net.judge.iou = 0.7f;
    net.judge.max_det = 300;
    assert_int_equal(
        judge_picture(
            &net.judge,
            &(struct view){.head = &net.head, .maps = &net.maps, .letterbox = &net.letterbox}, 1,
            &target, 1, scratch, &findings),
        STATUS_OK);
    assert_true(scratch->found.count > 2 * CANDIDATES_MAX);
    assert_true(findings.missing.count > 0 && findings.missing.count <= 3000);
    assert_int_equal(findings.predictions.count, 300);
    for (size_t i = 1; i < findings.missing.count; i++)
        assert_true(findings.missing.items[i - 1].confidence >=
                    findings.missing.items[i].confidence);
    free(net.data);
    findings_free(&findings);
    judge_scratch_free(scratch);
}

static void test_labels_of_unknown_class_only_explain(void **state) {
    (void)state;
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct findings without = {0}, with = {0};
    struct evidence_case file = open_case("distance_background");
    judge_case(&file, scratch, &without);
    assert_true(without.missing.count > 1);
    struct target targets[2] = {{.class = -1}, {.class = (int32_t)file.head.n_classes}};
    for (size_t i = 0; i < 2; i++)
        memcpy(targets[i].box, without.missing.items[0].box, sizeof targets[i].box);
    assert_int_equal(
        judge_picture(
            &file.judge,
            &(struct view){.head = &file.head, .maps = &file.maps, .letterbox = &file.letterbox}, 1,
            targets, 2, scratch, &with),
        STATUS_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_false(with.evidence[i].judged);
        assert_int_equal(with.evidence[i].twin, -1);
        assert_float_equal(with.evidence[i].dup + with.evidence[i].near, 0, 0);
    }
    assert_true(with.missing.count < without.missing.count);
    for (size_t i = 0; i < with.missing.count; i++)
        assert_true(box_iou(box_of(with.missing.items[i].box), box_of(targets[0].box)) < 0.45f);
    case_free(&file);
    findings_free(&without);
    findings_free(&with);
    judge_scratch_free(scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_agree),
        cmocka_unit_test(test_layouts_give_the_same_bits),
        cmocka_unit_test(test_scratch_leaves_no_trace),
        cmocka_unit_test(test_reach_misses_no_anchor),
        cmocka_unit_test(test_nonsense_stays_finite),
        cmocka_unit_test(test_maps_that_do_not_fit_are_refused),
        cmocka_unit_test(test_no_anchors),
        cmocka_unit_test(test_random_weights_end_soon),
        cmocka_unit_test(test_labels_of_unknown_class_only_explain),
    };
    return RUN_TESTS(tests);
}
