/* Finding the images in folders and lists; counting orphan labels; the list of paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/picture_formats.h"
#include "dataset_case.h"
#include "unit.h"

#define SUFFIXES                                                                                   \
    ".jfif .jpe .jpeg .jpg .mpo .png .bmp .dib .webp .tif .tiff" AVIF_SUFFIXES HEIF_SUFFIXES

static void test_folder(void **state) {
    (void)state;
    static const char *const files[] = {
        "images/b.JPG",    "images/a.jpeg",        "images/a-b.png",      "images/a/z.Png",
        "images/a.txt",    "images/.hidden.jpg",   "images/.cache/c.jpg", "images/._b.JPG",
        "images/c.psd",    "images/sub.jpg/d.jpg", "images/jpg",          "labels/b.txt",
        "images/x.jpg.gz", "images/a b.jpg"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        touch(files[i]);
    file_make(in("data.yaml"), "names: [ignored]\n");
    struct dataset dataset;
    open_data(folder, NULL, &dataset);
    assert_int_equal(dataset.images.count, 6);
    static const char *const wanted[] = {"images/a b.jpg", "images/a-b.png",
                                         "images/a.jpeg",  "images/a/z.Png",
                                         "images/b.JPG",   "images/sub.jpg/d.jpg"};
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(image_path_at(&dataset, i), in(wanted[i]));
    assert_string_equal(dataset.root, folder);
    assert_string_equal(dataset.common, in("images"));
    assert_int_equal(dataset.n_names, 0);
    assert_int_equal(dataset.repeated + dataset.other, 0);
    assert_text(dataset.skipped, "left out: 2 hidden folders or files with pictures, such as "
                                 "@/images/.cache");
    assert_string_equal(dataset_image_name(dataset.root, image_path_at(&dataset, 2)),
                        "images/a.jpeg");
    dataset_free(&dataset);
}

static void test_relative_path(void **state) {
    (void)state;
    touch("d/images/a.jpg");
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(in("d")), 0);
    static const char *const paths[] = {"images", "./images/", "..//d/./images",
                                        "../d/x/../images"};
    for (size_t i = 0; i < 4; i++) {
        struct dataset dataset;
        open_data(paths[i], NULL, &dataset);
        assert_images(&dataset, "d/images/a.jpg");
        assert_string_equal(dataset.root, in("d/images"));
        assert_string_equal(dataset.common, in("d/images"));
        dataset_free(&dataset);
    }
    assert_int_equal(chdir(before), 0);
    free(before);
}

static void test_links(void **state) {
    (void)state;
    touch("d/real/a.jpg");
    touch("d/real/deep/b.jpg");
    touch("other/c.jpg");
    touch("other/e/d.jpg");
    /* Cycles, a link that sorts before the folder it leads to, two links to one folder, a link met
     * by following a link, a dangling link, links to files. */
    assert_int_equal(symlink(".", in("d/self")), 0);
    assert_int_equal(symlink("..", in("d/real/up")), 0);
    assert_int_equal(symlink("real", in("d/a-link")), 0);
    assert_int_equal(symlink("../other", in("d/m")), 0);
    assert_int_equal(symlink("../other", in("d/n")), 0);
    assert_int_equal(symlink("../../other/e", in("d/real/e")), 0);
    assert_int_equal(symlink("../d", in("other/back")), 0);
    assert_int_equal(symlink("nowhere", in("d/gone.jpg")), 0);
    assert_int_equal(symlink("nowhere", in("d/gone")), 0);
    assert_int_equal(symlink("real/a.jpg", in("d/file.jpg")), 0);
    assert_int_equal(symlink("loop.jpg", in("d/loop.jpg")), 0);
    assert_int_equal(mkfifo(in("d/fifo.jpg"), 0600), 0);
    assert_int_equal(symlink("fifo.jpg", in("d/fifo-link.jpg")), 0);
    struct dataset dataset;
    open_data(in("d"), NULL, &dataset);
    /* What is no file is not passed over: it fails when it is read. */
    assert_images(&dataset, "d/fifo-link.jpg d/fifo.jpg d/file.jpg d/gone.jpg d/loop.jpg d/m/c.jpg "
                            "d/m/e/d.jpg d/real/a.jpg d/real/deep/b.jpg");
    dataset_free(&dataset);
    /* The folder itself may be a link: its name stays. */
    open_data(in("d/a-link"), NULL, &dataset);
    assert_string_equal(dataset.root, in("d/a-link"));
    assert_int_equal(dataset.images.count, 9);
    assert_string_equal(image_path_at(&dataset, 0), in("d/a-link/a.jpg"));
    dataset_free(&dataset);
}

