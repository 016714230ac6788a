/* Full and read-only file systems: a small one is mounted, which needs permission. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "output/report.h"
#include "place_fixture.h"
#include "unit.h"

static int unmount(void **state) {
    struct fixture *f = *state;
    umount2(f->output, MNT_DETACH);
    return tear_down(state);
}

static void mount_small(const struct fixture *f, const char *options) {
    folder_make(f->output);
    if (mount("tmpfs", f->output, "tmpfs", 0, options) != 0)
        SKIP("mounting a tmpfs: %s", strerror(errno));
}

/* Places images until it fails; returns how many were placed. */
static int fill(const struct fixture *f, struct placer *placer, int at_most) {
    for (int i = 0; i < at_most; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.jpg", i);
        const char *image = below(f->data, name), *label = below(f->data, "label.txt");
        char bytes[40000] = {0};
        file_make_bytes(image, bytes, sizeof bytes);
        file_make(label, "0 .5 .5 .1 .1\n");
        struct file_bytes content;
        assert_ok(file_bytes_read(label, 100, &content));
        enum status status = i % 2 ? placer_place_read(placer, BUCKET_CORRECT, image, &content)
                                   : placer_place(placer, BUCKET_CORRECT, image, label);
        free(content.bytes);
        if (status != STATUS_OK) {
            assert_int_equal(status, STATUS_FAILED);
            assert_non_null(strstr(status_message(), f->output));
            return i;
        }
    }
    fail_msg("it never got full");
    return at_most;
}

static void test_no_bytes(void **state) {
    struct fixture *f = *state;
    mount_small(f, "size=1m,nr_inodes=5000");
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, PLACE_COPY, &placer));
    int placed = fill(f, placer, 30);
    assert_non_null(strstr(status_message(), "the disk is full"));
    assert_non_null(strstr(status_message(), "--output"));
    /* The failed image left nothing but its label. */
    size_t hidden, names = count_below(f->output, &hidden);
    assert_int_equal(hidden, 0);
    assert_in_range(names, 9 + 2 * (size_t)placed, 9 + 2 * (size_t)placed + 1);
    assert_true(placed > 15);

    struct tally tally;
    assert_ok(tally_make(1000, &tally));
    struct class_map map = {0};
    struct report report = {
        .status = "complete", .tally = &tally, .classes = &map, .parameters = "{}"};
    /* The rest of the last page, too. */
    char *bytes = calloc(1, 1 << 20);
    FILE *file = fopen(below(f->output, "rest"), "wb");
    setvbuf(file, NULL, _IONBF, 0);
    size_t written = fwrite(bytes, 1, 1 << 20, file);
    assert_true(written < 1 << 20);
    fclose(file);
    free(bytes);
    assert_int_equal(report_write(f->output, &report), STATUS_FAILED);
    assert_non_null(strstr(status_message(), "the disk is full"));
    assert_non_null(strstr(status_message(), "verification_report.json"));
    assert_false(is_there(below(f->output, "verification_report.json")));
    count_below(f->output, &hidden);
    assert_int_equal(hidden, 0);
    tally_free(&tally);
    placer_close(placer);
}

static void test_no_inodes(void **state) {
    struct fixture *f = *state;
    mount_small(f, "size=8m,nr_inodes=40");
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, PLACE_SYMLINK, &placer));
    folder_make(below(f->output, "empty"));
    int placed = fill(f, placer, 40);
    assert_non_null(strstr(status_message(), "no inodes left"));
    assert_int_equal(output_prepare(below(f->output, "empty")), STATUS_FAILED);
    assert_non_null(strstr(status_message(), "no inodes left"));
    size_t hidden;
    count_below(f->output, &hidden);
    assert_int_equal(hidden, 0);
    assert_true(placed >= 14);
    assert_int_equal(make_folders(below(f->output, "more/and more")), STATUS_FAILED);
    assert_non_null(strstr(status_message(), "no inodes left"));
    placer_close(placer);
    struct placer *another;
    assert_int_equal(placer_open(below(f->output, "new"), f->data, PLACE_SYMLINK, &another),
                     STATUS_FAILED);
    assert_null(another);
}

static void test_read_only(void **state) {
    struct fixture *f = *state;
    mount_small(f, "size=1m");
    file_make(below(f->data, "a.jpg"), "picture");
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, PLACE_SYMLINK, &placer));
    if (mount(NULL, f->output, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0) {
        placer_close(placer);
        SKIP("remounting: %s", strerror(errno));
    }
    assert_int_equal(placer_place(placer, BUCKET_CORRECT, below(f->data, "a.jpg"), NULL),
                     STATUS_FAILED);
    assert_non_null(strstr(status_message(), "read-only"));
    placer_close(placer);
    assert_int_equal(output_prepare(below(f->output, "new")), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "read-only"));
    assert_true(is_there(below(f->output, "correct/JPEGImages")));
}

int main(void) {
    /* Mounts of our own, which end with the process whatever happens. */
    if (unshare(CLONE_NEWNS) == 0)
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, unmount)
    const struct CMUnitTest tests[] = {
        TEST(test_no_bytes),
        TEST(test_no_inodes),
        TEST(test_read_only),
    };
    return RUN_TESTS(tests);
}
