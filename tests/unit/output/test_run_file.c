/* Which run an output folder belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/run_file.h"
#include "output/run_lock.h"
#include "output/work_folder.h"
#include "place_fixture.h"
#include "unit.h"

/* ---------------------------------------------------------------- run.json */

enum { PARTS = 4 };

static const struct run_part usual[PARTS] = {
    {"the model", "0123456789abcdef", true},
    {"--imgsz", "640", false},
    {"--split", "", false},
    {"--data", "say \"caf\xe9\"\n/a", false},
};

static enum status start(const char *output, const struct run_part *parts, bool resume,
                         struct run_start *out) {
    return run_file_start(output, &(struct run_parts){PARTS, parts, NULL, NULL}, resume, false, out);
}

static void assert_start(const char *output, bool resume, enum run_state state, unsigned epoch) {
    struct run_start started;
    assert_ok(start(output, usual, resume, &started));
    assert_int_equal(started.state, state);
    assert_int_equal(started.epoch, epoch);
}

static void test_epochs(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_start(f->output, false, RUN_FRESH, 0);
    for (unsigned epoch = 1; epoch < 5; epoch++)
        assert_start(f->output, true, RUN_CONTINUED, epoch);
    /* Only --resume touches it. */
    char *before = file_get(below(f->output, ".verify/run.json"), NULL);
    struct run_start started;
    assert_int_equal(start(f->output, usual, false, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "--resume"));
    assert_non_null(strstr(status_message(), "--overwrite"));
    assert_file(below(f->output, ".verify/run.json"), before);
    free(before);
    size_t hidden;
    assert_int_equal(count_below(f->output, &hidden), 2);
    assert_int_equal(hidden, 1);
}

/* Killed before anything was made, or just after the folder was. */
static void test_nothing_to_resume(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_start(f->output, true, RUN_FRESH, 0);
    assert_ok(work_folder_remove(f->output, WORK_ALL));
    file_make(below(f->output, ".verify/journal.0.0"), "of a run that is not known any more");
    assert_start(f->output, true, RUN_FRESH, 0);
    assert_false(is_there(below(f->output, ".verify/journal.0.0")));
    file_make(below(f->output, ".verify/journal.0.0"), "");
    assert_start(f->output, true, RUN_CONTINUED, 1);
    assert_true(is_there(below(f->output, ".verify/journal.0.0")));
}

static void test_differences(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_start(f->output, false, RUN_FRESH, 0);
    static const struct {
        size_t part;
        const char *value, *said;
    } cases[] = {
        {1, "320", "--resume: --imgsz was 640 and is 320 now: give the same"},
        {1, "6400", "--imgsz was 640 and is 6400 now"},
        {2, "val", "--split was not given and is val now"},
        {1, "", "--imgsz was 640 and is not given now"},
        {0, "1123456789abcdef", "--resume: the model is not what it was"},
        {3, "say \"caf", "--data was "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_part parts[PARTS];
        struct run_start started;
        memcpy(parts, usual, sizeof parts);
        parts[cases[i].part].value = cases[i].value;
        /* One that differs behind it is not told. */
        if (cases[i].part < 3)
            parts[3].value = "/b";
        assert_int_equal(start(f->output, parts, true, &started), STATUS_BAD_INPUT);
        if (!strstr(status_message(), cases[i].said))
            fail_msg("it says: %s", status_message());
        assert_non_null(strstr(status_message(), "--overwrite"));
        assert_null(strstr(status_message(), "0123456789abcdef"));
        if (cases[i].part < 3)
            assert_null(strstr(status_message(), "/b"));
    }
    struct run_part more[PARTS];
    struct run_start started;
    memcpy(more, usual, sizeof more);
    more[2].name = "--new";
    assert_int_equal(start(f->output, more, true, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "--new"));
    /* None of this counted as a start. */
    assert_start(f->output, true, RUN_CONTINUED, 1);
}

static void test_damaged_run(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "run.json is damaged"},
        {"{\"version\": ", "run.json is damaged"},
        {"[]", "run.json is damaged"},
        {"{}", "unknown version"},
        {"{\"version\": \"9.9\"}", "begun by verify 9.9"},
        {"{\"version\": \"" VERIFY_VERSION "\", \"epoch\": 0}", "what the model was"},
        {"{\"version\": \"" VERIFY_VERSION "\", \"epoch\": 0, \"parts\": 3}", "what the model was"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_start started;
        file_make(below(f->output, ".verify/run.json"), cases[i].text);
        assert_int_equal(start(f->output, usual, true, &started), STATUS_BAD_INPUT);
        if (!strstr(status_message(), cases[i].said))
            fail_msg("it says: %s", status_message());
        assert_non_null(strstr(status_message(), i < 3 ? "--output" : "--overwrite"));
    }
    static const char *const epochs[] = {"-1", "\"1\"", "99999999999", "1.5", "null"};
    for (int i = 0; i < 5; i++) {
        char text[200];
        struct run_start started;
        struct run_parts none = {0};
        snprintf(text, sizeof text, "{\"version\": \"" VERIFY_VERSION "\", \"epoch\": %s}",
                 epochs[i]);
        file_make(below(f->output, ".verify/run.json"), text);
        assert_int_equal(run_file_start(f->output, &none, true, false, &started), STATUS_BAD_INPUT);
        assert_non_null(strstr(status_message(), "epoch"));
    }
    /* One that does not tell when it began is continued all the same. */
    static const char *const stamps[] = {"\"epoch\": 0", "\"epoch\": 0, \"stamp\": 7",
                                         "\"epoch\": 0, \"stamp\": []"};
    for (int i = 0; i < 3; i++) {
        char text[200];
        struct run_start started;
        struct run_parts none = {0};
        snprintf(text, sizeof text, "{\"version\": \"" VERIFY_VERSION "\", %s}", stamps[i]);
        file_make(below(f->output, ".verify/run.json"), text);
        assert_ok(run_file_start(f->output, &none, true, false, &started));
        assert_int_equal(started.state, RUN_CONTINUED);
        assert_int_equal(started.stamp.tv_sec, 0);
    }
}

