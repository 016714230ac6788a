/* Taking an image and its label file out of the other buckets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "place_fixture.h"
#include "unit.h"

static struct placer *place(const struct fixture *f, const char *image, const char *label) {
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, PLACE_HARDLINK, &placer));
    assert_ok(placer_place(placer, BUCKET_UNCERTAIN, image, label));
    return placer;
}

static void test_clear(void **state) {
    struct fixture *f = *state;
    const char *picture = below(f->data, "a.png"), *twin = below(f->data, "a.jpg");
    const char *label = below(f->data, "a.txt");
    file_make(picture, "picture");
    file_make(twin, "twin");
    file_make(label, "label");
    struct placer *placer = place(f, picture, label);
    struct file_bytes read = {.bytes = "label", .length = 5};
    assert_ok(placer_clear(placer, BUCKET_CORRECT, twin, &read));
    assert_true(is_there(below(f->output, "uncertain/JPEGImages/a.png")));
    assert_true(is_there(below(f->output, "uncertain/labels/a.txt")));
    assert_ok(placer_clear(placer, BUCKET_UNCERTAIN, picture, &read));
    assert_no_leftovers(f->output, 11);
    assert_ok(placer_clear(placer, BUCKET_CORRECT, picture, &read));
    assert_no_leftovers(f->output, 9);
    placer_close(placer);
}

/* Whoever is killed in between finds the image, and with it the label, when it is done again. */
static void test_clear_takes_the_image_last(void **state) {
    struct fixture *f = *state;
    const char *picture = below(f->data, "a.png"), *label = below(f->data, "a.txt");
    file_make(picture, "picture");
    file_make(label, "label");
    struct placer *placer = place(f, picture, label);
    struct file_bytes read = {.bytes = "label", .length = 5};
    assert_int_equal(chmod(f->folder, 0755), 0);
    assert_int_equal(chmod(below(f->output, "uncertain/JPEGImages"), 0777), 0);
    assert_int_equal(chmod(below(f->output, "uncertain/labels"), 0555), 0);
    uid_t user = geteuid();
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    enum status status = placer_clear(placer, BUCKET_CORRECT, picture, &read);
    if (user == 0)
        assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(below(f->output, "uncertain/labels"), 0755), 0);
    assert_int_equal(status, STATUS_FAILED);
    assert_true(is_there(below(f->output, "uncertain/JPEGImages/a.png")));
    assert_ok(placer_clear(placer, BUCKET_CORRECT, picture, &read));
    assert_no_leftovers(f->output, 9);
    placer_close(placer);
}

/* Files that only have the names of those that a run may have left. */
static void test_others_stay(void **state) {
    struct fixture *f = *state;
    const char *picture = below(f->data, "a.png");
    const char *image = below(f->output, "uncertain/JPEGImages/a.png");
    const char *label = below(f->output, "uncertain/labels/a.txt");
    struct file_bytes read = {.bytes = "label", .length = 5};
    file_make(picture, "picture");
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, PLACE_HARDLINK, &placer));
    file_make(image, "another picture");
    file_make(label, "label");
    assert_ok(placer_clear(placer, BUCKET_CORRECT, picture, &read));
    assert_file(image, "another picture");
    assert_file(label, "label");
    assert_int_equal(unlink(image), 0);
    assert_ok(placer_place(placer, BUCKET_UNCERTAIN, picture, NULL));
    file_make(label, "label, corrected");
    assert_ok(placer_clear(placer, BUCKET_CORRECT, picture, &read));
    assert_false(is_there(image));
    assert_file(label, "label, corrected");
    placer_close(placer);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_clear),
        TEST(test_clear_takes_the_image_last),
        TEST(test_others_stay),
    };
    return RUN_TESTS(tests);
}
