/* Label files that are links: read where they stay within the data set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/label.h"
#include "dataset_case.h"
#include "unit.h"

#define LINE   "1 0.5 0.5 0.1 0.1\n"
#define LEAVES "is a link that leaves the data set: not read"

static const char *image = ""; /* of the labels that are checked */

/* Makes the link `name`, leading to `target`, and reads it. `reason` NULL: it is read. */
static void check(const char *name, const char *target, const char *extent, const char *reason) {
    struct label_file file = {0};
    unlink(in(name));
    char parent[4096];
    snprintf(parent, sizeof parent, "%s", in(name));
    *strrchr(parent, '/') = '\0';
    folder_make(parent);
    assert_int_equal(symlink(target, in(name)), 0);
    assert_int_equal(label_file_read(in(name), image, extent, NULL, &file), STATUS_OK);
    assert_false(file.absent);
    if (file.present != !reason)
        fail_msg("%s -> %s: %s", name, target, file.n_invalid ? file.invalid[0].reason : "read");
    if (reason) {
        assert_int_equal(file.n_invalid, 1);
        assert_int_equal(file.invalid[0].line, 0);
        assert_string_equal(file.invalid[0].reason, reason);
        assert_null(file.content.bytes);
    } else {
        assert_int_equal(file.n_labels, 1);
    }
    label_file_free(&file);
}

static void test_within(void **state) {
    (void)state;
    file_make(in("d/labels/real.txt"), LINE);
    file_make(in("d/store/1"), LINE);
    check("d/labels/a.txt", "real.txt", "", NULL);
    check("d/labels/sub/b.txt", "../real.txt", "", NULL);
    check("d/labels/b.txt", "a.txt", "", NULL);
    check("d/labels/c.txt", "../store/1", in("d"), NULL);
    check("d/labels/d.txt", in("d/store/1"), in("d"), NULL);
    /* Of what lies beside `labels`, the folder of images is the data set's, and nothing else. */
    file_make(in("d/images/sub/2.txt"), LINE);
    image = in("d/images/e.jpg");
    check("d/labels/e.txt", "../images/sub/2.txt", in("d/images"), NULL);
    check("d/labels/e.txt", "../images/sub/2.txt", "", NULL);
    check("d/labels/e.txt", "../store/1", in("d/images"), LEAVES);
    check("d/labels/e.txt", "../store/1", "", LEAVES);
    image = "";
    /* Beside the image: its own folder. */
    check("flat/e.txt", "f.txt", "", "is a link that leads nowhere");
    file_make(in("flat/f.txt"), LINE);
    check("flat/e.txt", "f.txt", "", NULL);
    check("flat/e.txt", "../d/store/1", "", LEAVES);
    check("flat/e.txt", "../d/store/1", in("d"), NULL);
}

static void test_leaves(void **state) {
    (void)state;
    file_make(in("secret"), "the secret\n");
    file_make(in("dd/secret"), "the secret\n");
    folder_make(in("d"));
    check("d/labels/a.txt", "../../secret", in("d"), LEAVES);
    check("d/labels/a.txt", in("secret"), in("d"), LEAVES);
    check("d/labels/a.txt", "../../dd/secret", in("d"), LEAVES);
    check("d/labels/a.txt", "/etc/passwd", in("d"), LEAVES);
    check("d/labels/a.txt", "../..", in("d"), LEAVES);
    assert_int_equal(symlink("../../secret", in("d/labels/step")), 0);
    check("d/labels/a.txt", "step", in("d"), LEAVES);
    check("d/labels/a.txt", "nowhere", in("d"), "is a link that leads nowhere");
    check("d/labels/a.txt", "a.txt", in("d"), "cannot be read: Too many levels of symbolic links");
    check("d/labels/a.txt", ".", in("d"), "is a folder");
    assert_int_equal(mkfifo(in("d/fifo"), 0600), 0);
    check("d/labels/a.txt", "../fifo", in("d"), "is not a regular file");
    check("d/deep/labels/a.txt", "../../../secret", "", LEAVES);
}

/* Below "/" lies everything. */
static void test_root(void **state) {
    (void)state;
    file_make(in("secret"), LINE);
    folder_make(in("d"));
    check("d/labels/a.txt", "../../secret", "/", LEAVES);
    /* Nor may the folder of images be a link to what lies around. */
    assert_int_equal(symlink("..", in("d/images")), 0);
    image = in("d/images/a.jpg");
    check("d/labels/a.txt", "../../secret", "", LEAVES);
    image = "";
    folder_make(in("e"));
    assert_int_equal(symlink("/", in("e/labels")), 0);
    char path[8192];
    snprintf(path, sizeof path, "%s%s", in("e/labels"), in("link.txt"));
    assert_int_equal(symlink("secret", in("link.txt")), 0);
    struct label_file file = {0};
    assert_int_equal(label_file_read(path, "", "", NULL, &file), STATUS_OK);
    assert_false(file.present);
    label_file_free(&file);
}