static void test_unreadable_folder(void **state) {
    (void)state;
    touch("d/a.jpg");
    static const char *const locked[] = {"d/l1", "d/l2", "d/l3", "d/l4", "d/l5"};
    for (size_t i = 0; i < 5; i++) {
        folder_make(in(locked[i]));
        assert_int_equal(chmod(in(locked[i]), 0), 0);
    }
    assert_int_equal(chmod(folder, 0755), 0);
    uid_t user = geteuid();
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    struct dataset dataset, none;
    enum status status = dataset_open(in("d"), NULL, NULL, &dataset);
    enum status status_locked = dataset_open(in("d/l1"), NULL, NULL, &none);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(status, STATUS_OK);
    assert_images(&dataset, "d/a.jpg");
    assert_text(dataset.skipped, "cannot read the folder @/d/l");
    assert_text(dataset.skipped, ": Permission denied; ");
    assert_text(dataset.skipped, "; and 2 more");
    dataset_free(&dataset);
    assert_int_equal(status_locked, STATUS_BAD_INPUT);
    assert_text(status_message(), "cannot read the folder @/d/l1: Permission denied");
}

static void test_nothing_to_open(void **state) {
    (void)state;
    assert_bad("", NULL, "--data is empty");
    assert_bad(in("none"), NULL, "@/none: No such file or directory: check --data");
    assert_bad(in("none.yaml"), NULL, "@/none.yaml: No such file or directory");
    assert_bad(folder, NULL, "no images (" SUFFIXES ") below @: check --data");
    touch("a.jpg");
    assert_bad(in("a.jpg"), NULL,
               "@/a.jpg is not a data set, but a single picture: give its folder");
    touch("a.rst");
    assert_bad(in("a.rst"), NULL, "@/a.rst is not a data set: --data takes a data.yaml, a folder");
    assert_bad(in("a.jpg/b"), NULL, "@/a.jpg/b: Not a directory");
    assert_bad(folder, "val", "--split picks from a data.yaml, and @ is not one");
    assert_int_equal(mkfifo(in("fifo.txt"), 0600), 0);
    assert_bad(in("fifo.txt"), NULL, "@/fifo.txt: it is not a regular file");
    assert_int_equal(mkfifo(in("fifo.yaml"), 0600), 0);
    assert_bad(in("fifo.yaml"), NULL, "@/fifo.yaml is not a regular file");
}

