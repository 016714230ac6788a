/* Label files that are in memory when they are placed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "data/label.h"
#include "place_fixture.h"
#include "unit.h"

struct read_label {
    const char *image, *path;
    struct label_file file;
    struct placer *placer;
};

static struct read_label read_label(const struct fixture *f, const char *content) {
    struct read_label label = {
        below(f->data, "images/a.jpg"), below(f->data, "labels/a.txt"), {0}, NULL};
    file_make(label.image, "picture");
    file_make(label.path, content);
    chmod(label.path, 0444);
    utimensat(AT_FDCWD, label.path, (struct timespec[]){{1000, 1}, {2000, 123456789}}, 0);
    assert_ok(label_file_read(label.path, "", "", NULL, &label.file));
    assert_ok(placer_open(f->output, f->data, PLACE_HARDLINK, &label.placer));
    return label;
}

static void place(struct read_label *label) {
    assert_ok(placer_place_read(label->placer, BUCKET_CORRECT, label->image, &label->file.content));
    placer_close(label->placer);
    label_file_free(&label->file);
}

static void test_written_as_it_was_read(void **state) {
    struct fixture *f = *state;
    struct read_label label = read_label(f, "0 .5 .5 .1 .1\n");
    /* What was judged is placed, whatever became of the file. */
    assert_int_equal(remove(label.path), 0);
    place(&label);
    const char *copy = below(f->output, "correct/labels/images/a.txt");
    struct stat placed;
    assert_file(copy, "0 .5 .5 .1 .1\n");
    assert_int_equal(lstat(copy, &placed), 0);
    assert_int_equal(placed.st_mode & 07777, 0644);
    assert_int_equal(placed.st_mtim.tv_sec, 2000);
    assert_int_equal(placed.st_mtim.tv_nsec, 123456789);
    assert_no_leftovers(f->output, 13);
}

static void test_empty(void **state) {
    struct fixture *f = *state;
    struct read_label label = read_label(f, "");
    assert_int_equal(remove(label.path), 0);
    place(&label);
    assert_file(below(f->output, "correct/labels/images/a.txt"), "");
}

/* What has the name already, here a link to the user's own file, is replaced and not written to. */
static void test_taken(void **state) {
    struct fixture *f = *state;
    const char *users = below(f->folder, "users.txt"),
               *copy = below(f->output, "correct/labels/images/a.txt");
    struct read_label label = read_label(f, "0 .5 .5 .1 .1\n");
    file_make(users, "mine");
    folder_make(below(f->output, "correct/labels/images"));
    assert_int_equal(link(users, copy), 0);
    place(&label);
    assert_file(copy, "0 .5 .5 .1 .1\n");
    assert_file(users, "mine");
    assert_no_leftovers(f->output, 13);
}

/* What was not read is not placed, however large it is. */
static void test_not_read(void **state) {
    struct fixture *f = *state;
    struct read_label label = read_label(f, "0 .5 .5 .1 .1\n");
    assert_int_equal(chmod(label.path, 0644), 0);
    assert_int_equal(truncate(label.path, ((off_t)LABEL_FILE_MIB << 20) + 1), 0);
    assert_ok(label_file_read(label.path, "", "", NULL, &label.file));
    assert_null(label.file.content.bytes);
    place(&label);
    assert_true(is_there(below(f->output, "correct/JPEGImages/images/a.jpg")));
    assert_no_leftovers(f->output, 11);
}

/* What somebody put there is not replaced, but for what would be lost by nobody. */
static void test_in_the_way(void **state) {
    struct fixture *f = *state;
    const char *copy = below(f->output, "correct/labels/images/a.txt");
    struct read_label label = read_label(f, "0 .5 .5 .1 .1\n");
    file_make(copy, "0 .4 .4 .1 .1\n");
    assert_int_equal(
        placer_place_read(label.placer, BUCKET_CORRECT, label.image, &label.file.content),
        STATUS_FAILED);
    assert_non_null(strstr(status_message(), "in the way"));
    assert_non_null(strstr(status_message(), "correct/labels/images/a.txt"));
    assert_file(copy, "0 .4 .4 .1 .1\n");
    /* The first lines of it are what somebody leaves who removes the others. */
    file_make(copy, "0 .5");
    assert_int_equal(
        placer_place_read(label.placer, BUCKET_CORRECT, label.image, &label.file.content),
        STATUS_FAILED);
    chmod(copy, 0200); /* as a process leaves it that is killed while it writes */
    place(&label);
    assert_file(copy, "0 .5 .5 .1 .1\n");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_written_as_it_was_read),
        TEST(test_empty),
        TEST(test_taken),
        TEST(test_not_read),
        TEST(test_in_the_way),
    };
    return RUN_TESTS(tests);
}
