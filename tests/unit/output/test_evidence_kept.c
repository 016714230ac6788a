/* What is kept of an image, written and read: everything that is made of it is the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "output/evidence.h"
#include "output/record.h"
#include "result_fixture.h"
#include "unit.h"

enum { LENGTH_BYTES = 4 };

static int32_t same[] = {0, 1, 2, 3};

/* Of the data set's classes to themselves: what is kept has the data set's. */
static struct class_map kept_classes(void) {
    struct class_map classes = fixture_classes();
    classes.to_data = classes.to_model = same;
    return classes;
}

/* The fixture's image, judged, with errors planted in it. */
static struct image_result judged(void) {
    static struct planted_seen seen[] = {
        {PLANTED_MOVED, 1, {.judged = true, .margin = 2, .suggested = -1, .twin = -1}, {0}, 0},
        {PLANTED_MISSING, NO_LABEL, {0}, {0}, 0.25f},
    };
    struct image_result result = fixture_result();
    result.boxes[0].evidence.judged = result.boxes[1].evidence.judged = true;
    result.n_objects = result.n_missing;
    result.objects = result.missing;
    result.n_seen = 2;
    result.seen = seen;
    result.self_test = true;
    return result;
}

static void keep(const struct image_result *result, struct text *part) {
    const struct class_map classes = fixture_classes();
    text_clear(part);
    ASSERT_OK(evidence_write(result, &classes, part));
    size_t length = (unsigned char)part->data[0] + 256u * (unsigned char)part->data[1];
    assert_int_equal(part->length, LENGTH_BYTES + length);
}

static enum status read_back(const struct text *part, size_t length, struct kept_image *image) {
    return evidence_read((const unsigned char *)part->data + LENGTH_BYTES, length, image);
}

/* What thresholds decide is taken over: it is not kept. */
static void assert_same(const struct image_result *result, const struct text *part) {
    const struct class_map classes = fixture_classes(), kept = kept_classes();
    struct kept_image image = {0};
    struct text expected = {0}, found = {0};
    ASSERT_OK(read_back(part, part->length - LENGTH_BYTES, &image));
    image.result.bucket = result->bucket;
    assert_int_equal(image.result.n_boxes, result->n_boxes);
    for (size_t i = 0; i < result->n_boxes; i++)
        image.result.boxes[i].ruling = result->boxes[i].ruling;
    image.result.n_missing = image.result.n_objects;
    image.result.missing = image.result.objects;
    ASSERT_OK(record_write(result, &classes, &expected));
    ASSERT_OK(tally_line(result, &classes, &expected));
    ASSERT_OK(record_write(&image.result, &kept, &found));
    ASSERT_OK(tally_line(&image.result, &kept, &found));
    if (image.words)
        text_string(&found, image.words);
    assert_string_equal(found.data, expected.data);
    assert_int_equal(image.result.n_seen, result->n_seen);
    for (size_t i = 0; i < result->n_seen; i++) {
        assert_int_equal(image.result.seen[i].kind, result->seen[i].kind);
        assert_int_equal(image.result.seen[i].label, result->seen[i].label);
        assert_true(image.result.seen[i].wrong.margin == result->seen[i].wrong.margin);
        assert_true(image.result.seen[i].certainty == result->seen[i].certainty);
    }
    kept_image_free(&image);
    text_free(&expected);
    text_free(&found);
}

static void test_round_trip(void **state) {
    (void)state;
    struct text part = {0};
    struct image_result result = judged();
    keep(&result, &part);
    assert_same(&result, &part);
    result.label = "elsewhere/b.txt";
    keep(&result, &part);
    assert_same(&result, &part);
    fixture_pose(&result);
    keep(&result, &part);
    assert_same(&result, &part);
    result.boxes[1].evidence.task.pose.point = -1;
    keep(&result, &part);
    assert_same(&result, &part);
    result = (struct image_result){
        .name = "a.jpg", .error = "it is no picture", .bucket = BUCKET_FAILED};
    keep(&result, &part);
    assert_same(&result, &part);
    text_free(&part);
}

