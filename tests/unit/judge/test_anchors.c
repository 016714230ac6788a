/* The boxes and scores that are read a tile at a time are those of the formulas one at a time, to
 * the bit, whatever the number of bins and the layout of the maps. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "judge/anchors.h"
#include "judge/head_decode.h"
#include "unit.h"

/* Two whole tiles, and a part of one; the score's channels begin within a block. */
enum { WIDTH = 7, HEIGHT = 6, CELLS = WIDTH * HEIGHT, CLASSES = 21, SCORE_CHANNEL = 3 };

static float random_value(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    uint32_t value = *seed >> 8;
    if (value % 97 == 0)
        return (float[]){NAN, INFINITY, -INFINITY, 200, -200, -0.0f}[value / 97 % 6];
    return (float)(value % 4000) / 100 - 20;
}

/* block 0: channels last. The data is the map's. */
static struct head_map map_make(size_t channels, size_t block, uint32_t seed) {
    struct head_map map = {
        .channels = channels, .width = WIDTH, .height = HEIGHT, .block = block ? block : channels};
    size_t n = (channels + map.block - 1) / map.block * map.block * CELLS;
    float *data = malloc(n * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = random_value(&seed);
    map.data = data;
    return map;
}

static float at(const struct head_map *map, size_t channel, size_t cell) {
    return map->data[head_map_offset(map, channel, cell)];
}

static struct box expected_box(const struct head_map *map, size_t bins, size_t cell,
                               const struct letterbox *letterbox) {
    float sides[4];
    for (size_t side = 0; side < 4; side++) {
        float logits[32];
        for (size_t bin = 0; bin < bins; bin++)
            logits[bin] = at(map, side * bins + bin, cell);
        sides[side] = bins > 1 ? dfl_expectation(logits, 1, bins) : logits[0];
    }
    struct box box = box_or_empty(distance_box(sides[0], sides[1], sides[2], sides[3],
                                               (float)(cell % WIDTH), (float)(cell / WIDTH), 8));
    return box_usable(box)
               ? box_or_empty(box_to_picture(box, (float)letterbox->left, (float)letterbox->top,
                                             letterbox->gain_x, letterbox->gain_y))
               : box;
}

static void check_boxes(struct anchors *anchors, const struct head_map *map, size_t bins) {
    size_t usable = 0;
    for (uint32_t cell = 0; cell < CELLS; cell++) {
        struct box box = anchors_box(anchors, cell);
        struct box expected = expected_box(map, bins, cell, &anchors->letterbox);
        assert_memory_equal(&box, &expected, sizeof box);
        usable += box_usable(box);
    }
    assert_true(usable > CELLS / 8);
}

static void check_scores(const struct anchors *anchors, const struct head_map *map) {
    const uint8_t lanes[] = {0, 3, 4, 9};
    float rows[4][CLASSES + 1], objectness[4];
    for (size_t slot = 0; slot < 3; slot++) {
        size_t n = slot == 2 ? 4 : 3;
        rows[0][CLASSES] = 0.25f;
        anchors_raw_scores(anchors, slot, lanes, n, rows[0], CLASSES + 1, objectness);
        assert_true(rows[0][CLASSES] == 0.25f);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < CLASSES; k++) {
                float expected = at(map, SCORE_CHANNEL + k, slot * TILE + lanes[i]);
                assert_memory_equal(&rows[i][k], &expected, sizeof expected);
            }
    }
}

static void check(size_t bins, size_t block) {
    struct head head = {.kind = HEAD_DISTANCE,
                        .n_classes = CLASSES,
                        .bins = bins,
                        .n_levels = 1,
                        .levels = {{.stride = 8, .score_channel = SCORE_CHANNEL}}};
    struct head_maps maps = {
        .boxes = {map_make(4 * bins, block, (uint32_t)bins)},
        .scores = {map_make(SCORE_CHANNEL + CLASSES, block, (uint32_t)bins + 99)}};
    struct letterbox letterbox = {.left = 3, .top = 5, .gain_x = 1.5f, .gain_y = 1.25f};
    struct anchors anchors = {0};
    ASSERT_OK(anchors_begin(&anchors, &head, &maps, &letterbox));
    check_boxes(&anchors, &maps.boxes[0], bins);
    check_scores(&anchors, &maps.scores[0]);
    anchors_free(&anchors);
    free((void *)maps.boxes[0].data);
    free((void *)maps.scores[0].data);
}

static void test_any_number_of_bins(void **state) {
    (void)state;
    static const size_t blocks[] = {1, 8, 16, 0};
    for (size_t bins = 1; bins <= 18; bins++)
        for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
            check(bins, blocks[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_number_of_bins)};
    return RUN_TESTS(tests);
}