static void make_results(const struct fixture *f) {
    file_make(below(f->output, "verification_report.json"), "{}");
    file_make(below(f->output, "verification_records.jsonl"), "{}");
}

static const struct run_counts clean = {
    .read_images = 3, .invalid_lines = 1, .mislabeled_boxes = 2};

static void test_complete(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_start(f->output, false, RUN_FRESH, 0);
    file_make(below(f->output, ".verify/journal.0.0"), "");
    make_results(f);
    assert_ok(run_file_finish(f->output, &clean));
    assert_false(is_there(below(f->output, ".verify/journal.0.0")));
    struct run_start started;
    assert_ok(start(f->output, usual, true, &started));
    assert_int_equal(started.state, RUN_COMPLETE);
    assert_memory_equal(&started.counts, &clean, sizeof clean);
    /* It may have been killed before all that it needs no more was gone. */
    file_make(below(f->output, ".verify/journal.0.0"), "");
    assert_ok(start(f->output, usual, true, &started));
    assert_int_equal(started.state, RUN_COMPLETE);
    assert_false(is_there(below(f->output, ".verify/journal.0.0")));
    /* The same is asked of it as of an interrupted run. */
    struct run_part parts[PARTS];
    memcpy(parts, usual, sizeof parts);
    parts[1].value = "320";
    assert_int_equal(start(f->output, parts, true, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "--imgsz was 640 and is 320 now"));
    /* Another start is refused for the results, and free once they are gone. */
    assert_int_equal(start(f->output, usual, false, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "holds results already"));
    unlink(below(f->output, "verification_report.json"));
    assert_int_equal(start(f->output, usual, true, &started), STATUS_BAD_INPUT);
    unlink(below(f->output, "verification_records.jsonl"));
    assert_start(f->output, false, RUN_FRESH, 0);
}

/* What failed is tried again, with what is known of the other images. */
static void test_complete_with_failures(void **state) {
    struct fixture *f = *state;
    const struct run_counts counts = {.read_images = 2, .failed_images = 1};
    folder_make(f->output);
    assert_start(f->output, false, RUN_FRESH, 0);
    file_make(below(f->output, ".verify/journal.0.0"), "");
    make_results(f);
    assert_ok(run_file_finish(f->output, &counts));
    assert_true(is_there(below(f->output, ".verify/journal.0.0")));
    assert_start(f->output, true, RUN_CONTINUED, 1);
    assert_true(is_there(below(f->output, ".verify/journal.0.0")));
    /* It is a run under way again. */
    struct run_start started;
    assert_int_equal(start(f->output, usual, false, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "interrupted"));
}

