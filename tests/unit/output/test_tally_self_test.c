/* The self-test's words in an image's line: written, counted, refused where they are damaged; and
 * what the report makes of the counts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/report_self_test.h"
#include "output/tally.h"
#include "result_fixture.h"
#include "unit.h"

enum { MODEL_CLASSES = 4, BOXES = 3 };

/* Of the fixture's labels, by the model's classes: tv, person, one that the data set lacks, the
 * escaped one. The last label is of a class that the model does not know. */
static const struct hypothesis hypotheses[BOXES * MODEL_CLASSES] = {
    {3, 200},
    {NO_HYPOTHESIS, 0},
    {NO_HYPOTHESIS, 0},
    {14, 0},
    {NO_HYPOTHESIS, 0},
    {3, 0},
    {NO_HYPOTHESIS, 0},
    {3, 7},
    {9, 9},
    {9, 9},
    {9, 9},
    {9, 9},
};

static struct image_result result_with_self_test(void) {
    static struct planted_result planted[] = {
        {PLANTED_MOVED, true, REASON_LOCATION},
        {PLANTED_MISSING, true, REASON_NONE},
        {PLANTED_UNSEEN, false, REASON_NONE},
        {PLANTED_MOVED, true, REASON_WEAK},
    };
    struct image_result result = fixture_result();
    result.boxes[0].evidence.judged = result.boxes[1].evidence.judged = true;
    result.self_test = true;
    result.hypotheses = hypotheses;
    result.planted = planted;
    result.n_planted = 4;
    return result;
}

#define BOX_WORDS  "1 2 b0.1.3.1>1 b1.0.0.2 b3.2.1.1 m0.1"
#define SELF_WORDS " s0.n.-do-,1:200 s1.a.d-d-,2:7 p0.3 p3.0 p1 p0.%d" /* REASON_WEAK */

static void test_words(void **state) {
    (void)state;
    struct class_map classes = fixture_classes();
    struct image_result result = result_with_self_test();
    struct text line = {0};
    assert_int_equal(tally_line(&result, &classes, &line), STATUS_OK);
    char want[200];
    snprintf(want, sizeof want, BOX_WORDS " s0.n.-do-,1:200 s1.a.d-d-,2:7 p0.%d p3.0 p1 p0.%d",
             REASON_LOCATION, REASON_WEAK);
    assert_string_equal(line.data, want);
    text_free(&line);
}

/* Of an image that is not chosen the margins count, and nothing else. */
static void test_margins_alone(void **state) {
    (void)state;
    struct class_map classes = fixture_classes();
    struct image_result result = result_with_self_test();
    struct text line = {0};
    struct tally tally;
    result.hypotheses = NULL;
    result.n_planted = 0;
    assert_int_equal(tally_line(&result, &classes, &line), STATUS_OK);
    assert_string_equal(line.data, BOX_WORDS " s0.n. s1.a.");
    assert_int_equal(tally_make(4, &tally), STATUS_OK);
    assert_int_equal(tally_apply(&tally, 0, line.data), STATUS_OK);
    const struct self_test_sums *sums = &tally.self_test;
    assert_int_equal(sums->counts[SUMS_MARGINS + 13], 1);
    assert_int_equal(sums->counts[SUMS_MARGINS], 1);
    for (size_t i = SUMS_OTHERS; i < sums->length; i++)
        assert_int_equal(sums->counts[i], 0);
    tally_free(&tally);
    text_free(&line);
}

/* Data sets of more classes have no pairs. */
static void test_many_classes(void **state) {
    (void)state;
    enum { MANY = PAIRED_CLASSES + 1 };
    static int32_t same[MANY];
    static char *names[MANY];
    static struct hypothesis all[MANY];
    for (int i = 0; i < MANY; i++) {
        same[i] = i;
        names[i] = "thing";
        all[i] = (struct hypothesis){i % 2 ? 14 : 2, 3};
    }
    all[0].bin = NO_HYPOTHESIS;
    const struct class_map classes = {
        .n_data = MANY, .n_model = MANY, .to_model = same, .to_data = same, .names = names};
    struct box_result box = {.evidence = {.judged = true, .margin = -1, .suggested = -1}};
    const struct image_result result = {.n_boxes = 1,
                                        .boxes = &box,
                                        .self_test = true,
                                        .hypotheses = all,
                                        .width = 9,
                                        .height = 9,
                                        .imgsz = 9};
    struct text line = {0};
    struct tally tally;
    assert_int_equal(tally_line(&result, &classes, &line), STATUS_OK);
    assert_string_equal(line.data, "0 0 b0.0.0.0 s0.a.c200o200");
    assert_int_equal(tally_make(MANY, &tally), STATUS_OK);
    assert_int_equal(tally_apply(&tally, 0, line.data), STATUS_OK);
    assert_int_equal(tally.self_test.length, SUMS_PAIRS);
    assert_null(self_test_pair(&tally.self_test, 0, 1));
    assert_int_equal(tally.self_test.counts[SUMS_OTHERS + 2], 200);
    assert_int_equal(tally.self_test.counts[SUMS_OTHERS + 14], 200);
    tally_free(&tally);
    text_free(&line);
}

