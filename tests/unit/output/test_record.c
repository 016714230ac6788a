/* Records and predictions as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "output/record.h"
#include "result_fixture.h"
#include "unit.h"

static struct text record(const struct image_result *result) {
    struct class_map classes = fixture_classes();
    struct text text = {0};
    assert_int_equal(record_write(result, &classes, &text), STATUS_OK);
    return text;
}

static void assert_record(const struct image_result *result, const char *golden) {
    struct text text = record(result);
    assert_string_equal(text.data, golden);
    text_free(&text);
}

static void test_golden_line(void **state) {
    (void)state;
    struct image_result result = fixture_result();
    assert_record(
        &result,
        "{\"image\": \"images/a.jpg\", \"label\": \"labels/a.txt\", \"split\": \"val\", "
        "\"bucket\": \"mislabeled\", \"score\": 3.12437e-05, "
        "\"width\": 640, \"height\": 480, \"boxes\": ["
        "{\"line\": 1, \"class\": 0, \"name\": \"person\", \"xywhn\": [0.5, 0.4, 0.1, 0.2], "
        "\"verdict\": \"mislabeled\", \"reason\": \"class\", \"score\": 0.000104752, "
        "\"suggested\": 1, \"suggested_name\": \"tv\", \"own\": 0.0004, \"rival\": 0.9812, "
        "\"contest\": 0.99, \"near\": 0.0012, \"margin\": 7.5826, "
        "\"shift\": 2.3026, \"ghost\": 1.2731, \"dup\": 0.0, \"location\": 0.0, "
        "\"refined\": null}, "
        "{\"line\": 3, \"class\": 1, \"name\": \"tv\", "
        "\"xywhn\": [0.25, 0.333333, 0.5, 0.333333], "
        "\"verdict\": \"correct\", \"reason\": null, \"score\": 1.0, \"suggested\": null, "
        "\"suggested_name\": null, \"own\": 1.0, \"rival\": 0.0, \"contest\": 0.0, "
        "\"near\": 0.0, \"margin\": -6.9, "
        "\"shift\": 0.0, \"ghost\": 0.0, \"dup\": 0.5, \"location\": 0.91, "
        "\"refined\": [0.25, 0.604167, 0.5, 0.791667]}, "
        "{\"line\": 4, \"class\": 3, \"name\": \"unicorn\", \"xywhn\": [0.1, 0.1, 0.1, 0.1], "
        "\"verdict\": \"uncertain\", \"reason\": \"unknown_class\", \"score\": 1.0, "
        "\"suggested\": null, \"suggested_name\": null, \"own\": 0.0, \"rival\": 0.0, "
        "\"contest\": 0.0, \"near\": 0.0, \"margin\": 0.0, "
        "\"shift\": 0.0, \"ghost\": 0.0, \"dup\": 0.0, \"location\": 0.0, \"refined\": null}], "
        "\"missing\": [{\"class\": 0, \"name\": \"person\", \"confidence\": 0.81, "
        "\"score\": 0.344556, \"xywhn\": [0.05, 0.05, 0.1, 0.1]}], "
        "\"invalid\": [{\"line\": 2, \"reason\": \"class 80 is \\\"bad\\\"\"}, "
        "{\"line\": 0, \"reason\": \"not a file\"}], \"error\": null}\n");
}

static void test_pose(void **state) {
    (void)state;
    struct image_result result = fixture_result();
    fixture_pose(&result);
    struct text text = record(&result);
    assert_non_null(strstr(text.data,
                           "0.791667], \"oks\": 0.75, \"point_error\": 0.25, \"point\": 1, "
                           "\"swapped\": true, \"absent\": 2, \"invented\": 3, "
                           "\"refined_points\": [0.1, 0.2, 2.0, 0.5, 0.025, 0.0]}"));
    text_free(&text);
    result.boxes[1].evidence.task.pose = (struct pose_evidence){.point = -1, .values = 2};
    text = record(&result);
    assert_non_null(strstr(text.data, "\"point\": null, \"swapped\": false, "));
    text_free(&text);
}

static void test_golden_background(void **state) {
    (void)state;
    struct image_result result = {
        .name = "b.png", .bucket = BUCKET_CORRECT, .score = 1, .width = 1, .height = 2};
    const char *golden = "{\"image\": \"b.png\", \"label\": null, \"split\": null, \"bucket\": "
                         "\"correct\", \"score\": 1.0, "
                         "\"width\": 1, \"height\": 2, \"boxes\": [], \"missing\": [], "
                         "\"invalid\": [], \"error\": null}\n";
    assert_record(&result, golden);
    struct label_file labels = {0};
    result.labels = &labels;
    assert_record(&result, golden);
}

static void test_golden_failed(void **state) {
    (void)state;
    struct image_result result = {
        .name = "c.jpg", .error = "the file is truncated", .bucket = BUCKET_FAILED};
    struct image_result other = fixture_result();
    result.labels = other.labels;
    assert_record(&result,
                  "{\"image\": \"c.jpg\", \"label\": null, \"split\": null, \"bucket\": null, "
                  "\"score\": 0.0, \"width\": 0, "
                  "\"height\": 0, \"boxes\": [], \"missing\": [], \"invalid\": [{\"line\": 2, "
                  "\"reason\": \"class 80 is \\\"bad\\\"\"}, {\"line\": 0, \"reason\": "
                  "\"not a file\"}], \"error\": \"the file is truncated\"}\n");
}

static struct json_object *parse_with(const char *json, size_t length, int flags) {
    struct json_tokener *tokener = json_tokener_new();
    json_tokener_set_flags(tokener, flags);
    struct json_object *object = json_tokener_parse_ex(tokener, json, (int)length);
    assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
    json_tokener_free(tokener);
    assert_non_null(object);
    return object;
}

/* Parses a line; the whole of it must be one JSON object, valid UTF-8. In its strict mode
 * json-c 0.18 refuses letters beyond ASCII. */
