/* A label file of the greatest length, in the ways in which labels can stand in each other's way:
 * judged in bounded time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "judge/judge.h"
#include "unit.h"

enum {
    LABELS = 10000,
    SIDE = 80,
    STRIDE = 8,
    CLASSES = 20,
    BINS = 16,
    CHANNELS = 4 * BINS + CLASSES
};

/* Much more than it takes where nobody else uses the core, and a fraction of what it takes where
 * each label looks at each other one for each anchor. The sanitizers make everything slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const double MOST_SECONDS = 120;
#else
static const double MOST_SECONDS = 30;
#endif

static float uniform(uint32_t *state, float low, float high) {
    *state = *state * 1664525u + 1013904223u;
    return low + (high - low) * (float)(*state >> 8) / 16777216.0f;
}

/* A head in which every cell within reach sees the one object at (220, 220) to (420, 420). */
static float *object_map(uint32_t seed) {
    float *map = malloc(sizeof *map * CHANNELS * SIDE * SIDE);
    assert_non_null(map);
    for (size_t cell = 0; cell < SIDE * SIDE; cell++) {
        float x = ((float)(cell % SIDE) + 0.5f) * STRIDE;
        float y = ((float)(size_t)(cell / SIDE) + 0.5f) * STRIDE;
        const float sides[4] = {x - 220, y - 220, 420 - x, 420 - y};
        bool inside = sides[0] > 0 && sides[1] > 0 && sides[2] > 0 && sides[3] > 0;
        for (size_t side = 0; side < 4; side++) {
            float distance = fmaxf(0, fminf(sides[side] / STRIDE, BINS - 1));
            for (size_t bin = 0; bin < BINS; bin++)
                map[(side * BINS + bin) * SIDE * SIDE + cell] =
                    -4 * fabsf((float)bin - distance) + uniform(&seed, -1, 1);
        }
        for (size_t k = 4 * BINS; k < CHANNELS; k++)
            map[k * SIDE * SIDE + cell] = uniform(&seed, -6, inside ? 2 : -4);
    }
    return map;
}

static struct target around(uint32_t *seed, float jitter, int32_t class) {
    return (struct target){
        .class = class,
        .box = {220 + uniform(seed, -jitter, jitter), 220 + uniform(seed, -jitter, jitter),
                420 + uniform(seed, -jitter, jitter), 420 + uniform(seed, -jitter, jitter)}};
}

/* How the labels lie. */
static struct target twins(uint32_t *seed, size_t i) {
    (void)i;
    return around(seed, 4, 0);
}
static struct target near_twins(uint32_t *seed, size_t i) {
    (void)i;
    return around(seed, 60, 0);
}
static struct target of_all_classes(uint32_t *seed, size_t i) {
    return around(seed, 40, (int32_t)(i % CLASSES));
}
/* Half of them around the object, half beside it: none takes the others' anchors. */
static struct target two_groups(uint32_t *seed, size_t i) {
    struct target target = around(seed, 4, 0);
    if (i % 2)
        target.box[0] += 90;
    return target;
}
static struct target scattered(uint32_t *seed, size_t i) {
    float x = uniform(seed, 0, 600), y = uniform(seed, 0, 600);
    return (struct target){.class = (int32_t)(i % 2),
                           .box = {x, y, x + uniform(seed, 4, 40), y + uniform(seed, 4, 40)}};
}

static double seconds(void) {
    struct timespec time;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time), 0);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void test_many_labels_take_a_bounded_time(void **state) {
    (void)state;
    static struct target (*const ways[])(uint32_t *, size_t) = {twins, near_twins, of_all_classes,
                                                                two_groups, scattered};
    static struct target targets[LABELS];
    const struct judge judge = {.n_classes = CLASSES};
    struct head head = {.kind = HEAD_DISTANCE,
                        .n_classes = CLASSES,
                        .bins = BINS,
                        .n_anchors = 1,
                        .n_levels = 1,
                        .levels = {{.stride = STRIDE}}};
    const struct letterbox letterbox = letterbox_plan(640, 640, 640, false, 32);
    struct judge_scratch *scratch;
    struct findings findings = {0};
    struct head_maps maps = {0};
    float *map = object_map(1);
    head.levels[0].score_channel = 4 * BINS;
    maps.boxes[0] = maps.scores[0] = (struct head_map){map, CHANNELS, SIDE, SIDE, 1};
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        uint32_t seed = (uint32_t)way + 1;
        for (size_t i = 0; i < LABELS; i++)
            targets[i] = ways[way](&seed, i);
        double start = seconds();
        assert_int_equal(
            judge_picture(&judge,
                          &(struct view){.head = &head, .maps = &maps, .letterbox = &letterbox}, 1,
                          targets, LABELS, scratch, &findings),
            STATUS_OK);
        double took = seconds() - start;
        print_message("labels lying in way %zu: %.2f s\n", way, took);
        assert_true(took < MOST_SECONDS);
        size_t refined = 0;
        for (size_t i = 0; i < LABELS; i++)
            refined += findings.evidence[i].has_refined;
        assert_true(refined > 0);
    }
    findings_free(&findings);
    judge_scratch_free(scratch);
    free(map);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_labels_take_a_bounded_time)};
    return RUN_TESTS(tests);
}
