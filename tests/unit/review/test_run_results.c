/* What an output folder tells of its run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "review/run_results.h"
#include "temp_folder.h"
#include "unit.h"

#define REPORT "verification_report.json"

static int make(void **state) {
    *state = temp_folder_make(NULL);
    return 0;
}

static int destroy(void **state) {
    temp_folder_remove(*state);
    return 0;
}

static void make_run(const char *folder, const char *status) {
    char report[256];
    snprintf(report, sizeof report,
             "{\"status\": \"%s\", \"per_class\": [{\"id\": 0, \"name\": \"cup\"}, "
             "{\"id\": 1, \"name\": \"<b>\"}]}",
             status);
    file_make(below(folder, "out/" REPORT), report);
    file_make(below(folder, "out/.verify/run.json"), "{\"root\": \"/data/set\"}");
}

static void test_run(void **state) {
    struct run_results results;
    struct text path = {0};
    make_run(*state, "complete");
    ASSERT_OK(run_results_open(below(*state, "out/../out/"), NULL, &results));
    assert_string_equal(results.output, below(*state, "out"));
    assert_string_equal(results.root, "/data/set");
    assert_true(results.complete);
    assert_int_equal(results.n_classes, 2);
    assert_string_equal(results.names[1], "<b>");
    assert_non_null(json_member_text(results.report, "status"));
    ASSERT_OK(run_results_path(&results, "images/a.jpg", &path));
    assert_string_equal(path.data, "/data/set/images/a.jpg");
    ASSERT_OK(run_results_path(&results, "/elsewhere/a.jpg", &path));
    assert_string_equal(path.data, "/elsewhere/a.jpg");
    run_results_free(&results);
    make_run(*state, "interrupted");
    ASSERT_OK(run_results_open(below(*state, "out"), NULL, &results));
    assert_false(results.complete);
    run_results_free(&results);
    text_free(&path);
}

static void test_moved_images(void **state) {
    struct run_results results;
    make_run(*state, "complete");
    file_make(below(*state, "moved/images/a.jpg"), "");
    ASSERT_OK(run_results_open(below(*state, "out"), below(*state, "moved"), &results));
    assert_string_equal(results.root, below(*state, "moved"));
    run_results_free(&results);
    assert_int_equal(run_results_open(below(*state, "out"), below(*state, "lost"), &results),
                     STATUS_BAD_INPUT);
    run_results_free(&results);
}

static void assert_refused(const char *output, const char *said) {
    struct run_results results;
    assert_int_equal(run_results_open(output, NULL, &results), STATUS_BAD_INPUT);
    if (!strstr(status_message(), said))
        fail_msg("%s", status_message());
    run_results_free(&results);
}

static void test_no_run(void **state) {
    assert_refused(below(*state, "out"), "give the output folder of a run");
    folder_make(below(*state, "out"));
    assert_refused(below(*state, "out"), "finish the run with --resume");
    file_make(below(*state, "out/" REPORT), "{\"status\": ");
    assert_refused(below(*state, "out"), "is not what verify writes");
    file_make(below(*state, "out/" REPORT), "{\"status\": \"complete\"}");
    assert_refused(below(*state, "out"), "give --data");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_run, make, destroy),
        cmocka_unit_test_setup_teardown(test_moved_images, make, destroy),
        cmocka_unit_test_setup_teardown(test_no_run, make, destroy),
    };
    return RUN_TESTS(tests);
}