static struct json_object *parse(const struct text *text) {
    size_t length = text->length - 1;
    assert_int_equal(text->data[length], '\n');
    assert_ptr_equal(memchr(text->data, '\n', text->length), text->data + length);
    char *ascii = malloc(length);
    assert_non_null(ascii);
    for (size_t i = 0; i < length; i++)
        ascii[i] = (unsigned char)text->data[i] < 0x80 ? text->data[i] : 'x';
    json_object_put(parse_with(ascii, length, JSON_TOKENER_STRICT));
    free(ascii);
    return parse_with(text->data, length, JSON_TOKENER_VALIDATE_UTF8);
}

static void test_strange_strings(void **state) {
    (void)state;
    struct image_result result = fixture_result();
    result.name =
        "a \"b\"\\\n\r\t\x01\x7f/\xe6\x97\xa5\xf0\x9f\x98\x80/\xff\xc0\xaf\xed\xa0\x80.jpg";
    result.error = "\xc3(";
    result.boxes[0].label.class = 2;
    struct text text = record(&result);
    struct json_object *object = parse(&text);
    assert_string_equal(
        json_object_get_string(json_object_object_get(object, "image")),
        "a \"b\"\\\n\r\t\x01\x7f/\xe6\x97\xa5\xf0\x9f\x98\x80/"
        "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd.jpg");
    assert_string_equal(json_object_get_string(json_object_object_get(object, "error")),
                        "\xef\xbf\xbd(");
    struct json_object *box = json_object_array_get_idx(json_object_object_get(object, "boxes"), 0);
    assert_string_equal(json_object_get_string(json_object_object_get(box, "name")),
                        "say \"hi\"\n\xc3\xa9\xef\xbf\xbd");
    json_object_put(object);
    text_free(&text);
}

static void test_not_a_number(void **state) {
    (void)state;
    struct image_result result = fixture_result();
    struct evidence *evidence = &result.boxes[0].evidence;
    evidence->own = evidence->shift = NAN;
    evidence->rival = evidence->margin = evidence->contest = INFINITY;
    evidence->near = NAN;
    evidence->ghost = evidence->dup = evidence->location = -INFINITY;
    evidence->has_refined = true;
    evidence->refined[2] = NAN;
    result.boxes[1].evidence.refined[0] = -INFINITY;
    result.boxes[1].label.xywhn[3] = NAN;
    result.score = result.boxes[0].score = NAN;
    struct detection missing = {
        .class = PERSON_OF_MODEL, .confidence = NAN, .box = {0, 0, INFINITY, 48}, .certainty = NAN};
    result.missing = &missing;
    struct text text = record(&result);
    struct json_object *object = parse(&text);
    assert_true(json_object_object_get_ex(object, "score", NULL));
    assert_null(json_object_object_get(object, "score"));
    struct json_object *boxes = json_object_object_get(object, "boxes");
    static const char *const keys[] = {"score", "own",   "rival", "contest",  "near",   "margin",
                                       "shift", "ghost", "dup",   "location", "refined"};
    for (int i = 0; i < 11; i++) {
        struct json_object *value;
        assert_true(
            json_object_object_get_ex(json_object_array_get_idx(boxes, 0), keys[i], &value));
        assert_null(value);
    }
    struct json_object *second = json_object_array_get_idx(boxes, 1);
    assert_null(json_object_object_get(second, "refined"));
    assert_null(json_object_array_get_idx(json_object_object_get(second, "xywhn"), 3));
    struct json_object *object_missing =
        json_object_array_get_idx(json_object_object_get(object, "missing"), 0);
    assert_null(json_object_object_get(object_missing, "confidence"));
    assert_null(json_object_object_get(object_missing, "score"));
    assert_null(json_object_object_get(object_missing, "xywhn"));
    json_object_put(object);
    text_free(&text);
}