/* What is often given in a data set's place: said for what it is. */
static void test_other_things(void **state) {
    (void)state;
    static const struct {
        const char *name, *expected;
    } files[] = {
        {"instances_val2017.json", "is not COCO's annotations: it needs 'images', 'annotations'"},
        {"coco128.zip", "is an archive: unpack it"},
        {"set.tar.gz", "is an archive"},
        {"SET.TGZ", "is an archive"},
        {"set.tar", "is an archive"},
        {"clip.mp4", "is a video: take pictures out of it"},
        {"a.webp", "but a single picture: give its folder"},
        {"best.pt", "is a model, which --model takes"},
        {"a.xml", "is XML, maybe Pascal VOC's"},
        {"labels.csv", "is a table"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        touch(files[i].name);
        assert_bad(in(files[i].name), NULL, files[i].expected);
        assert_text(status_message(), files[i].name);
    }
    static const struct {
        const char *path, *expected;
    } absent[] = {
        {"https://host/coco128.zip", "--data https://host/coco128.zip is a URL: download"},
        {"s3://bucket/set", "is a URL"},
        {"~/data", "/~/data: No such file or directory: check --data; the shell has left '~'"},
        {"D:\\data\\set", "it is written as on Windows"},
        {"D:/data/set", "it is written as on Windows"},
        {"data\\images", "it is written as on Windows"},
        {"coco8.yaml", "no data set is downloaded"},
    };
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_bad(absent[i].path, NULL, absent[i].expected);
    /* Names that look so are taken where they are there. */
    touch("C:/a\\b/~x/1.jpg");
    struct dataset dataset;
    open_data(in("C:/a\\b/~x"), NULL, &dataset);
    dataset_free(&dataset);
    touch("only/data.yaml");
    touch("only/x.yml");
    assert_bad(in("only"), NULL, "check --data; or give @/only/data.yaml, which may say where");
}

static void test_list(void **state) {
    (void)state;
    char *text;
    assert_true(asprintf(&text,
                         "\xef\xbb\xbfz.jpg\r\n./a.JPEG\n\n  \t\nsub/../sub//b.png \n"
                         "%s/abs.jpg\rz.jpg\n./sub/b.png\nnotes.psd\nc\nsp ace.jpg\nlast.jpg",
                         folder) > 0);
    file_make(in("lists/train.TXT"), text);
    free(text);
    struct dataset dataset;
    open_data(in("lists/train.TXT"), NULL, &dataset);
    assert_int_equal(dataset.images.count, 6);
    static const char *const wanted[] = {"lists/z.jpg", "lists/a.JPEG",     "lists/sub/b.png",
                                         "abs.jpg",     "lists/sp ace.jpg", "lists/last.jpg"};
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(image_path_at(&dataset, i), in(wanted[i]));
    assert_int_equal(dataset.repeated, 2);
    assert_int_equal(dataset.other, 1);
    assert_int_equal(dataset.unread.count, 1);
    assert_string_equal(path_list_get(&dataset.unread, 0), in("lists/notes.psd"));
    assert_string_equal(dataset.root, in("lists"));
    assert_string_equal(dataset.common, folder);
    assert_string_equal(dataset_image_name(dataset.root, in("abs.jpg")), in("abs.jpg"));
    dataset_free(&dataset);
}

/* Above a link lies what open(2) finds there. */
static void test_up_from_a_link(void **state) {
    (void)state;
    touch("d/a.jpg");
    touch("elsewhere/a.jpg");
    touch("elsewhere/deep/deeper/b.jpg");
    touch("elsewhere/deep/b.jpg");
    assert_int_equal(symlink("../elsewhere/deep", in("d/way")), 0);
    file_make(in("d/list.txt"), "way/../a.jpg\nway/b.jpg\nway/deeper/../b.jpg\n"
                                "way/deeper/../../a.jpg\nnone/../a.jpg\nway/../../d/./a.jpg\n");
    struct dataset dataset;
    open_data(in("d/list.txt"), NULL, &dataset);
    assert_images(&dataset, "elsewhere/a.jpg d/way/b.jpg d/a.jpg");
    assert_int_equal(dataset.repeated, 3);
    dataset_free(&dataset);
    assert_int_equal(symlink("loop", in("d/loop")), 0);
    file_make(in("d/list.txt"), "loop/../a.jpg\n");
    open_data(in("d/list.txt"), NULL, &dataset);
    assert_images(&dataset, "d/a.jpg");
    dataset_free(&dataset);
}

static void test_bad_lists(void **state) {
    (void)state;
    file_make(in("l.txt"), "");
    assert_bad(in("l.txt"), NULL, "no images (" SUFFIXES ") listed in @/l.txt: check --data");
    file_make(in("l.txt"), "a.gif\nb.psd\nc.GIF\nd\n");
    assert_bad(in("l.txt"), NULL,
               "(1 listed files have other suffixes) (pictures that are not "
               "read: .gif 2, .psd 1)");
    file_make_bytes(in("l.txt"), "a.jpg\nb\0.jpg\n", 13);
    assert_bad(in("l.txt"), NULL, "@/l.txt, line 2: a NUL byte; a list has one image path a line");
    file_make_bytes(in("l.txt"),
                    "\xff\xfe"
                    "a\0.\0j\0p\0g\0",
                    12);
    assert_bad(in("l.txt"), NULL, "@/l.txt is UTF-16 text: save it as UTF-8");
    file_make(in("l.txt"), "a.jpg\nimages\\b.jpg\n");
    assert_bad(in("l.txt"), NULL, "@/l.txt, line 2: 'images\\b.jpg' is written as on Windows");
    file_make(in("l.txt"), "D:/images/b.jpg\n");
    assert_bad(in("l.txt"), NULL, "@/l.txt, line 1: 'D:/images/b.jpg' is written as on Windows");
    file_make(in("l.txt"), "https://host/b.jpg\n");
    assert_bad(in("l.txt"), NULL, "@/l.txt, line 1: 'https://host/b.jpg' is a URL: download");
    char *line = malloc(100001);
    memset(line, 'x', 100000);
    line[100000] = '\0';
    file_make(in("l.txt"), line);
    free(line);
    assert_bad(in("l.txt"), NULL, "@/l.txt, line 1: longer than 16384 bytes");
}

static void test_names_in_records(void **state) {
    (void)state;
    assert_string_equal(dataset_image_name("/d", "/d/images/a.jpg"), "images/a.jpg");
    assert_string_equal(dataset_image_name("/d", "/data/a.jpg"), "/data/a.jpg");
    assert_string_equal(dataset_image_name("/", "/a.jpg"), "a.jpg");
    assert_string_equal(dataset_image_name("/d/e", "/d/e"), "/d/e");
}

static void test_orphans(void **state) {
    (void)state;
    static const char *const files[] = {"d/images/a/1.jpg",
                                        "d/images/a/2.png",
                                        "d/images/b/1.jpg",
                                        "flat/x.jpg",
                                        "d/labels/a/1.txt",
                                        "d/labels/a/3.txt",
                                        "d/labels/a/classes.txt",
                                        "d/labels/a/.2.txt",
                                        "d/labels/a/4.TXT",
                                        "d/labels/b/1.txt",
                                        "d/labels/b/2.txt",
                                        "d/labels/c/9.txt",
                                        "d/labels/top.txt",
                                        "flat/x.txt",
                                        "flat/y.txt",
                                        "flat/z.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        touch(files[i]);
    folder_make(in("d/labels/a/folder.txt"));
    assert_int_equal(symlink("1.txt", in("d/labels/a/link.txt")), 0);
    struct dataset dataset;
    uint64_t orphans = 99;
    open_data(folder, NULL, &dataset);
    assert_int_equal(dataset.images.count, 4);
    assert_int_equal(dataset_count_orphans(&dataset, NULL, &orphans), STATUS_OK);
    /* a/3, a/link, b/2, flat/y; no image belongs to the folders labels and labels/c. */
    assert_int_equal(orphans, 4);
    const atomic_bool stop = true;
    assert_int_equal(dataset_count_orphans(&dataset, &stop, &orphans), STATUS_OK);
    assert_int_equal(orphans, 0);
    dataset_free(&dataset);
    open_data(in("d/images/b"), NULL, &dataset);
    assert_int_equal(dataset_count_orphans(&dataset, NULL, &orphans), STATUS_OK);
    assert_int_equal(orphans, 1);
    dataset_free(&dataset);
    touch("no-labels/images/a.jpg");
    open_data(in("no-labels"), NULL, &dataset);
    assert_int_equal(dataset_count_orphans(&dataset, NULL, &orphans), STATUS_OK);
    assert_int_equal(orphans, 0);
    dataset_free(&dataset);
}

static void test_large_list(void **state) {
    (void)state;
    enum { COUNT = 300000 };
    char *text = malloc((size_t)COUNT * 40);
    assert_non_null(text);
    size_t length = 0;
    for (int i = 0; i < COUNT; i++)
        length += (size_t)sprintf(text + length, "./images/%03d/%06d.jpg\n", i % 500,
                                  i % 10 == 9 ? i - 9 : i);
    file_make_bytes(in("large.txt"), text, length);
    free(text);
    struct dataset dataset;
    open_data(in("large.txt"), NULL, &dataset);
    /* Each tenth line has another folder than the line it shares the name with. */
    assert_int_equal(dataset.images.count, COUNT);
    assert_int_equal(dataset.repeated, 0);
    assert_string_equal(dataset.common, in("images"));
    assert_string_equal(image_path_at(&dataset, COUNT - 2), in("images/498/299998.jpg"));
    uint64_t orphans;
    assert_int_equal(dataset_count_orphans(&dataset, NULL, &orphans), STATUS_OK);
    assert_int_equal(orphans, 0);
    dataset_free(&dataset);
}

/* More names in a folder than are sorted at once, and a folder among them. */
static void test_large_folder(void **state) {
    (void)state;
    enum { COUNT = 18000, LENGTH = 240 };
    struct dataset dataset;
    struct packed_reader reader = {.paths = &dataset.images};
    char name[512], before[512] = "";
    touch("d/labels/none.txt");
    touch("d/images/00009000/a.jpg");
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "d/images/%08zu%0*d.jpg", i * 7919 % COUNT, LENGTH, 0);
        touch(name);
    }
    touch("d/labels/00009000/a.txt");
    open_data(in("d/images"), NULL, &dataset);
    assert_int_equal(dataset.images.count, COUNT + 1);
    for (size_t i = 0; i <= COUNT; i++) {
        const char *path;
        assert_int_equal(packed_reader_get(&reader, i, &path), STATUS_OK);
        assert_true(strcmp(before, path) < 0);
        snprintf(before, sizeof before, "%s", path);
    }
    packed_reader_free(&reader);
    dataset_free(&dataset);
}

