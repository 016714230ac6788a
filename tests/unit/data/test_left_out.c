/* What a folder or list holds beside images that are read: each is left out and told of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/picture_formats.h"
#include "dataset_case.h"
#include "unit.h"

static void assert_kinds(const struct dataset *dataset, const char *wanted) {
    struct text text = {0};
    dataset_unread_text(dataset, &text);
    assert_string_equal(text.data ? text.data : "", wanted);
    text_free(&text);
}

static void touch_all(const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        touch(names[i]);
}
#define TOUCH(...)                                                                                 \
    touch_all((const char *const[]){__VA_ARGS__},                                                  \
              sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *))

static void test_kinds(void **state) {
    (void)state;
    TOUCH("images/a.jpe", "images/b.JFIF", "images/c.mpo", "images/d.png", "images/e.webp",
          "images/f.BMP", "images/g.tif", "images/h.TIFF", "images/x.psd", "images/y.TGA",
          "images/i.gif", "images/j.jxl", "images/k.jpx", "images/l.arw", "images/m.dng",
          "images/n.pfm", "images/o.jp2", "images/p.gif", "images/q.jpeg2000", "images/r.txt",
          "images/s.npy", "images/jpg", "images/u.gif.gz", "images/v.veryverylong", "images/w.");
    struct dataset dataset;
    open_data(folder, NULL, &dataset);
    assert_images(&dataset, "images/a.jpe images/b.JFIF images/c.mpo images/d.png images/e.webp "
                            "images/f.BMP images/g.tif images/h.TIFF");
    assert_kinds(&dataset, ".gif 2, .arw 1, .dng 1, .jp2 1, .jpeg2000 1, .jpx 1, "
                           ".jxl 1, .pfm 1, .psd 1, .tga 1");
    assert_int_equal(dataset.unread.count, 11);
    assert_null(dataset.skipped);
    dataset_free(&dataset);
    /* Listed twice, and by two splits: one file. */
    file_make(in("list.txt"), "images/x.psd\nimages/a.jpe\nimages/../images/x.psd\n");
    file_make(in("data.yaml"), "train: list.txt\nval: images\nnames: [a]\n");
    open_data(in("data.yaml"), "train", &dataset);
    assert_kinds(&dataset, ".psd 1");
    dataset_free(&dataset);
    open_data(in("data.yaml"), NULL, &dataset);
    assert_int_equal(dataset.unread.count, 11);
    dataset_free(&dataset);
    assert_int_equal(unlink(in("images/a.jpe")) + unlink(in("images/b.JFIF")) +
                         unlink(in("images/c.mpo")) + unlink(in("images/d.png")) +
                         unlink(in("images/e.webp")) + unlink(in("images/f.BMP")) +
                         unlink(in("images/g.tif")) + unlink(in("images/h.TIFF")),
                     0);
    assert_bad(in("images"), NULL, "(pictures that are not read: .gif 2, .arw 1, ");
}