/* Classes beyond either map. */
static void test_strange_classes(void **state) {
    (void)state;
    struct image_result result = fixture_result();
    result.boxes[0].label.class = 7;
    result.boxes[0].evidence.suggested = 4;
    result.boxes[1].label.class = 2147483647;
    result.boxes[1].evidence.suggested = -1;
    struct detection missing = {
        .class = DOG_OF_MODEL, .confidence = 0.5f, .box = {0, 0, 64, 48}, .certainty = 0.5f};
    result.missing = &missing;
    struct text text = record(&result);
    assert_non_null(strstr(text.data, "\"class\": 7, \"name\": \"class7\""));
    assert_non_null(strstr(text.data, "\"class\": 2147483647, \"name\": \"class2147483647\""));
    assert_null(strstr(text.data, "\"suggested\": 4"));
    assert_non_null(strstr(text.data, "{\"class\": null, \"name\": null, \"confidence\": 0.5"));
    json_object_put(parse(&text));
    text_free(&text);
}

static void test_refined_outside_the_picture(void **state) {
    (void)state;
    struct image_result result = fixture_result();
    static const float outside[] = {700, 500, 800, 600};
    memcpy(result.boxes[1].evidence.refined, outside, sizeof outside);
    struct text text = record(&result);
    assert_non_null(strstr(text.data, "\"refined\": [1.0, 1.0, 0.0, 0.0]"));
    text_free(&text);
    result.width = 0; /* never a division by nothing */
    text = record(&result);
    json_object_put(parse(&text));
    assert_null(strstr(text.data, "\"refined\": ["));
    text_free(&text);
}

/* Written one after the other, as the records are. */
static void test_appends(void **state) {
    (void)state;
    struct image_result result = fixture_result();
    struct class_map classes = fixture_classes();
    struct text once = record(&result), twice = record(&result);
    assert_int_equal(record_write(&result, &classes, &twice), STATUS_OK);
    assert_int_equal(twice.length, 2 * once.length);
    assert_memory_equal(twice.data + once.length, once.data, once.length);
    text_free(&once);
    text_free(&twice);
}

static void test_bucket(void **state) {
    (void)state;
    struct image_result result = fixture_result();
    assert_int_equal(bucket_of(&result), BUCKET_MISLABELED);
    result.error = "unreadable";
    assert_int_equal(bucket_of(&result), BUCKET_FAILED);
    result.error = NULL;
    /* Each single reason for uncertain. */
    result.boxes[0].ruling.verdict = VERDICT_CORRECT;
    assert_int_equal(bucket_of(&result), BUCKET_UNCERTAIN);
    result.n_missing = 0;
    result.labels = NULL;
    assert_int_equal(bucket_of(&result), BUCKET_UNCERTAIN); /* the third box */
    result.boxes[2].ruling.verdict = VERDICT_CORRECT;
    assert_int_equal(bucket_of(&result), BUCKET_CORRECT);
    result.n_missing = 1;
    assert_int_equal(bucket_of(&result), BUCKET_UNCERTAIN);
    result.n_missing = 0;
    struct label_file labels = {.present = true};
    result.labels = &labels;
    assert_int_equal(bucket_of(&result), BUCKET_CORRECT);
    labels.n_invalid = 1;
    assert_int_equal(bucket_of(&result), BUCKET_UNCERTAIN);
    /* A mislabeled box outweighs an uncertain one before or after it. */
    result.boxes[1].ruling.verdict = VERDICT_UNCERTAIN;
    result.boxes[2].ruling.verdict = VERDICT_MISLABELED;
    assert_int_equal(bucket_of(&result), BUCKET_MISLABELED);
    result.n_boxes = 0;
    labels.n_invalid = 0;
    assert_int_equal(bucket_of(&result), BUCKET_CORRECT);
    assert_string_equal(bucket_name(BUCKET_CORRECT), "correct");
    assert_string_equal(bucket_name(BUCKET_MISLABELED), "mislabeled");
    assert_string_equal(bucket_name(BUCKET_UNCERTAIN), "uncertain");
    assert_null(bucket_name(BUCKET_FAILED));
}

