#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "place_fixture.h"
#include "unit.h"

static void place(const struct fixture *f, enum place_mode mode, enum bucket bucket,
                  const char *image, const char *label) {
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, mode, &placer));
    assert_ok(placer_place(placer, bucket, image, label));
    placer_close(placer);
}

/* What must not change of a user's file. */
struct original {
    struct stat about;
    char *content;
};

static struct original remember(const char *path) {
    struct original original;
    assert_int_equal(stat(path, &original.about), 0);
    original.content = file_get(path, NULL);
    return original;
}

static void assert_unchanged(const char *path, struct original *original, nlink_t more_links) {
    struct stat now;
    assert_int_equal(stat(path, &now), 0);
    assert_int_equal(now.st_ino, original->about.st_ino);
    assert_int_equal(now.st_mode, original->about.st_mode);
    assert_int_equal(now.st_size, original->about.st_size);
    assert_int_equal(now.st_mtim.tv_sec, original->about.st_mtim.tv_sec);
    assert_int_equal(now.st_mtim.tv_nsec, original->about.st_mtim.tv_nsec);
    assert_int_equal(now.st_nlink, original->about.st_nlink + more_links);
    assert_file(path, original->content);
    free(original->content);
}

static struct stat about(const char *path) {
    struct stat result;
    assert_int_equal(lstat(path, &result), 0);
    return result;
}

/* ------------------------------------------------------------------ modes */

static void test_hard_link(void **state) {
    struct fixture *f = *state;
    const char *image = below(f->data, "images/a.jpg"), *label = below(f->data, "labels/a.txt");
    file_make(image, "picture");
    file_make(label, "0 .5 .5 .1 .1\n");
    chmod(image, 0640);
    chmod(label, 0444);
    utimensat(AT_FDCWD, label, (struct timespec[]){{1000, 1}, {2000, 123456789}}, 0);
    struct original original_image = remember(image), original_label = remember(label);

    place(f, PLACE_HARDLINK, BUCKET_MISLABELED, image, label);

    struct stat placed = about(below(f->output, "mislabeled/JPEGImages/images/a.jpg"));
    assert_true(S_ISREG(placed.st_mode));
    assert_int_equal(placed.st_ino, original_image.about.st_ino);
    const char *copy = below(f->output, "mislabeled/labels/images/a.txt");
    placed = about(copy);
    assert_int_not_equal(placed.st_ino, original_label.about.st_ino);
    assert_int_equal(placed.st_mode & 07777, 0644);
    assert_int_equal(placed.st_mtim.tv_sec, 2000);
    assert_int_equal(placed.st_mtim.tv_nsec, 123456789);
    assert_file(copy, original_label.content);
    /* Correcting the copy leaves the original alone. */
    file_make(copy, "1 .5 .5 .1 .1\n");
    assert_unchanged(image, &original_image, 1);
    assert_unchanged(label, &original_label, 0);
    /* 3 buckets with 2 folders each, and images/a.jpg, images/a.txt. */
    assert_no_leftovers(f->output, 13);
}

static void test_hard_link_of_a_symlink_is_the_picture(void **state) {
    struct fixture *f = *state;
    const char *real = below(f->folder, "elsewhere/x.jpg"), *image = below(f->data, "a.jpg");
    file_make(real, "picture");
    assert_int_equal(symlink(real, image), 0);
    place(f, PLACE_HARDLINK, BUCKET_CORRECT, image, NULL);
    struct stat placed = about(below(f->output, "correct/JPEGImages/a.jpg"));
    assert_true(S_ISREG(placed.st_mode));
    assert_int_equal(placed.st_ino, about(real).st_ino);
}

static void test_symlink(void **state) {
    struct fixture *f = *state;
    const char *real = below(f->folder, "elsewhere/x.jpg"), *image = below(f->data, "a.jpg");
    const char *label = below(f->data, "a.txt");
    file_make(real, "picture");
    file_make(label, "");
    assert_int_equal(symlink(real, image), 0);
    struct original original = remember(real);
    place(f, PLACE_SYMLINK, BUCKET_UNCERTAIN, image, label);
    char target[8192] = "";
    const char *placed = below(f->output, "uncertain/JPEGImages/a.jpg");
    assert_true(readlink(placed, target, sizeof target - 1) > 0);
    assert_string_equal(target, image); /* as listed, not resolved */
    assert_file(placed, "picture");
    assert_true(S_ISREG(about(below(f->output, "uncertain/labels/a.txt")).st_mode));
    assert_unchanged(real, &original, 0);
}