/* Interrupted while it removed the earlier run's files, some of which are gone. */
static void test_clearing(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_start(f->output, false, RUN_FRESH, 0);
    make_results(f);
    assert_ok(run_file_clearing(f->output));
    struct run_start started;
    assert_int_equal(start(f->output, usual, true, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "--overwrite"));
    assert_int_equal(start(f->output, usual, false, &started), STATUS_BAD_INPUT);
    bool owns;
    assert_ok(run_file_owns(f->output, &owns));
    assert_true(owns);
}

static void test_empty(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_ok(work_folder_remove(f->output, WORK_ALL));
    struct run_lock *lock;
    assert_ok(run_lock_take(f->output, NULL, &lock));
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, ".verify/records.0.%d", i);
        file_make(below(f->output, name), "x");
    }
    assert_start(f->output, false, RUN_FRESH, 0);
    assert_ok(work_folder_remove(f->output, WORK_ALL));
    assert_int_equal(count_below(f->output, NULL), 2);
    assert_ok(run_lock_beat(lock));
    run_lock_drop(&lock);
    assert_int_equal(count_below(f->output, NULL), 0);
}

/* Nobody else's files are removed, and nothing behind a link. */
static void test_only_our_names(void **state) {
    struct fixture *f = *state;
    static const char *const ours[] = {
        "journal.0.0", "journal.12.3", "records.0.1",      "predictions.0.0",
        "placed.1.0",  "manifest",     "merging-manifest", ".verify-0123456789abcdef"};
    static const char *const others[] = {
        "journal",   "journal.0",    "journal.0.0.bak", "journal.-1.0", "thesis.tex",
        "run.json~", "manifest.txt", ".verify-012345",  "records.0.x",  "placed.1.0/x"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strchr(others[i], '/'))
            file_make(below(below(f->output, ".verify"), others[i]), "mine");
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        file_make(below(below(f->output, ".verify"), ours[i]), "");
    assert_ok(work_folder_remove(f->output, WORK_ALL));
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_false(is_there(below(below(f->output, ".verify"), ours[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strchr(others[i], '/'))
            assert_file(below(below(f->output, ".verify"), others[i]), "mine");
    const char *other = below(f->folder, "other");
    folder_make(other);
    assert_int_equal(symlink(below(f->output, ".verify"), below(other, ".verify")), 0);
    file_make(below(f->output, ".verify/journal.0.0"), "");
    assert_int_equal(work_folder_remove(other, WORK_ALL), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "in the way"));
    assert_true(is_there(below(f->output, ".verify/journal.0.0")));
    struct run_lock *lock;
    assert_int_equal(run_lock_take(other, NULL, &lock), STATUS_BAD_INPUT);
}

/* Whatever else cannot be removed, run.json is. */
static void test_run_file_goes_first(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 100; i++) {
        char name[64];
        snprintf(name, sizeof name, ".verify/journal.0.%d", i);
        folder_make(below(f->output, name));
        if (i == 50)
            file_make(below(f->output, ".verify/run.json"), "{}");
    }
    assert_int_equal(work_folder_remove(f->output, WORK_ALL), STATUS_BAD_INPUT);
    assert_false(is_there(below(f->output, ".verify/run.json")));
}

/* A prepared output: nothing waits, nothing is read beyond measure. */
static void test_prepared(void **state) {
    struct fixture *f = *state;
    const char *run = below(f->output, ".verify/run.json");
    struct run_start started;
    folder_make(below(f->output, ".verify"));
    assert_int_equal(mkfifo(run, 0666), 0);
    assert_int_equal(start(f->output, usual, true, &started), STATUS_BAD_INPUT);
    unlink(run);
    file_make(run, "{\"version\": ");
    assert_int_equal(truncate(run, (off_t)3 << 30), 0);
    assert_int_equal(start(f->output, usual, true, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "damaged"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_epochs),         TEST(test_nothing_to_resume),
        TEST(test_differences),    TEST(test_damaged_run),
        TEST(test_complete),       TEST(test_complete_with_failures),
        TEST(test_clearing),       TEST(test_empty),
        TEST(test_only_our_names), TEST(test_run_file_goes_first),
        TEST(test_prepared),
    };
    return RUN_TESTS(tests);
}