/* ------------------------------------------------------------- predictions */

static const struct detection predictions[] = {
    {.class = TV_OF_MODEL, .confidence = 0.987654f, .box = {-5, 10.1234f, 100.5f, 200}},
    {.class = DOG_OF_MODEL,
     .confidence = 0.9f,
     .box = {0, 0, 10, 10}}, /* not a class of the data set */
    {.class = PERSON_OF_MODEL, .confidence = 0.25f, .box = {600, 400, 700, 500}},
    {.class = PERSON_OF_MODEL,
     .confidence = 0.25f,
     .box = {650, 0, 660, 10}}, /* outside the picture */
    {.class = PERSON_OF_MODEL, .confidence = 0.25f, .box = {NAN, 0, 660, 10}},
    {.class = PERSON_OF_MODEL, .confidence = NAN, .box = {0, 0, 10, 10}},
};

static void test_predictions(void **state) {
    (void)state;
    struct image_result result = fixture_result();
    struct class_map classes = fixture_classes();
    result.predictions = predictions;
    result.n_predictions = 6;
    struct text text = {0};
    assert_int_equal(predictions_write(&result, &classes, &text), STATUS_OK);
    assert_string_equal(text.data, "{\"image_id\": \"a\", \"file_name\": \"images/a.jpg\", "
                                   "\"category_id\": 1, \"bbox\": [0.0, 10.123, 100.5, 189.877], "
                                   "\"score\": 0.98765},\n"
                                   "{\"image_id\": \"a\", \"file_name\": \"images/a.jpg\", "
                                   "\"category_id\": 0, \"bbox\": [600.0, 400.0, 40.0, 80.0], "
                                   "\"score\": 0.25},\n");
    text_clear(&text);
    assert_int_equal(predicted_label_write(&result, &classes, &text), STATUS_OK);
    assert_string_equal(text.data, "1 0.078516 0.218879 0.157031 0.395576\n"
                                   "0 0.96875 0.916667 0.0625 0.166667\n");
    text_clear(&text);
    result.n_predictions = 0;
    assert_int_equal(predictions_write(&result, &classes, &text), STATUS_OK);
    assert_int_equal(predicted_label_write(&result, &classes, &text), STATUS_OK);
    assert_int_equal(text.length, 0);
    text_free(&text);
}

static void test_image_ids(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"train2017/000000000009.jpg", "9"},
        {"0.png", "0"},
        {"0000", "0"},
        {"123456789012345.jpg", "123456789012345"},
        {"0001234567890123456.jpg", "\"0001234567890123456\""},
        {"12a.jpg", "\"12a\""},
        {"-1.jpg", "\"-1\""},
        {"1.5.jpg", "\"1.5\""},
        {"12/a.b.jpg", "\"a.b\""},
        {".jpg", "\".jpg\""},
        {"x/\"q\".jpg", "\"\\\"q\\\"\""},
    };
    struct image_result result = fixture_result();
    struct class_map classes = fixture_classes();
    result.predictions = predictions;
    result.n_predictions = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        result.name = cases[i][0];
        struct text text = {0};
        char start[128];
        snprintf(start, sizeof start, "{\"image_id\": %s, \"file_name\": ", cases[i][1]);
        assert_int_equal(predictions_write(&result, &classes, &text), STATUS_OK);
        assert_true(text.length > strlen(start));
        text.data[strlen(start)] = '\0';
        assert_string_equal(text.data, start);
        text_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_line),
        cmocka_unit_test(test_pose),
        cmocka_unit_test(test_golden_background),
        cmocka_unit_test(test_golden_failed),
        cmocka_unit_test(test_strange_strings),
        cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_strange_classes),
        cmocka_unit_test(test_refined_outside_the_picture),
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_predictions),
        cmocka_unit_test(test_image_ids),
    };
    return RUN_TESTS(tests);
}