static void copy_large(const struct fixture *f, const char *output) {
    size_t length = 300001, got;
    char *bytes = malloc(length);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    const char *image = below(f->data, "a.jpg");
    file_make_bytes(image, bytes, length);
    chmod(image, 0440);
    utimensat(AT_FDCWD, image, (struct timespec[]){{1000, 1}, {2000, 7000}}, 0);
    struct placer *placer;
    assert_ok(placer_open(output, f->data, PLACE_COPY, &placer));
    assert_ok(placer_place(placer, BUCKET_CORRECT, image, NULL));
    assert_false(placer_fell_back(placer));
    placer_close(placer);
    const char *copy = below(output, "correct/JPEGImages/a.jpg");
    struct stat placed = about(copy);
    assert_true(S_ISREG(placed.st_mode));
    assert_int_equal(placed.st_nlink, 1);
    assert_int_equal(placed.st_mode & 07777, 0440);
    assert_int_equal(placed.st_mtim.tv_sec, 2000);
    assert_int_equal(placed.st_mtim.tv_nsec, 7000);
    assert_int_equal(about(image).st_nlink, 1);
    char *again = file_get(copy, &got);
    assert_int_equal(got, length);
    assert_memory_equal(again, bytes, length);
    free(again);
    free(bytes);
    assert_no_leftovers(output, 10);
}

static void test_copy(void **state) {
    struct fixture *f = *state;
    copy_large(f, f->output);
}

/* A folder on another file system than `folder`, or NULL. */
static char *other_file_system(const char *folder) {
    struct stat here, there;
    if (stat("/dev/shm", &there) != 0 || stat(folder, &here) != 0 || here.st_dev == there.st_dev ||
        access("/dev/shm", W_OK) != 0)
        return NULL;
    return temp_folder_make("/dev/shm");
}

static void test_copy_across_file_systems(void **state) {
    struct fixture *f = *state;
    char *other = other_file_system(f->folder);
    if (!other)
        SKIP("/dev/shm is no other file system here");
    copy_large(f, other);
    temp_folder_remove(other);
}

static void test_fall_back_to_symlinks(void **state) {
    struct fixture *f = *state;
    char *other = other_file_system(f->folder);
    if (!other)
        SKIP("/dev/shm is no other file system here");
    const char *a = below(f->data, "a.jpg"), *b = below(f->data, "b.jpg");
    file_make(a, "A");
    file_make(b, "B");
    struct original original = remember(a);
    struct placer *placer;
    assert_ok(placer_open(other, f->data, PLACE_HARDLINK, &placer));
    assert_false(placer_fell_back(placer));
    assert_ok(placer_place(placer, BUCKET_CORRECT, a, NULL));
    assert_ok(placer_place(placer, BUCKET_CORRECT, b, NULL));
    assert_true(placer_fell_back(placer));
    assert_false(placer_fell_back(placer)); /* said once */
    assert_ok(placer_place(placer, BUCKET_CORRECT, a, NULL));
    assert_false(placer_fell_back(placer));
    placer_close(placer);
    /* A second run into the same tree. */
    assert_ok(placer_open(other, f->data, PLACE_HARDLINK, &placer));
    const char *placed = below(other, "correct/JPEGImages/a.jpg");
    ino_t before = about(placed).st_ino;
    assert_ok(placer_place(placer, BUCKET_CORRECT, a, NULL));
    assert_int_equal(about(placed).st_ino, before); /* what is right stays */
    placer_close(placer);
    char target[8192] = "";
    assert_true(readlink(placed, target, sizeof target - 1) > 0);
    assert_string_equal(target, a);
    assert_file(below(other, "correct/JPEGImages/b.jpg"), "B");
    assert_unchanged(a, &original, 0);
    assert_no_leftovers(other, 11);
    temp_folder_remove(other);
}