/* `labels` as a link to a folder elsewhere: its files are the data set's, and links among them. */
static void test_folders(void **state) {
    (void)state;
    file_make(in("elsewhere/labels/real.txt"), LINE);
    file_make(in("elsewhere/other"), LINE);
    folder_make(in("d"));
    assert_int_equal(symlink(in("elsewhere/labels"), in("d/labels")), 0);
    struct label_file file = {0};
    assert_int_equal(label_file_read(in("d/labels/real.txt"), "", in("d"), NULL, &file), STATUS_OK);
    assert_true(file.present);
    label_file_free(&file);
    check("d/labels/a.txt", "real.txt", in("d"), NULL);
    check("d/labels/b.txt", "../other", in("d"), LEAVES);
}

/* A set made of links to another's images and labels. */
static void test_set_of_links(void **state) {
    (void)state;
    touch("real/images/1.jpg");
    touch("real/images/secret");
    file_make(in("real/labels/1.txt"), LINE);
    file_make(in("real/labels/2.txt"), LINE);
    file_make(in("real/labels/secret.txt"), LINE);
    folder_make(in("d/images"));
    image = in("d/images/a.jpg");
    assert_int_equal(symlink("../../real/images/1.jpg", image), 0);
    check("d/labels/a.txt", "../../real/labels/1.txt", in("d"), NULL);
    check("d/labels/a.txt", in("real/labels/1.txt"), in("d"), NULL);
    check("d/labels/a.txt", "../../real/labels/2.txt", in("d"), LEAVES);
    /* An image that is none has no other label file than the link. */
    assert_int_equal(unlink(image), 0);
    touch("d/images/a.jpg");
    check("d/labels/a.txt", "../../real/labels/2.txt", in("d"), LEAVES);
    /* Nor does a link at the other end count, or a picture that is not there. */
    assert_int_equal(unlink(image) + symlink("../../real/images/3.jpg", image), 0);
    touch("real/images/3.jpg");
    assert_int_equal(symlink("2.txt", in("real/labels/3.txt")), 0);
    check("d/labels/a.txt", "../../real/labels/2.txt", in("d"), LEAVES);
    assert_int_equal(unlink(image) + symlink("../../real/images/2.jpg", image), 0);
    check("d/labels/a.txt", "../../real/labels/2.txt", in("d"), LEAVES);
    assert_int_equal(unlink(image) + symlink("../../real/images/secret", image), 0);
    check("d/labels/a.txt", "../../real/labels/secret.txt", in("d"), LEAVES);
    assert_int_equal(unlink(image) + symlink("../../real/labels/secret.txt", image), 0);
    check("d/labels/a.txt", "../../real/labels/secret.txt", in("d"), LEAVES);
    image = "";
}

static void assert_extent(const char *path, const char *extent) {
    struct dataset dataset;
    open_data(path, NULL, &dataset);
    assert_string_equal(dataset.extent, extent);
    dataset_free(&dataset);
}

/* What a data set may claim for itself. */
static void test_extent(void **state) {
    (void)state;
    touch("home/d/images/a.jpg");
    touch("data/images/b.jpg");
    assert_int_equal(symlink("home/d", in("link")), 0);
    assert_extent(in("home/d/images"), in("home/d/images"));
    assert_extent(in("link"), in("home/d"));
    file_make(in("home/d/list.txt"), "images/a.jpg\n");
    assert_extent(in("home/d/list.txt"), "");
    file_make(in("home/d/data.yaml"), "train: images\nnames: [a]\n");
    assert_extent(in("home/d/data.yaml"), in("home/d"));
    file_make(in("home/data.yaml"), "path: d\ntrain: images\nnames: [a]\n");
    assert_extent(in("home/data.yaml"), in("home/d"));
    char text[8192];
    snprintf(text, sizeof text, "path: %s\ntrain: images\nnames: [a]\n", in("data"));
    file_make(in("home/data.yaml"), text);
    assert_extent(in("home/data.yaml"), in("data"));
    /* Not what lies around it. */
    file_make(in("home/d/data.yaml"), "path: ..\ntrain: d/images\nnames: [a]\n");
    assert_extent(in("home/d/data.yaml"), in("home/d"));
    snprintf(text, sizeof text, "path: /\ntrain: %s\nnames: [a]\n", in("home/d/images") + 1);
    file_make(in("home/d/data.yaml"), text);
    assert_extent(in("home/d/data.yaml"), in("home/d"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_within),  TEST(test_leaves),       TEST(test_root),
        TEST(test_folders), TEST(test_set_of_links), TEST(test_extent),
    };
    return RUN_TESTS(tests);
}