/* Those that only some builds read. */
static void test_kinds_of_libraries(void **state) {
    (void)state;
    static const struct {
        const char *name, *kinds;
        bool read;
    } cases[] = {{"images/b.avif", ".avif 1", sizeof AVIF_SUFFIXES > 1},
                 {"images/b.heic", ".heic 1", sizeof HEIF_SUFFIXES > 1},
                 {"images/b.HEIF", ".heif 1", sizeof HEIF_SUFFIXES > 1},
                 {"images/b.hif", ".hif 1", sizeof HEIF_SUFFIXES > 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset dataset;
        char images[64];
        TOUCH("images/a.jpg");
        touch(cases[i].name);
        open_data(folder, NULL, &dataset);
        snprintf(images, sizeof images, "images/a.jpg%s%s", cases[i].read ? " " : "",
                 cases[i].read ? cases[i].name : "");
        assert_images(&dataset, images);
        assert_kinds(&dataset, cases[i].read ? "" : cases[i].kinds);
        dataset_free(&dataset);
        assert_int_equal(unlink(in(cases[i].name)), 0);
    }
}

/* The label of a picture that is not read belongs to it. */
static void test_labels_of_unread(void **state) {
    (void)state;
    TOUCH("images/a.jpg", "images/b.gif", "images/more/c.jxl", "labels/a.txt", "labels/b.txt",
          "labels/none.txt", "labels/more/c.txt", "labels/more/d.txt");
    struct dataset dataset;
    uint64_t orphans;
    open_data(folder, NULL, &dataset);
    assert_int_equal(dataset_count_orphans(&dataset, NULL, &orphans), STATUS_OK);
    assert_int_equal(orphans, 2);
    dataset_free(&dataset);
}

static void test_hidden(void **state) {
    (void)state;
    TOUCH("d/a.jpg", "d/.git/objects/ab/cdef", "d/.cache/x.npy", "d/._a.jpg");
    struct dataset dataset;
    open_data(in("d"), NULL, &dataset);
    assert_images(&dataset, "d/a.jpg");
    assert_null(dataset.skipped);
    dataset_free(&dataset);
    TOUCH("d/sub/.trash/deep/deeper/b.png");
    assert_int_equal(symlink(".", in("d/sub/.trash/self")), 0);
    assert_int_equal(symlink("sub", in("d/.link")), 0);
    open_data(in("d"), NULL, &dataset);
    assert_images(&dataset, "d/a.jpg");
    assert_text(dataset.skipped, "left out: pictures that are hidden, in @/d/sub/.trash");
    dataset_free(&dataset);
    TOUCH("d/.z.jpg", "d/m/.old/y.jpg");
    open_data(in("d"), NULL, &dataset);
    assert_text(dataset.skipped,
                "left out: 3 hidden folders or files with pictures, such as @/d/.z.jpg");
    dataset_free(&dataset);
    /* Given itself it is data. */
    open_data(in("d/m/.old"), NULL, &dataset);
    dataset_free(&dataset);
}

static void make_output(const char *sign) {
    TOUCH("d/a.jpg", "d/out/correct/JPEGImages/a.jpg", "d/out/mislabeled/JPEGImages/b.jpg",
          "d/out/uncertain/JPEGImages/sub/c.jpg", "d/out/review/sheet1.jpg",
          "d/out/predicted/x.jpg", "d/out/logs/y.png", "d/out/mine/z.jpg");
    touch(sign);
}

static void check_output(const char *sign) {
    struct dataset dataset;
    make_output(sign);
    open_data(in("d"), NULL, &dataset);
    assert_images(&dataset, "d/a.jpg d/out/mine/z.jpg");
    assert_text(dataset.skipped, "left out: what a run of verify wrote in @/d/out");
    dataset_free(&dataset);
    /* So for the run's own output. */
    assert_int_equal(dataset_open(in("d"), NULL, in("d/out"), &dataset), STATUS_OK);
    assert_images(&dataset, "d/a.jpg d/out/mine/z.jpg");
    assert_text(dataset.skipped, "left out: what a run of verify wrote in @/d/out");
    dataset_free(&dataset);
    /* Corrected labels are checked again by giving a folder of the output itself. */
    open_data(in("d/out/mislabeled"), NULL, &dataset);
    assert_images(&dataset, "d/out/mislabeled/JPEGImages/b.jpg");
    assert_null(dataset.skipped);
    dataset_free(&dataset);
    assert_int_equal(unlink(in(sign)), 0);
}

static void test_outputs(void **state) {
    (void)state;
    check_output("d/out/verification_report.json");
    check_output("d/out/verification_records.jsonl");
    check_output("d/out/.verify/run.json");
    check_output("d/out/.verify/manifest");
    /* Without a sign they are folders as any other. */
    struct dataset dataset;
    make_output("d/out/readme");
    open_data(in("d"), NULL, &dataset);
    assert_int_equal(dataset.images.count, 8);
    assert_null(dataset.skipped);
    dataset_free(&dataset);
    /* What is to be the run's own output needs no sign. */
    assert_int_equal(dataset_open(in("d"), NULL, in("d/out"), &dataset), STATUS_OK);
    assert_int_equal(dataset.images.count, 5);
    assert_text(dataset.skipped, "left out: 3 folders that runs of verify wrote to, such as "
                                 "@/d/out/correct/JPEGImages");
    dataset_free(&dataset);
    /* The output folder given whole, or a second output: both are told. */
    touch("d/out/verification_report.json");
    assert_int_equal(rename(in("d/out/mine"), in("mine")), 0);
    assert_bad(in("d/out"), NULL, "(left out: what a run of verify wrote in @/d/out)");
    TOUCH("d/again/verification_report.json", "d/again/uncertain/JPEGImages/q.jpg");
    open_data(in("d"), NULL, &dataset);
    assert_images(&dataset, "d/a.jpg");
    assert_text(dataset.skipped,
                "left out: 2 folders that runs of verify wrote to, such as @/d/again");
    dataset_free(&dataset);
    file_make(in("list.txt"), "d/out/mislabeled/JPEGImages/b.jpg\n");
    open_data(in("list.txt"), NULL, &dataset);
    assert_int_equal(dataset.images.count, 1);
    dataset_free(&dataset);
}

/* A report that lies alone, or signs that are links, make no output. */
static void test_no_outputs(void **state) {
    (void)state;
    TOUCH("d/verification_report.json", "d/logs/a.jpg", "e/correct/b.jpg", "run.json");
    folder_make(in("e/.verify"));
    assert_int_equal(symlink("../../run.json", in("e/.verify/run.json")), 0);
    struct dataset dataset;
    open_data(folder, NULL, &dataset);
    assert_images(&dataset, "d/logs/a.jpg e/correct/b.jpg");
    dataset_free(&dataset);
}

static enum status check_labels(const char *path) {
    struct dataset dataset;
    open_data(path, NULL, &dataset);
    enum status status = dataset_check_labels(&dataset);
    dataset_free(&dataset);
    return status;
}

static void test_no_labels(void **state) {
    (void)state;
    TOUCH("d/images/a.jpg", "d/images/b.jpg", "d/images/sub/c.jpg", "d/label/a.txt");
    assert_int_equal(check_labels(in("d")), STATUS_BAD_INPUT);
    assert_text(status_message(), "no image has a label file: that of @/d/images/a.jpg was looked "
                                  "for at @/d/labels/a.txt");
    touch("d/labels/z.txt");
    touch("d/labels/sub");
    assert_int_equal(check_labels(in("d")), STATUS_BAD_INPUT);
    /* The last of the images suffices, an empty file, or one that only the reading can judge. */
    assert_int_equal(unlink(in("d/labels/sub")), 0);
    touch("d/labels/sub/c.txt");
    assert_int_equal(check_labels(in("d")), STATUS_OK);
    assert_int_equal(unlink(in("d/labels/sub/c.txt")), 0);
    assert_int_equal(symlink("nowhere", in("d/labels/sub/c.txt")), 0);
    assert_int_equal(check_labels(in("d")), STATUS_OK);
    TOUCH("flat/x.jpg", "flat/y.jpg");
    assert_int_equal(check_labels(in("flat")), STATUS_BAD_INPUT);
    touch("flat/y.txt");
    assert_int_equal(check_labels(in("flat")), STATUS_OK);
}

/* Names that no file can have are no failure. */
static void test_no_labels_of_a_list(void **state) {
    (void)state;
    enum { COUNT = 5000, LONG = 6000 };
    struct text list = {0};
    for (int i = 0; i < COUNT; i++)
        text_format(&list, "images/%d.jpg\n", i);
    for (int i = 0; i < LONG; i++)
        text_string(&list, "n");
    text_string(&list, ".jpg\n");
    for (int i = 0; i < LONG / 2; i++)
        text_string(&list, "n/");
    text_string(&list, ".jpg\n");
    file_make(in("list.txt"), list.data);
    text_free(&list);
    assert_int_equal(check_labels(in("list.txt")), STATUS_BAD_INPUT);
    touch("labels/4321.txt");
    assert_int_equal(check_labels(in("list.txt")), STATUS_OK);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_kinds),
        TEST(test_kinds_of_libraries),
        TEST(test_labels_of_unread),
        TEST(test_hidden),
        TEST(test_outputs),
        TEST(test_no_outputs),
        TEST(test_no_labels),
        TEST(test_no_labels_of_a_list),
    };
    return RUN_TESTS(tests);
}