static void test_counts(void **state) {
    (void)state;
    struct tally tally;
    assert_int_equal(tally_make(4, &tally), STATUS_OK);
    char words[200];
    snprintf(words, sizeof words, BOX_WORDS SELF_WORDS, REASON_WEAK);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(tally_apply(&tally, i, words), STATUS_OK);
    /* A class beyond the tally's, and one label with the same other class in another bin. */
    assert_int_equal(tally_apply(&tally, 3, "0 0 s9.b.a4 s0.n.-e-2,1:5"), STATUS_OK);
    const struct self_test_sums *sums = &tally.self_test;
    const uint64_t *margins = sums->counts + SUMS_MARGINS, *others = sums->counts + SUMS_OTHERS;
    assert_int_equal(margins[0], 3);
    assert_int_equal(margins[1], 1);
    assert_int_equal(margins[13], 4);
    assert_int_equal(others[3], 9);
    assert_int_equal(others[14], 3);
    assert_int_equal(others[0], 4);
    const uint64_t *pair = self_test_pair(sums, 0, 1);
    assert_int_equal(pair[3], 3);
    assert_int_equal(pair[4], 1);
    assert_int_equal(pair[PAIR_EVIDENCE], 605);
    assert_int_equal(self_test_pair(sums, 1, 2)[PAIR_EVIDENCE], 21);
    assert_int_equal(self_test_pair(sums, 0, 0)[3], 0);
    struct text text = {0};
    struct self_test test = self_test_make(sums, 3.5);
    assert_int_equal(test.labels, 8);
    assert_true(isnan(test.share) && isnan(test.row.precision));
    report_self_test(&text, &test, sums);
    assert_int_equal(text_status(&text), STATUS_OK);
    assert_string_equal(
        text.data,
        "\"self_test\": {\"wrong_class\": {\"labels\": 8, \"estimated_share\": null, "
        "\"recall_any_class\": null, \"recall_look_alike\": null, \"precision\": null, \"table\": "
        "[]}, \"moved\": {\"planted\": 6, \"found\": 3, \"by_reason\": {\"duplicate\": 0, "
        "\"class\": 3, \"location\": 0, \"contested\": 0, \"unseen\": 0, \"weak\": 3}}, "
        "\"unseen\": {\"planted\": 3, \"found\": 0, \"by_reason\": {\"duplicate\": 0, \"class\": "
        "0, \"location\": 0, \"contested\": 0, \"unseen\": 0, \"weak\": 0}}, \"duplicate\": "
        "{\"planted\": 0, \"found\": 0, \"by_reason\": {\"duplicate\": 0, \"class\": 0, "
        "\"location\": 0, \"contested\": 0, \"unseen\": 0, \"weak\": 0}}, \"missing\": "
        "{\"planted\": 3, \"found\": 3, \"by_reason\": {\"missing\": 3}}}");
    text_free(&text);
    tally_free(&tally);
}

/* What is no word, each for one reason. */
static const char *const damaged[] = {
    "0 0 s",
    "0 0 s0",
    "0 0 s0.",
    "0 0 s0.a",
    "0 0 s0.p.a",
    "0 0 s0.-.a",
    "0 0 s-1.a.a",
    "0 0 s2147483648.a.a",
    "0 0 s0.a.p",
    "0 0 s0.a.a5",
    "0 0 s0.a.a2b3",
    "0 0 s0.a.a99999999999999999999999",
    "0 0 s0.a.4",
    "0 0 s0.a.a,4:1",
    "0 0 s0.a.a,1",
    "0 0 s0.a.a,1:",
    "0 0 s0.a.a,1:201",
    "0 0 s0.a.a,:1",
    "0 0 s0.a.a ",
    "0 0 p",
    "0 0 p5",
    "0 0 p0.",
    "0 0 p0.99",
    "0 0 p-1",
    "0 0 p0.1.1",
    "3 0 s0.a.a",
};

static void test_damaged(void **state) {
    (void)state;
    struct tally tally;
    assert_int_equal(tally_make(4, &tally), STATUS_OK);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        if (tally_apply(&tally, 12, damaged[i]) != STATUS_FAILED)
            fail_msg("taken: \"%s\"", damaged[i]);
    for (size_t i = 0; i < tally.self_test.length; i++)
        assert_int_equal(tally.self_test.counts[i], 0);
    tally_free(&tally);
}

static void test_left_out(void **state) {
    (void)state;
    struct text text = {0};
    report_self_test(&text, NULL, NULL);
    assert_string_equal(text.data, "\"self_test\": null");
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),        cmocka_unit_test(test_margins_alone),
        cmocka_unit_test(test_many_classes), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_damaged),      cmocka_unit_test(test_left_out),
    };
    return RUN_TESTS(tests);
}