/* Of a picture that the self-test takes more of than the margins. */
static void test_words(void **state) {
    (void)state;
    static const struct hypothesis hypotheses[12] = {{3, 40},
                                                     {NO_HYPOTHESIS, 0},
                                                     {NO_HYPOTHESIS, 0},
                                                     {0, 0},
                                                     {NO_HYPOTHESIS, 0},
                                                     {2, 9},
                                                     {NO_HYPOTHESIS, 0},
                                                     {1, 200}};
    struct text part = {0};
    struct image_result result = judged();
    result.hypotheses = hypotheses;
    keep(&result, &part);
    assert_same(&result, &part);
    text_free(&part);
}

/* What networks of a task say besides, of labels and of objects without one, comes back. */
static void test_points(void **state) {
    (void)state;
    static const float numbers[] = {1, 2, 30, 2, 30, 40, 1, 40, 5, 6, 7, 8, 9, 10};
    static const struct detection objects[] = {
        {.class = 0,
         .confidence = 0.9f,
         .box = {0, 0, 9, 9},
         .certainty = 0.7f,
         .first = 8,
         .count = 6},
        {.class = 1, .confidence = 0.8f, .box = {0, 0, 9, 9}, .certainty = 0.6f}};
    struct text part = {0};
    struct image_result result = judged();
    result.numbers = numbers;
    result.boxes[0].evidence.judged = true;
    result.boxes[0].evidence.task = (struct task_evidence){
        .task = TASK_OBB, .agreement = 0.5f, .error = 31, .first = 0, .count = 8};
    result.objects = result.missing = objects;
    result.n_objects = result.n_missing = 2;
    keep(&result, &part);
    assert_same(&result, &part);
    text_free(&part);
}

/* Below the least threshold nothing is kept. */
static void test_objects(void **state) {
    (void)state;
    static const struct detection objects[] = {
        {.class = 0, .confidence = 0.9f, .box = {0, 0, 9, 9}, .certainty = 0.05f},
        {.class = 1, .confidence = 0.9f, .box = {0, 0, 9, 9}, .certainty = 0.0499f}};
    struct text part = {0};
    struct kept_image image = {0};
    struct image_result result = judged();
    result.n_objects = 2;
    result.objects = objects;
    keep(&result, &part);
    ASSERT_OK(read_back(&part, part.length - LENGTH_BYTES, &image));
    assert_int_equal(image.result.n_objects, 1);
    assert_true(image.objects[0].certainty == 0.05f);
    kept_image_free(&image);
    text_free(&part);
}

/* No end and no byte of it makes more of it than a failure. */
static void test_damage(void **state) {
    (void)state;
    struct text part = {0};
    struct image_result result = judged();
    keep(&result, &part);
    size_t length = part.length - LENGTH_BYTES;
    struct kept_image image = {0};
    for (size_t i = 0; i < length; i++) {
        unsigned char *bytes = malloc(i ? i : 1); /* so that a sanitizer sees what lies behind */
        assert_non_null(bytes);
        memcpy(bytes, part.data + LENGTH_BYTES, i);
        assert_int_equal(evidence_read(bytes, i, &image), STATUS_FAILED);
        free(bytes);
    }
    for (size_t i = 0; i < length; i++)
        for (int bit = 0; bit < 8; bit++) {
            part.data[LENGTH_BYTES + i] ^= (char)(1 << bit);
            read_back(&part, length, &image);
            part.data[LENGTH_BYTES + i] ^= (char)(1 << bit);
        }
    kept_image_free(&image);
    text_free(&part);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_words),
        cmocka_unit_test(test_points),     cmocka_unit_test(test_objects),
        cmocka_unit_test(test_damage),
    };
    return RUN_TESTS(tests);
}