static void test_path_list(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    struct path_list list = {0};
    char path[64];
    uint32_t random = 1;
    for (int i = 0; i < COUNT; i++) {
        random = random * 1664525 + 1013904223;
        snprintf(path, sizeof path, "/d/%x", random >> 19);
        assert_int_equal(path_list_add(&list, path), STATUS_OK);
    }
    assert_int_equal(path_list_sort(&list, 10), STATUS_OK);
    for (size_t i = 11; i < COUNT; i++)
        assert_true(strcmp(path_list_get(&list, i - 1), path_list_get(&list, i)) <= 0);
    size_t unlike = 10; /* distinct paths from the tenth on */
    for (size_t i = 10; i < COUNT; i++) {
        bool repeats = i > 10 && strcmp(path_list_get(&list, i - 1), path_list_get(&list, i)) == 0;
        for (size_t j = 0; j < 10; j++)
            repeats |= strcmp(path_list_get(&list, j), path_list_get(&list, i)) == 0;
        unlike += !repeats;
    }
    uint64_t repeated = 5;
    assert_int_equal(path_list_unique(&list, &repeated), STATUS_OK);
    assert_int_equal(list.count, unlike);
    assert_int_equal(repeated, 5 + COUNT - unlike);
    for (size_t i = 11; i < list.count; i++)
        assert_true(strcmp(path_list_get(&list, i - 1), path_list_get(&list, i)) < 0);
    for (size_t i = 1; i < list.count; i++)
        assert_int_equal(list.start[i],
                         list.start[i - 1] + strlen(path_list_get(&list, i - 1)) + 1);
    path_list_free(&list);
}

