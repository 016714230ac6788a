#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/place.h"
#include "temp_folder.h"
#include "unit.h"

static const char *const made[] = {
    "correct",
    "mislabeled",
    "uncertain",
    "verification_report.json",
    "verification_records.jsonl",
    "predictions.json",
    "predicted",
    "logs",
};
enum { MADE = sizeof made / sizeof *made };

static int set_up(void **state) {
    *state = temp_folder_make(NULL);
    return 0;
}

static int tear_down(void **state) {
    temp_folder_remove(*state);
    return 0;
}

static void assert_ok(enum status status) {
    if (status != STATUS_OK)
        fail_msg("%s", status_message());
}

static void assert_refused(enum status status, const char *word) {
    assert_int_equal(status, STATUS_BAD_INPUT);
    if (!strstr(status_message(), word))
        fail_msg("\"%s\" is not in \"%s\"", word, status_message());
}

static void test_made_with_parents(void **state) {
    const char *output = below(*state, "some/deep/output");
    assert_ok(output_prepare(output));
    assert_int_equal(count_below(output, NULL), 0);
    assert_ok(output_prepare(output));
    assert_int_equal(count_below(output, NULL), 0);
}

static void test_results_are_not_touched(void **state) {
    for (size_t i = 0; i < MADE; i++) {
        const char *output = below(*state, made[i]);
        const char *path = below(output, made[i]);
        bool folder = !strchr(made[i] + 1, '.');
        file_make(folder ? below(path, "file") : path, "kept");
        /* Nothing there tells that a run made it: to start over is not what it suggests. */
        assert_refused(output_prepare(output), made[i]);
        assert_null(strstr(status_message(), "--overwrite"));
        file_make(below(output, ".verify/run.json"), "{\"manifest\": 1}");
        assert_refused(output_prepare(output), made[i]);
        assert_refused(STATUS_BAD_INPUT, "--overwrite");
        assert_refused(STATUS_BAD_INPUT, output);
        assert_int_equal(count_below(output, NULL), folder ? 4 : 3);
        assert_file(folder ? below(path, "file") : path, "kept");
    }
}

/* The output folder itself may be a link. */
static void test_output_behind_a_link(void **state) {
    const char *real = below(*state, "big disk"), *output = below(*state, "output");
    folder_make(real);
    assert_int_equal(symlink(real, output), 0);
    assert_ok(output_prepare(output));
    file_make(below(real, "correct/a"), "x");
    assert_refused(output_prepare(output), "correct");
}

static void test_what_cannot_be_a_folder(void **state) {
    const char *file = below(*state, "file"), *nowhere = below(*state, "nowhere");
    file_make(file, "mine");
    assert_refused(output_prepare(file), file);
    assert_refused(output_prepare(below(file, "output")), file);
    assert_int_equal(symlink("missing", nowhere), 0);
    assert_refused(output_prepare(nowhere), nowhere);
    char name[600];
    memset(name, 'n', 300);
    name[300] = '\0';
    assert_refused(output_prepare(below(*state, name)), "too long");
    assert_file(file, "mine");
    assert_int_equal(count_below(*state, NULL), 2);
}

static void test_no_permission(void **state) {
    const char *parent = below(*state, "parent"), *output = below(*state, "parent/output");
    folder_make(output);
    uid_t user = geteuid();
    enum status status[2];
    char messages[2][2048];
    chmod(*state, 0755);
    for (int i = 0; i < 2; i++) {
        /* A folder that cannot be made; one that cannot be written. */
        if (i == 0)
            rmdir(output);
        else
            folder_make(output);
        chmod(output, 0555);
        chmod(parent, 0555);
        if (user == 0)
            assert_int_equal(seteuid(65534), 0);
        status[i] = output_prepare(output);
        snprintf(messages[i], sizeof messages[i], "%s", status_message());
        if (user == 0)
            assert_int_equal(seteuid(user), 0);
        chmod(parent, 0755);
        chmod(output, 0755);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(status[i], STATUS_BAD_INPUT);
        assert_non_null(strstr(messages[i], output));
        assert_non_null(strstr(messages[i], "Permission denied"));
        assert_non_null(strstr(messages[i], "--output"));
    }
}

static void test_make_folders(void **state) {
    assert_ok(make_folders("/"));
    assert_ok(make_folders("."));
    assert_ok(make_folders(below(*state, "a//b/c///")));
    assert_true(is_there(below(*state, "a/b/c")));
    assert_ok(make_folders(below(*state, "a/b/c")));
    file_make(below(*state, "file"), "");
    assert_refused(make_folders(below(*state, "file/x")), "file: ");
}

static void test_sweep(void **state) {
    const char *output = *state;
    const char *const drafts[] = {"correct/JPEGImages/.verify-0123456789abcdef",
                                  "uncertain/labels/a/b/.verify-1123456789abcdef",
                                  "predicted/.verify-2123456789abcdef", ".verify-3123456789abcdef"};
    const char *const others[] = {"correct/JPEGImages/verify-0123456789abcdef",
                                  "correct/JPEGImages/.verify-1",
                                  "correct/JPEGImages/.verify-0123456789abcdef0",
                                  "correct/labels/a.txt",
                                  "uncertain/.verify-4123456789abcdef/a.txt",
                                  "logs/.verify-5123456789abcdef",
                                  ".verify/run.json",
                                  "elsewhere/.verify-6123456789abcdef"};
    for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++)
        file_make(below(output, drafts[i]), "");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        file_make(below(output, others[i]), "");
    assert_int_equal(symlink("../elsewhere", below(output, "correct/link")), 0);
    assert_int_equal(symlink("elsewhere", below(output, "mislabeled")), 0);
    assert_ok(output_sweep(output));
    for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++)
        assert_false(is_there(below(output, drafts[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(is_there(below(output, others[i])));
    assert_ok(output_sweep(below(output, "absent")));
}

struct maker {
    pthread_t thread;
    const char *path;
    enum status status;
};

static void *make_run(void *argument) {
    struct maker *maker = argument;
    maker->status = make_folders(maker->path);
    return NULL;
}

static void test_make_folders_at_once(void **state) {
    for (int round = 0; round < 20; round++) {
        char path[4300];
        snprintf(path, sizeof path, "%s/%d/a/b/c/d/e/f", (char *)*state, round);
        struct maker makers[8];
        for (int i = 0; i < 8; i++) {
            makers[i] = (struct maker){.path = path};
            assert_int_equal(pthread_create(&makers[i].thread, NULL, make_run, &makers[i]), 0);
        }
        for (int i = 0; i < 8; i++) {
            pthread_join(makers[i].thread, NULL);
            assert_int_equal(makers[i].status, STATUS_OK);
        }
        assert_true(is_there(path));
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_made_with_parents),
        TEST(test_results_are_not_touched),
        TEST(test_output_behind_a_link),
        TEST(test_what_cannot_be_a_folder),
        TEST(test_no_permission),
        TEST(test_make_folders),
        TEST(test_sweep),
        TEST(test_make_folders_at_once),
    };
    return RUN_TESTS(tests);
}
