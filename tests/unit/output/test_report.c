/* The report. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "output/judged_as.h"
#include "output/report.h"
#include "result_fixture.h"
#include "temp_folder.h"
#include "unit.h"

struct fixture {
    char *folder;
    struct class_map classes;
    struct tally tally;
    struct rank_report ranks[2];
    struct report report;
};

/* Two mislabeled images, a correct one, two that failed. */
static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = temp_folder_make(NULL);
    f->classes = fixture_classes();
    assert_int_equal(tally_make(4, &f->tally), STATUS_OK);
    struct image_result result = fixture_result();
    for (int i = 0; i < 2; i++)
        assert_int_equal(tally_add(&f->tally, &result, &f->classes), STATUS_OK);
    static const struct label_file absent = {.absent = true};
    result = (struct image_result){.name = "b.jpg", .bucket = BUCKET_CORRECT, .labels = &absent};
    assert_int_equal(tally_add(&f->tally, &result, &f->classes), STATUS_OK);
    result = (struct image_result){.name = "z.jpg", .error = "empty", .bucket = BUCKET_FAILED};
    assert_int_equal(tally_add(&f->tally, &result, &f->classes), STATUS_OK);
    result.name = "c\xff.jpg";
    assert_int_equal(tally_add(&f->tally, &result, &f->classes), STATUS_OK);
    f->ranks[0] = (struct rank_report){0, "node\"1\"", "CPU", 3, 1.5};
    f->ranks[1] = (struct rank_report){1, "node2", "NVIDIA H100", 2, 0};
    static const struct unread_kind unread[] = {{".gif", 3}, {".heic", 1}};
    f->report =
        (struct report){.status = "complete",
                        .tally = &f->tally,
                        .classes = &f->classes,
                        .orphan_labels = 7,
                        .label_format = "yolo",
                        .n_unread_kinds = 2,
                        .unread_kinds = unread,
                        .n_ranks = 2,
                        .ranks = f->ranks,
                        .parameters = "{\"conf\": 0.25, \"name\": \"a/b\", \"rect\": false}",
                        .model = "/models/best.pt",
                        .dataset = "data.yaml",
                        .started = 1795401939.75,
                        .finished = 1795401951.0};
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    tally_free(&f->tally);
    temp_folder_remove(f->folder);
    free(f);
    return 0;
}

static struct json_object *write_and_parse(struct fixture *f) {
    if (report_write(f->folder, &f->report) != STATUS_OK)
        fail_msg("%s", status_message());
    char *bytes = file_get(below(f->folder, "verification_report.json"), NULL);
    struct json_object *object = json_tokener_parse(bytes);
    assert_non_null(object);
    free(bytes);
    return object;
}