static void test_none(void **state) {
    struct fixture *f = *state;
    const char *image = below(f->data, "images/a.b.jpg"), *label = below(f->data, "labels/a.txt");
    file_make(image, "picture");
    file_make(label, "0 .5 .5 .1 .1\n");
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, PLACE_NONE, &placer));
    assert_ok(placer_place(placer, BUCKET_CORRECT, image, label));
    assert_no_leftovers(f->output, 0);
    assert_ok(placer_predicted(placer, image, "0 0.5\n", 6));
    assert_file(below(f->output, "predicted/images/a.b.txt"), "0 0.5\n");
    assert_true(placer_shared(placer) == 0);
    assert_ok(placer_predicted(placer, image, "", 0)); /* replaced */
    assert_true(placer_shared(placer) == 1);
    assert_file(below(f->output, "predicted/images/a.b.txt"), "");
    file_make(below(f->output, "predicted/images/a.b.txt"), "mine");
    assert_int_equal(placer_predicted(placer, image, "0 0.5\n", 6), STATUS_FAILED);
    assert_file(below(f->output, "predicted/images/a.b.txt"), "mine");
    assert_no_leftovers(f->output, 3);
    placer_close(placer);
}

static void test_failed_images_are_not_placed(void **state) {
    struct fixture *f = *state;
    place(f, PLACE_HARDLINK, BUCKET_FAILED, below(f->data, "nowhere.jpg"), NULL);
    assert_no_leftovers(f->output, 9);
}

/* ------------------------------------------------------------------ names */

static void test_equal_names_and_common(void **state) {
    struct fixture *f = *state;
    const char *a = below(f->data, "x/1.jpg"), *b = below(f->data, "y/1.jpg");
    file_make(a, "A");
    file_make(b, "B");
    struct placer *placer;
    assert_ok(placer_open(f->output, below(f->data, "/"), PLACE_HARDLINK, &placer));
    assert_ok(placer_place(placer, BUCKET_CORRECT, a, NULL));
    assert_ok(placer_place(placer, BUCKET_CORRECT, b, NULL));
    /* Beside it, and the common folder itself. */
    file_make(below(f->folder, "data2/1.jpg"), "C");
    const char *outside[] = {below(f->folder, "data2/1.jpg"), f->data, "/"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(placer_place(placer, BUCKET_CORRECT, outside[i], NULL), STATUS_FAILED);
        assert_non_null(strstr(status_message(), "does not lie below"));
    }
    placer_close(placer);
    assert_file(below(f->output, "correct/JPEGImages/x/1.jpg"), "A");
    assert_file(below(f->output, "correct/JPEGImages/y/1.jpg"), "B");

    assert_ok(placer_open(f->output, "/", PLACE_HARDLINK, &placer));
    assert_ok(placer_place(placer, BUCKET_UNCERTAIN, a, NULL));
    placer_close(placer);
    char path[8192];
    snprintf(path, sizeof path, "uncertain/JPEGImages%s", a);
    assert_file(below(f->output, path), "A");
}

static void test_strange_names(void **state) {
    struct fixture *f = *state;
    char longest[256], list[6][300];
    memset(longest, 'n', 251);
    strcpy(longest + 251, ".jpg");
    snprintf(list[0], sizeof list[0], "%s", longest);
    strcpy(list[1], "a \"quoted\"\nline.jpg");
    strcpy(list[2], "\xff\xfe not UTF-8.jpg");
    strcpy(list[3], "dots.in.name/no suffix");
    strcpy(list[4], "-rf.JPEG");
    strcpy(list[5], ".hidden.jpg");
    const char *labels[] = {NULL,
                            "a \"quoted\"\nline.txt",
                            "\xff\xfe not UTF-8.txt",
                            "dots.in.name/no suffix.txt",
                            "-rf.txt",
                            ".hidden.txt"};
    for (int mode = PLACE_HARDLINK; mode <= PLACE_COPY; mode++)
        for (int i = 0; i < 6; i++) {
            file_make(below(f->data, list[i]), list[i]);
            file_make(below(f->data, "label"), list[i]);
            place(f, (enum place_mode)mode, BUCKET_CORRECT, below(f->data, list[i]),
                  below(f->data, "label"));
            char path[sizeof list + 32];
            snprintf(path, sizeof path, "correct/JPEGImages/%s", list[i]);
            assert_file(below(f->output, path), list[i]);
            if (i == 0)
                strcpy(longest + 251, ".txt");
            snprintf(path, sizeof path, "correct/labels/%s", labels[i] ? labels[i] : longest);
            assert_file(below(f->output, path), list[i]);
        }
}

