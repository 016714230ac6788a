/* Numbers of the raw head that are none: that judge_picture says so, wherever they are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/scratch.h"
#include "judge_rig.h"
#include "unit.h"

static bool judge_says(const struct evidence_case *file, struct judge_scratch *scratch) {
    struct findings findings = {0};
    judge_case(file, scratch, &findings);
    bool not_finite = findings.not_finite;
    findings_free(&findings);
    return not_finite;
}

/* A number of a map, among the file's, which may be changed. */
static float *number_at(struct evidence_case *file, const struct head_map *map, size_t channel,
                        size_t cell) {
    return &file->numbers[map->data - file->numbers +
                          (ptrdiff_t)head_map_offset(map, channel, cell)];
}

/* What a channel is to the head. */
enum part { FOREIGN, BOX, OBJECTNESS, CLASS };

static enum part part_of(const struct head *head, size_t level, bool scores, size_t channel) {
    const struct head_level *at = &head->levels[level];
    size_t first = scores ? at->score_channel : at->box_channel;
    bool objectness = head->kind == HEAD_ANCHOR || head->objectness;
    if (head->kind == HEAD_DISTANCE) {
        if (channel < first || channel >= first + (scores ? head->n_classes : 4 * head->bins))
            return FOREIGN;
        return scores ? CLASS : BOX;
    }
    size_t each = 4 + objectness + head->n_classes;
    first = head->kind == HEAD_FINAL ? 0 : first;
    if (channel < first || channel >= first + head->n_anchors * each)
        return FOREIGN;
    channel = (channel - first) % each;
    return channel < 4 ? BOX : objectness && channel == 4 ? OBJECTNESS : CLASS;
}

/* Of the classes of an anchor whose objectness rules it out nothing is said. */
static bool is_read(struct evidence_case *file, const struct head_map *map, enum part part,
                    size_t channel, size_t cell) {
    const struct head *head = &file->head;
    if (part != CLASS || head->kind == HEAD_DISTANCE)
        return true;
    size_t each = 5 + head->n_classes;
    if (head->kind == HEAD_ANCHOR)
        return *number_at(file, map, channel / each * each + 4, cell) > -2.9f;
    return !head->objectness || *number_at(file, map, 4, cell) > 0.06f;
}

static void test_any_number_that_is_none_is_seen(void **state) {
    (void)state;
    static const float none[] = {NAN, -NAN, INFINITY, -INFINITY};
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    for (size_t i = 0; i < N_CASES; i++) {
        struct evidence_case file = open_case(case_names[i]);
        const struct head *head = &file.head;
        size_t planted[CLASS + 1] = {0};
        assert_false(judge_says(&file, scratch));
        for (size_t k = 0; k < 2 * head->n_levels; k++) {
            bool scores = k % 2;
            const struct head_map *map =
                scores ? &file.maps.scores[k / 2] : &file.maps.boxes[k / 2];
            size_t cells = map->width * map->height;
            for (size_t channel = 0; channel < map->channels; channel++) {
                size_t cell = (channel * 7 + k) % cells;
                enum part part = part_of(head, k / 2, scores, channel);
                float *number = number_at(&file, map, channel, cell), before = *number;
                if (map->data == file.maps.boxes[k / 2].data && scores &&
                    part_of(head, k / 2, false, channel) != FOREIGN)
                    continue; /* one map: the other part's */
                if (!scores && file.maps.scores[k / 2].data == map->data && part == FOREIGN &&
                    part_of(head, k / 2, true, channel) != FOREIGN)
                    continue;
                if (!is_read(&file, map, part, channel, cell))
                    continue;
                *number = none[planted[part]++ % 4];
                if (judge_says(&file, scratch) != (part != FOREIGN))
                    fail_msg("%s, level %zu: %f at channel %zu, cell %zu", case_names[i], k / 2,
                             (double)*number, channel, cell);
                *number = before;
            }
        }
        assert_true(planted[BOX] >= 4 && planted[CLASS] > 0);
        assert_false(judge_says(&file, scratch));
        case_free(&file);
    }
    judge_scratch_free(scratch);
}

/* The largest numbers are numbers. */
static void test_large_numbers_are_finite(void **state) {
    (void)state;
    struct judge_scratch *scratch;
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    struct evidence_case file = open_case("distance_block8");
    *number_at(&file, &file.maps.boxes[0], 0, 0) = 3.4e38f;
    *number_at(&file, &file.maps.scores[0], 0, 1) = -3.4e38f;
    assert_false(judge_says(&file, scratch));
    case_free(&file);
    judge_scratch_free(scratch);
}

/* Of a tail that was not tried every score is looked at, and whether there is a box in pixels. */
static void test_untried_tails(void **state) {
    (void)state;
    static const char *const names[] = {"final_planar", "final_channels_last"};
    struct judge_scratch *scratch;
    struct findings findings = {0};
    assert_int_equal(judge_scratch_make(&scratch), STATUS_OK);
    for (size_t i = 0; i < 2; i++) {
        struct evidence_case file = open_case(names[i]);
        const struct head_map *map = &file.maps.boxes[0];
        size_t end = 4 + file.head.objectness + file.head.n_classes;
        for (size_t channel = 4; channel < end; channel++) {
            float *number = number_at(&file, map, channel, channel), before = *number;
            *number = channel % 2 ? 1.01f : -0.01f;
            file.head.untried_side = 0;
            judge_case(&file, scratch, &findings);
            assert_false(findings.implausible);
            file.head.untried_side = 80;
            judge_case(&file, scratch, &findings);
            assert_true(findings.implausible);
            *number = before;
        }
        judge_case(&file, scratch, &findings);
        assert_false(findings.implausible);
        for (size_t cell = 0; cell < map->width; cell++)
            for (size_t k = 0; k < 4; k++)
                *number_at(&file, map, k, cell) /= file.head.untried_side;
        judge_case(&file, scratch, &findings);
        assert_true(findings.implausible);
        case_free(&file);
    }
    findings_free(&findings);
    judge_scratch_free(scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_number_that_is_none_is_seen),
        cmocka_unit_test(test_large_numbers_are_finite),
        cmocka_unit_test(test_untried_tails),
    };
    return RUN_TESTS(tests);
}