/* Of the first class alone. */
static const char golden[] = "{\n"
                             "  \"status\": \"complete\",\n"
                             "  \"total_images\": 5,\n"
                             "  \"total_boxes\": 6,\n"
                             "  \"correct\": 2,\n"
                             "  \"mislabeled\": 2,\n"
                             "  \"uncertain\": 2,\n"
                             "  \"images\": {\n"
                             "    \"correct\": 1,\n"
                             "    \"mislabeled\": 2,\n"
                             "    \"uncertain\": 0,\n"
                             "    \"failed\": 2\n"
                             "  },\n"
                             "  \"missing_boxes\": 2,\n"
                             "  \"invalid_labels\": 4,\n"
                             "  \"orphan_labels\": 7,\n"
                             "  \"per_class\": [\n"
                             "    {\n"
                             "      \"id\": 0,\n"
                             "      \"name\": \"person\",\n"
                             "      \"boxes\": 2,\n"
                             "      \"correct\": 0,\n"
                             "      \"mislabeled\": 2,\n"
                             "      \"uncertain\": 0,\n"
                             "      \"missing\": 2\n"
                             "    }\n"
                             "  ],\n"
                             "  \"per_size\": [\n"
                             "    {\n"
                             "      \"size\": \"small\",\n"
                             "      \"from_area\": 0,\n"
                             "      \"below_area\": 1024,\n"
                             "      \"boxes\": 0,\n"
                             "      \"correct\": 0,\n"
                             "      \"mislabeled\": 0,\n"
                             "      \"uncertain\": 0,\n"
                             "      \"missing\": 0\n"
                             "    },\n"
                             "    {\n"
                             "      \"size\": \"medium\",\n"
                             "      \"from_area\": 1024,\n"
                             "      \"below_area\": 9216,\n"
                             "      \"boxes\": 4,\n"
                             "      \"correct\": 0,\n"
                             "      \"mislabeled\": 2,\n"
                             "      \"uncertain\": 2,\n"
                             "      \"missing\": 2\n"
                             "    },\n"
                             "    {\n"
                             "      \"size\": \"large\",\n"
                             "      \"from_area\": 9216,\n"
                             "      \"below_area\": null,\n"
                             "      \"boxes\": 2,\n"
                             "      \"correct\": 2,\n"
                             "      \"mislabeled\": 0,\n"
                             "      \"uncertain\": 0,\n"
                             "      \"missing\": 0\n"
                             "    }\n"
                             "  ],\n"
                             "  \"reasons\": {\n"
                             "    \"unknown_class\": 2,\n"
                             "    \"duplicate\": 0,\n"
                             "    \"class\": 2,\n"
                             "    \"location\": 0,\n"
                             "    \"contested\": 0,\n"
                             "    \"unseen\": 0,\n"
                             "    \"weak\": 0\n"
                             "  },\n"
                             "  \"judged_as\": {\n"
                             "    \"box\": 6,\n"
                             "    \"polygon\": 0,\n"
                             "    \"pose\": 0,\n"
                             "    \"obb\": 0\n"
                             "  },\n"
                             "  \"label_format\": \"yolo\",\n"
                             "  \"kpt_shape\": null,\n"
                             "  \"unlabelled_images\": 1,\n"
                             "  \"skipped_files\": {\n"
                             "    \".gif\": 3,\n"
                             "    \".heic\": 1\n"
                             "  },\n"
                             "  \"near_duplicates\": null,\n"
                             "  \"self_test\": null,\n"
                             "  \"swaps\": [\n"
                             "    {\n"
                             "      \"labelled\": 0,\n"
                             "      \"labelled_name\": \"person\",\n"
                             "      \"suggested\": 1,\n"
                             "      \"suggested_name\": \"tv\",\n"
                             "      \"count\": 2\n"
                             "    }\n"
                             "  ],\n"
                             "  \"failed_images\": [\n"
                             "    {\n"
                             "      \"image\": \"z.jpg\",\n"
                             "      \"reason\": \"empty\"\n"
                             "    },\n"
                             "    {\n"
                             "      \"image\": \"c\xef\xbf\xbd.jpg\",\n"
                             "      \"reason\": \"empty\"\n"
                             "    }\n"
                             "  ],\n"
                             "  \"per_rank\": [\n"
                             "    {\n"
                             "      \"rank\": 0,\n"
                             "      \"host\": \"node\\\"1\\\"\",\n"
                             "      \"device\": \"CPU\",\n"
                             "      \"images\": 3,\n"
                             "      \"seconds\": 1.5,\n"
                             "      \"images_per_second\": 2.0\n"
                             "    },\n"
                             "    {\n"
                             "      \"rank\": 1,\n"
                             "      \"host\": \"node2\",\n"
                             "      \"device\": \"NVIDIA H100\",\n"
                             "      \"images\": 2,\n"
                             "      \"seconds\": 0.0,\n"
                             "      \"images_per_second\": 0.0\n"
                             "    }\n"
                             "  ],\n"
                             "  \"parameters\": {\n"
                             "    \"conf\": 0.25,\n"
                             "    \"name\": \"a/b\",\n"
                             "    \"rect\": false\n"
                             "  },\n"
                             "  \"model\": \"/models/best.pt\",\n"
                             "  \"dataset\": \"data.yaml\",\n"
                             "  \"version\": \"" VERIFY_VERSION "\",\n"
                             "  \"started\": \"2026-11-23T02:45:39Z\",\n"
                             "  \"finished\": \"2026-11-23T02:45:51Z\",\n"
                             "  \"elapsed_seconds\": 11.25\n"
                             "}\n";