static void test_too_long_names(void **state) {
    struct fixture *f = *state;
    char *path = malloc(6000);
    int length = snprintf(path, 6000, "%s", f->data);
    while (length < 5000)
        length += snprintf(path + length, 6000 - (size_t)length, "/folder-of-some-length");
    strcpy(path + length, ".jpg");
    for (int mode = PLACE_HARDLINK; mode <= PLACE_COPY; mode++) {
        struct placer *placer;
        assert_ok(placer_open(f->output, f->data, (enum place_mode)mode, &placer));
        assert_int_equal(placer_place(placer, BUCKET_CORRECT, path, NULL), STATUS_FAILED);
        assert_non_null(strstr(status_message(), "too long"));
        assert_int_equal(placer_place(placer, BUCKET_CORRECT, path, path), STATUS_FAILED);
        assert_non_null(strstr(status_message(), "too long"));
        assert_int_equal(placer_predicted(placer, path, "", 0), STATUS_FAILED);
        assert_non_null(strstr(status_message(), "too long"));
        placer_close(placer);
    }
    assert_no_leftovers(f->output, 9);
    /* A component that no file system takes. */
    char name[300];
    memset(name, 'n', 299);
    name[299] = '\0';
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, PLACE_SYMLINK, &placer));
    assert_int_equal(placer_place(placer, BUCKET_CORRECT, below(f->data, name), NULL),
                     STATUS_FAILED);
    assert_non_null(strstr(status_message(), "File name too long"));
    placer_close(placer);
    free(path);
}

/* -------------------------------------------------------------- replacing */

static void test_replaced(void **state) {
    struct fixture *f = *state;
    const char *image = below(f->data, "a.jpg"), *label = below(f->data, "a.txt");
    const char *other = below(f->folder, "other.jpg");
    file_make(image, "new picture");
    file_make(label, "new label");
    file_make(other, "another of the user's");
    const char *placed_image = below(f->output, "correct/JPEGImages/a.jpg");
    const char *placed_label = below(f->output, "correct/labels/a.txt");
    for (int mode = PLACE_HARDLINK; mode <= PLACE_COPY; mode++)
        for (int before = 0; before < 3; before++) {
            place(f, PLACE_HARDLINK, BUCKET_CORRECT, image, NULL);
            remove(placed_image);
            remove(placed_label);
            /* A link of either kind to a user's file is replaced, never written through. */
            if (before < 2) {
                assert_int_equal((before ? symlink : link)(other, placed_image), 0);
                assert_int_equal((before ? symlink : link)(other, placed_label), 0);
            } else {
                /* As a process leaves them that is killed while it writes. */
                file_make(placed_image, "");
                file_make(placed_label, "new");
                assert_int_equal(chmod(placed_label, 0200), 0);
            }
            struct original original = remember(other), original_image = remember(image);
            for (int twice = 0; twice < 2; twice++)
                place(f, (enum place_mode)mode, BUCKET_CORRECT, image, label);
            assert_file(placed_image, "new picture");
            assert_file(placed_label, "new label");
            assert_unchanged(other, &original, before == 0 ? (nlink_t)-2 : 0);
            assert_unchanged(image, &original_image, mode == PLACE_HARDLINK);
            assert_no_leftovers(f->output, 11);
        }
}

/* What somebody else put there would be lost. */
static void test_not_replaced(void **state) {
    struct fixture *f = *state;
    const char *image = below(f->data, "a.jpg"), *label = below(f->data, "a.txt");
    const char *placed_image = below(f->output, "correct/JPEGImages/a.jpg");
    const char *placed_label = below(f->output, "correct/labels/a.txt");
    file_make(image, "picture");
    file_make(label, "label");
    for (int mode = PLACE_HARDLINK; mode <= PLACE_COPY; mode++) {
        struct placer *placer;
        assert_ok(placer_open(f->output, f->data, (enum place_mode)mode, &placer));
        remove(placed_image);
        file_make(placed_image, "picture of mine");
        assert_int_equal(placer_place(placer, BUCKET_CORRECT, image, label), STATUS_FAILED);
        assert_non_null(strstr(status_message(), placed_image));
        assert_file(placed_image, "picture of mine");
        assert_int_equal(unlink(placed_image), 0);
        file_make(placed_label, "label of mine");
        assert_int_equal(placer_place(placer, BUCKET_CORRECT, image, label), STATUS_FAILED);
        assert_non_null(strstr(status_message(), placed_label));
        assert_file(placed_label, "label of mine");
        placer_close(placer);
    }
}

