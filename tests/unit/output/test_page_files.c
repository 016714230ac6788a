/* The review page's files: whole or not there, and never over what is somebody's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/clear.h"
#include "output/page_files.h"
#include "output/run_file.h"
#include "output/work_folder.h"
#include "place_fixture.h"
#include "unit.h"

/* A finished run in the output folder. */
static void run(const struct fixture *f) {
    struct run_start start;
    const struct run_parts parts = {.common = f->data};
    folder_make(f->output);
    assert_ok(run_file_start(f->output, &parts, false, true, &start));
    file_make(below(f->output, "verification_report.json"), "{}");
    file_make(below(f->output, "verification_records.jsonl"), "{}");
    assert_ok(run_file_finish(f->output, &(struct run_counts){.read_images = 3}));
}

/* Drafts of these names, whose contents are `content`, and their places. */
static enum status place(const struct fixture *f, const char *const *names, const char *content) {
    struct path_list list = {0};
    for (size_t i = 0; names[i]; i++) {
        assert_ok(path_list_add(&list, names[i]));
        assert_ok(page_draft(f->output, i, content, strlen(content)));
    }
    enum status status = page_place(f->output, &list);
    path_list_free(&list);
    return status;
}

static const char *const three[] = {"index.html", "data/run.js", "sheets/000.jpg", NULL};
static const char *const two[] = {"data/run.js", "index.html", NULL};

static const char *page(const struct fixture *f, const char *name) {
    char path[128];
    snprintf(path, sizeof path, PAGE_FOLDER "/%s", name);
    return below(f->output, path);
}

static void test_place_and_replace(void **state) {
    struct fixture *f = *state;
    run(f);
    assert_ok(place(f, three, "one"));
    for (size_t i = 0; three[i]; i++)
        assert_file(page(f, three[i]), "one");
    size_t hidden;
    count_below(f->output, &hidden);
    assert_int_equal(hidden, 1); /* no drafts beside .verify/run.json */
    assert_false(is_there(below(f->output, ".verify/page-0")));
    assert_ok(place(f, two, "other"));
    assert_file(page(f, "index.html"), "other");
    assert_false(is_there(page(f, "sheets/000.jpg")));
    assert_ok(page_remove(f->output));
    assert_false(is_there(below(f->output, PAGE_FOLDER)));
    assert_ok(page_remove(f->output));
}

/* What is not a run's, or was changed, stays, and the page before with it. */
static void test_in_the_way(void **state) {
    struct fixture *f = *state;
    run(f);
    assert_ok(place(f, three, "one"));
    file_make(page(f, "decisions.jsonl"), "mine");
    assert_ok(place(f, two, "other"));
    assert_file(page(f, "decisions.jsonl"), "mine");
    file_make(page(f, "sheets/000.jpg"), "mine");
    assert_int_equal(place(f, three, "third"), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "review/sheets/000.jpg"));
    assert_file(page(f, "index.html"), "other");
    assert_ok(place(f, two, "changed"));
    file_make(page(f, "data/run.js"), "edited!");
    assert_int_equal(place(f, two, "third"), STATUS_BAD_INPUT);
    assert_ok(page_remove(f->output));
    assert_false(is_there(page(f, "index.html")));
    assert_file(page(f, "data/run.js"), "edited!");
    assert_file(page(f, "decisions.jsonl"), "mine");
}

/* A folder on the way that leads elsewhere is not entered. */
static void test_link(void **state) {
    struct fixture *f = *state;
    run(f);
    folder_make(f->data);
    assert_int_equal(symlink(f->data, below(f->output, PAGE_FOLDER)), 0);
    assert_int_not_equal(place(f, three, "one"), STATUS_OK);
    size_t hidden;
    assert_int_equal(count_below(f->data, &hidden), 0);
}

/* --overwrite removes a page that is as it was made, and names what is not. */
static void test_overwrite(void **state) {
    struct fixture *f = *state;
    uint64_t kept;
    run(f);
    assert_ok(place(f, three, "one"));
    assert_ok(output_clear(f->output, &kept));
    assert_false(is_there(below(f->output, PAGE_FOLDER)));
    run(f);
    assert_ok(place(f, three, "one"));
    file_make(page(f, "index.html"), "edited");
    assert_int_equal(output_clear(f->output, &kept), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "review/index.html"));
    assert_true(is_there(page(f, "data/run.js")));
}

/* A folder of that name that no run made is nothing to begin a run beside. */
static void test_begin(void **state) {
    struct fixture *f = *state;
    file_make(page(f, "thesis.txt"), "mine");
    assert_int_equal(output_prepare(f->output), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "review"));
}

/* A process that was killed leaves drafts: the end of a run, or the start of another, removes them.
 */
static void test_leftovers(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_ok(page_draft(f->output, 12, "draft", 5));
    assert_true(is_there(below(f->output, ".verify/page-12")));
    assert_int_equal(work_name_kind("page-12"), WORK_DRAFT);
    assert_int_equal(work_name_kind("page-"), WORK_FOREIGN);
    assert_int_equal(work_name_kind("page-1x"), WORK_FOREIGN);
    run(f);
    assert_false(is_there(below(f->output, ".verify/page-12")));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_place_and_replace), TEST(test_in_the_way), TEST(test_link),
        TEST(test_overwrite),         TEST(test_begin),      TEST(test_leftovers)};
    return RUN_TESTS(tests);
}