static void test_golden(void **state) {
    struct fixture *f = *state;
    f->tally.n_classes = 1;
    json_object_put(write_and_parse(f));
    assert_file(below(f->folder, "verification_report.json"), golden);
}

static int64_t number(struct json_object *object, const char *key) {
    struct json_object *value;
    if (!json_object_object_get_ex(object, key, &value))
        fail_msg("no %s", key);
    assert_true(json_object_is_type(value, json_type_int));
    return json_object_get_int64(value);
}

static void test_adds_up(void **state) {
    struct fixture *f = *state;
    struct json_object *report = write_and_parse(f);
    assert_int_equal(number(report, "correct") + number(report, "mislabeled") +
                         number(report, "uncertain"),
                     number(report, "total_boxes"));
    struct json_object *images = json_object_object_get(report, "images");
    assert_int_equal(number(images, "correct") + number(images, "mislabeled") +
                         number(images, "uncertain") + number(images, "failed"),
                     number(report, "total_images"));
    struct json_object *classes = json_object_object_get(report, "per_class");
    assert_int_equal(json_object_array_length(classes), 4);
    static const char *const keys[][2] = {{"boxes", "total_boxes"},
                                          {"correct", "correct"},
                                          {"mislabeled", "mislabeled"},
                                          {"uncertain", "uncertain"},
                                          {"missing", "missing_boxes"}};
    for (int k = 0; k < 5; k++) {
        int64_t sum = 0;
        for (size_t c = 0; c < 4; c++)
            sum += number(json_object_array_get_idx(classes, c), keys[k][0]);
        assert_int_equal(sum, number(report, keys[k][1]));
    }
    json_object_put(report);
}

static void test_swaps_largest_first(void **state) {
    struct fixture *f = *state;
    static const int32_t add[][3] = {{3, 1, 5}, {1, 3, 9}, {3, 0, 5}, {2, 0, 1}, {1, 9, 5}};
    static const int32_t want[][3] = {{1, 3, 9}, {1, 9, 5}, {3, 0, 5},
                                      {3, 1, 5}, {0, 1, 2}, {2, 0, 1}};
    for (int i = 0; i < 5; i++)
        assert_int_equal(tally_add_swaps(&f->tally, add[i][0], add[i][1], (uint64_t)add[i][2]),
                         STATUS_OK);
    struct json_object *report = write_and_parse(f);
    struct json_object *swaps = json_object_object_get(report, "swaps");
    assert_int_equal(json_object_array_length(swaps), 6);
    for (size_t i = 0; i < 6; i++) {
        struct json_object *swap = json_object_array_get_idx(swaps, i);
        assert_int_equal(number(swap, "labelled"), want[i][0]);
        assert_int_equal(number(swap, "suggested"), want[i][1]);
        assert_int_equal(number(swap, "count"), want[i][2]);
    }
    assert_string_equal(json_object_get_string(json_object_object_get(
                            json_object_array_get_idx(swaps, 1), "suggested_name")),
                        "class9");
    /* The tally keeps its own order. */
    assert_int_equal(f->tally.swaps[0].labelled, 0);
    json_object_put(report);
}