static void test_something_in_the_way(void **state) {
    struct fixture *f = *state;
    const char *image = below(f->data, "x/a.jpg"), *label = below(f->data, "a.txt");
    file_make(image, "picture");
    file_make(label, "label");
    folder_make(below(f->output, "correct/JPEGImages/x/a.jpg"));
    folder_make(below(f->output, "mislabeled/labels/x/a.txt"));
    file_make(below(f->output, "uncertain/labels/x"), "a file where a folder should be");
    for (int mode = PLACE_HARDLINK; mode <= PLACE_COPY; mode++) {
        struct placer *placer;
        assert_ok(placer_open(f->output, f->data, (enum place_mode)mode, &placer));
        for (int b = 0; b < BUCKET_FAILED; b++) {
            assert_int_equal(placer_place(placer, (enum bucket)b, image, label), STATUS_FAILED);
            assert_non_null(strstr(status_message(), "in the way"));
            assert_non_null(strstr(status_message(), b ? "x/a.txt" : "x/a.jpg"));
            assert_non_null(strstr(status_message(), f->output));
        }
        placer_close(placer);
    }
    /* 9 folders; correct: x/a.jpg; mislabeled: x/a.jpg, labels/x/a.txt; uncertain: x/a.jpg, x. */
    assert_no_leftovers(f->output, 9 + 2 + 4 + 3);
}

/* ------------------------------------------------------------- bad sources */

static void test_labels_that_are_no_files(void **state) {
    struct fixture *f = *state;
    const char *image = below(f->data, "a.jpg"), *label = below(f->data, "a.txt");
    file_make(image, "picture");
    alarm(20);
    place(f, PLACE_HARDLINK, BUCKET_CORRECT, image, label); /* gone meanwhile */
    folder_make(label);
    place(f, PLACE_HARDLINK, BUCKET_CORRECT, image, label);
    rmdir(label);
    assert_int_equal(mkfifo(label, 0666), 0);
    place(f, PLACE_HARDLINK, BUCKET_CORRECT, image, label);
    unlink(label);
    assert_int_equal(symlink(label, label), 0);
    place(f, PLACE_HARDLINK, BUCKET_CORRECT, image, label);
    alarm(0);
    assert_no_leftovers(f->output, 10);
}

static void test_image_gone(void **state) {
    struct fixture *f = *state;
    const char *image = below(f->data, "gone.jpg");
    for (int i = 0; i < 2; i++) {
        struct placer *placer;
        assert_ok(placer_open(f->output, f->data, i ? PLACE_COPY : PLACE_HARDLINK, &placer));
        assert_int_equal(placer_place(placer, BUCKET_CORRECT, image, image), STATUS_BAD_INPUT);
        assert_string_equal(status_message(), "cannot be read any more: No such file or directory");
        placer_close(placer);
    }
    folder_make(image);
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, PLACE_COPY, &placer));
    assert_int_equal(placer_place(placer, BUCKET_CORRECT, image, NULL), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "not a regular file"));
    placer_close(placer);
    assert_no_leftovers(f->output, 9);
}

/* What an interrupted run placed elsewhere goes, but not the label file of another image. */
static void test_no_permission(void **state) {
    struct fixture *f = *state;
    const char *image = below(f->data, "a.jpg");
    file_make(image, "picture");
    struct placer *placer;
    assert_ok(placer_open(f->output, f->data, PLACE_SYMLINK, &placer));
    assert_int_equal(chmod(below(f->output, "correct/JPEGImages"), 0555), 0);
    uid_t user = geteuid();
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    enum status status = placer_place(placer, BUCKET_CORRECT, image, NULL);
    if (user == 0)
        assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(below(f->output, "correct/JPEGImages"), 0755), 0);
    assert_int_equal(status, STATUS_FAILED);
    assert_non_null(strstr(status_message(), "Permission denied"));
    assert_non_null(strstr(status_message(), "correct/JPEGImages/a.jpg"));
    assert_non_null(strstr(status_message(), "--output"));
    placer_close(placer);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_hard_link),
        TEST(test_hard_link_of_a_symlink_is_the_picture),
        TEST(test_symlink),
        TEST(test_copy),
        TEST(test_copy_across_file_systems),
        TEST(test_fall_back_to_symlinks),
        TEST(test_none),
        TEST(test_failed_images_are_not_placed),
        TEST(test_equal_names_and_common),
        TEST(test_strange_names),
        TEST(test_too_long_names),
        TEST(test_replaced),
        TEST(test_not_replaced),
        TEST(test_something_in_the_way),
        TEST(test_labels_that_are_no_files),
        TEST(test_image_gone),
        TEST(test_no_permission),
    };
    return RUN_TESTS(tests);
}