static void test_adopted_path_list(void **state) {
    (void)state;
    static const char paths[] = "/a\0/b/c\0/d";
    struct path_list list;
    char *bytes = malloc(sizeof paths);
    assert_non_null(bytes);
    memcpy(bytes, paths, sizeof paths);
    assert_int_equal(path_list_adopt(&list, bytes, sizeof paths), STATUS_OK);
    assert_int_equal(list.count, 3);
    assert_string_equal(path_list_get(&list, 0), "/a");
    assert_string_equal(path_list_get(&list, 1), "/b/c");
    assert_string_equal(path_list_get(&list, 2), "/d");
    assert_int_equal(path_list_add(&list, "/e"), STATUS_OK);
    assert_string_equal(path_list_get(&list, 2), "/d");
    assert_string_equal(path_list_get(&list, 3), "/e");
    path_list_free(&list);
    assert_int_equal(path_list_adopt(&list, NULL, 0), STATUS_OK);
    assert_int_equal(list.count, 0);
    path_list_free(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_relative_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreadable_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_to_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_things, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_up_from_a_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_lists, set_up, tear_down),
        cmocka_unit_test(test_names_in_records),
        cmocka_unit_test_setup_teardown(test_orphans, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_folder, set_up, tear_down),
        cmocka_unit_test(test_path_list),
        cmocka_unit_test(test_adopted_path_list),
    };
    return RUN_TESTS(tests);
}