static void test_nothing_to_say(void **state) {
    struct fixture *f = *state;
    tally_free(&f->tally);
    assert_int_equal(tally_make(0, &f->tally), STATUS_OK);
    f->report.n_ranks = 0;
    f->report.parameters = "{}";
    f->report.status = "interrupted";
    f->report.started = f->report.finished = 0;
    struct json_object *report = write_and_parse(f);
    static const char *const empty[] = {"per_class", "swaps", "failed_images", "per_rank"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(json_object_array_length(json_object_object_get(report, empty[i])), 0);
    assert_string_equal(json_object_get_string(json_object_object_get(report, "status")),
                        "interrupted");
    assert_string_equal(json_object_get_string(json_object_object_get(report, "started")),
                        "1970-01-01T00:00:00Z");
    json_object_put(report);
}

static void test_replaced_and_nothing_left_over(void **state) {
    struct fixture *f = *state;
    const char *path = below(f->folder, "verification_report.json");
    const char *mine = below(f->folder, "mine");
    file_make(mine, "the user's");
    assert_int_equal(symlink("mine", path), 0);
    json_object_put(write_and_parse(f));
    assert_file(mine, "the user's"); /* not written through */
    assert_int_equal(count_below(f->folder, NULL), 2);

    /* What cannot be written leaves nothing behind, and what was there as it was. */
    char *before = file_get(path, NULL);
    f->report.parameters = "{\"conf\": ";
    assert_int_equal(report_write(f->folder, &f->report), STATUS_FAILED);
    f->report.parameters = "{}";
    assert_file(path, before);
    free(before);
    assert_int_equal(remove(path), 0);
    folder_make(path);
    assert_int_not_equal(report_write(f->folder, &f->report), STATUS_OK);
    assert_non_null(strstr(status_message(), path));
    assert_int_equal(count_below(f->folder, NULL), 2);
    const char *nowhere = below(f->folder, "nowhere");
    assert_int_not_equal(report_write(nowhere, &f->report), STATUS_OK);
    assert_non_null(strstr(status_message(), nowhere));
}

/* How many labels of the tally's six are so, and what is said of them. */
static void check_words(const struct tally *tally, uint64_t polygons, uint64_t quads,
                        uint64_t poses, const char *wanted) {
    struct text words = {0};
    tally->counts[TALLY_FORMS + LABEL_POLYGON] = polygons;
    tally->counts[TALLY_FORMS + LABEL_QUAD] = quads;
    tally->counts[TALLY_FORMS + LABEL_POSE] = poses;
    const struct judged_as judged = judged_as_of(tally);
    judged_as_words(&judged, &words);
    text_string(&words, ".");
    assert_int_equal(text_status(&words), STATUS_OK);
    assert_string_equal(words.data, wanted);
    text_free(&words);
}

static void test_judged_as(void **state) {
    struct fixture *f = *state;
    check_words(&f->tally, 0, 0, 0, ".");
    check_words(&f->tally, 1, 0, 0, "1 polygon.");
    check_words(&f->tally, 2, 3, 1, "5 polygons, 1 pose.");
    check_words(&f->tally, 0, 6, 0, "6 oriented boxes.");
    /* Those that are judged as they are are not named; the rest of a set of them is. */
    f->tally.counts[TALLY_WHOLE + LABEL_QUAD] = 4;
    check_words(&f->tally, 0, 2, 0, "2 oriented boxes.");
    const struct judged_as judged = judged_as_of(&f->tally);
    assert_int_equal(judged.whole, 4);
    assert_int_equal(judged.counts[JUDGED_BOX], 0);
    f->tally.counts[TALLY_WHOLE + LABEL_QUAD] = 0;
    f->tally.counts[TALLY_WHOLE + LABEL_POLYGON] = 3;
    check_words(&f->tally, 0, 3, 0, "3 polygons.");
    check_words(&f->tally, 0, 0, 0, ".");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_golden),         TEST(test_adds_up),
        TEST(test_judged_as),      TEST(test_swaps_largest_first),
        TEST(test_nothing_to_say), TEST(test_replaced_and_nothing_left_over),
    };
    return RUN_TESTS(tests);
}
