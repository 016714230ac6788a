/* data.yaml: what Ultralytics accepts, and what is wrong with the rest. */
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

static void write_yaml(const char *content) {
    file_make(in("data.yaml"), content);
}

static void make_splits(void) {
    touch("d/images/train/a.jpg");
    touch("d/images/train/b.jpg");
    touch("d/images/val/c.jpg");
    touch("d/test/images/e.png");
    file_make(in("d/lists/val.txt"), "../images/val/c.jpg\n../images/train/a.jpg\n");
}

static void test_yaml(void **state) {
    (void)state;
    make_splits();
    file_make(in("d/data.yaml"), "# a comment\ntrain: images/train\nval: images/val\ntest:\n"
                                 "nc: 2\nnames: ['person', \"traffic light\"]\n"
                                 "download: {a: [1, 2]}\n? [1, 2]\n: x\n");
    struct dataset dataset;
    open_data(in("d/data.yaml"), NULL, &dataset);
    assert_images(&dataset, "d/images/train/a.jpg d/images/train/b.jpg d/images/val/c.jpg");
    assert_string_equal(dataset.root, in("d"));
    assert_string_equal(dataset.common, in("d/images"));
    assert_int_equal(dataset.n_names, 2);
    assert_string_equal(dataset.names[1], "traffic light");
    dataset_free(&dataset);
    open_data(in("d/data.yaml"), "val", &dataset);
    assert_images(&dataset, "d/images/val/c.jpg");
    assert_string_equal(dataset.common, in("d/images/val"));
    dataset_free(&dataset);
    open_data(in("d/data.yaml"), " val , train,val", &dataset);
    assert_images(&dataset, "d/images/val/c.jpg d/images/train/a.jpg d/images/train/b.jpg");
    assert_int_equal(dataset.repeated, 0);
    dataset_free(&dataset);
}

static void test_yaml_entries(void **state) {
    (void)state;
    make_splits();
    struct dataset dataset;
    /* A list of a list and a folder; `path` relative to the file; "../" that leads out and back. */
    write_yaml("path: d\ntrain: [lists/val.txt, images/train]\ntest: ../test/images\nnc: 3\n");
    open_data(in("data.yaml"), NULL, &dataset);
    assert_images(
        &dataset,
        "d/images/val/c.jpg d/images/train/a.jpg d/images/train/b.jpg d/test/images/e.png");
    assert_int_equal(dataset.repeated, 1);
    assert_string_equal(dataset.root, in("d"));
    assert_int_equal(dataset.n_names, 3);
    assert_string_equal(dataset.names[2], "class2");
    dataset_free(&dataset);
    /* An absolute `path`, aliases, a map of names with a gap and quoted numbers. */
    char text[1024];
    snprintf(text, sizeof text,
             "path: %s\nval: &v images/val\ntest: *v\nnames: {2: cat, '0': 7, 3.0: \"\"}\n",
             in("d"));
    write_yaml(text);
    open_data(in("data.yaml"), NULL, &dataset);
    assert_images(&dataset, "d/images/val/c.jpg");
    assert_int_equal(dataset.repeated, 0);
    assert_int_equal(dataset.n_names, 4);
    static const char *const names[] = {"7", "class1", "cat", ""};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(dataset.names[i], names[i]);
    dataset_free(&dataset);
    /* `path` relative to the current folder; the older key `validation`; no names at all. */
    write_yaml("path: images\nvalidation: val\n");
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(in("d")), 0);
    open_data("../data.yaml", "val", &dataset);
    assert_int_equal(chdir(before), 0);
    free(before);
    assert_images(&dataset, "d/images/val/c.jpg");
    assert_string_equal(dataset.root, in("d/images"));
    assert_int_equal(dataset.n_names, 0);
    dataset_free(&dataset);
    /* An absolute entry needs no `path`; nc may count the gaps of a map. */
    snprintf(text, sizeof text, "path: gone\ntrain: %s\nnames: {1: x}\nnc: 2\n", in("d/test"));
    write_yaml(text);
    open_data(in("data.yaml"), NULL, &dataset);
    assert_images(&dataset, "d/test/images/e.png");
    assert_int_equal(dataset.n_names, 2);
    dataset_free(&dataset);
}

/* `wanted`: the first letter of each image's split, and image_splits_text. */
static void check_splits(const char *path, const char *splits, const char *wanted,
                         const char *wanted_text) {
    struct dataset dataset;
    struct text text = {0};
    open_data(path, splits, &dataset);
    assert_int_equal(dataset.images.count, strlen(wanted));
    for (size_t i = 0; wanted[i]; i++) {
        const char *split = image_split(&dataset.splits, i);
        assert_int_equal(split ? split[0] == 't' ? split[1] : split[0] : '-', wanted[i]);
    }
    assert_null(image_split(&dataset.splits, dataset.images.count));
    text_string(&text, "");
    image_splits_text(&dataset.splits, &text);
    assert_string_equal(text.data ? text.data : "", wanted_text);
    text_free(&text);
    dataset_free(&dataset);
}

/* An image's split is told by its place in the list, also where some are listed more than once; of
 * those the first split counts, in the order in which they are read. 'r' is train, 'e' test. */
static void test_image_splits(void **state) {
    (void)state;
    make_splits();
    touch("d/images/val/f.jpg");
    write_yaml("path: d\ntrain: images/train\nval: images/val\ntest: ../test/images\n");
    check_splits(in("data.yaml"), NULL, "rrvve", "train 2, val 2, test 1");
    check_splits(in("data.yaml"), "val", "vv", "val 2");
    check_splits(in("data.yaml"), "test,val", "evv", "test 1, val 2");
    write_yaml("path: d\ntrain: [images/train, images/train]\nval: [lists/val.txt, images/val]\n"
               "test: [images/val, test]\n");
    check_splits(in("data.yaml"), NULL, "rrvve", "train 2, val 2, test 1");
    check_splits(in("data.yaml"), "val,train", "vvvr", "val 3, train 1");
    write_yaml("path: d\ntrain: gone\nval: images/train\ntest: images/train\n");
    check_splits(in("data.yaml"), NULL, "vv", "val 2");
    check_splits(in("d"), NULL, "-----", "");
    check_splits(in("d/lists/val.txt"), NULL, "--", "");
}

static void test_yaml_skipped(void **state) {
    (void)state;
    make_splits();
    folder_make(in("d/empty"));
    write_yaml("path: d\ntrain: images/train\nval: gone\ntest: empty\nnames: [a]\n");
    struct dataset dataset;
    open_data(in("data.yaml"), NULL, &dataset);
    assert_images(&dataset, "d/images/train/a.jpg d/images/train/b.jpg");
    assert_string_equal(dataset.names[0], "a");
    assert_text(dataset.skipped,
                "'val': @/d/gone does not exist; 'test': no images (" SUFFIXES ") in @/d/empty");
    dataset_free(&dataset);
    assert_bad(in("data.yaml"), "train,val", "@/d/gone does not exist: check 'val' in @/data.yaml");
    assert_bad(in("data.yaml"), "test",
               "no images (" SUFFIXES ") in the splits of @/data.yaml: check --data ('test': no");
}

/* What each is refused with; @: the test's folder. */
static const struct {
    const char *content, *splits, *expected;
} bad_files[] = {
    {"", NULL, "@/data.yaml is not a data.yaml: it needs 'train' or 'val', and 'names'"},
    {"just text", NULL, "@/data.yaml is not a data.yaml"},
    {"- train\n- val\n", NULL, "@/data.yaml is not a data.yaml"},
    {"names: [a]\n", NULL, "@/data.yaml names no images: it needs 'train', 'val' or 'test'"},
    {"train:\nval: ~\ntest: []\nnames: [a]", NULL, "@/data.yaml names no images"},
    {"train: d\nnames: [a, b\nval: d\n", NULL, "@/data.yaml, line 3: "},
    {"train: d\n\tval: d\n", NULL, "@/data.yaml, line 2: "},
    {"train: *nobody\n", NULL, "@/data.yaml, line 1: found undefined alias"},
    {"train: d\nnames:\n  - caf\xe9\n", NULL, "@/data.yaml, line 3: incomplete UTF-8 octet"},
    {"train: d\nnames: [\x01]\n", NULL, "@/data.yaml, line 2: control characters are not"},
    {"train: \"unclosed\n", NULL, "@/data.yaml, line 2: "},
    {"train: d\nnc: 2\nnames: [a, b, c]\n", NULL,
     "@/data.yaml: 'names' length 3 and 'nc: 2' must match"},
    {"train: d\nnc: 1.9\n", NULL,
     "@/data.yaml, line 2: 'nc' must be an integer from 1 to 100000, not '1.9'"},
    {"train: d\nnc: many\n", NULL, "not 'many'"},
    {"train: d\nnc: -1\n", NULL, "not '-1'"},
    {"train: d\nnc: 0\n", NULL, "not '0'"},
    {"train: d\nnc: 4000000000\n", NULL, "not '4000000000'"},
    {"train: d\nnc: [1]\n", NULL, "'nc' must be an integer from 1 to 100000"},
    {"train: d\nnames: obj.names\n", NULL, "'names' must be a list or a map, not 'obj.names'"},
    {"train: d\nnames: []\n", NULL, "'names' is empty: at least one class name is required"},
    {"train: d\nnames: {}\n", NULL, "'names' is empty"},
    {"train: d\nnames: {a: 0, b: 1}\n", NULL,
     "'names' needs class numbers 0 to 99999 as keys, not 'a'"},
    {"train: d\nnames: {-1: a}\n", NULL, "as keys, not '-1'"},
    {"train: d\nnames: {100000: a}\n", NULL, "as keys, not '100000'"},
    {"train: d\nnames: {[0]: a}\n", NULL, "'names' needs class numbers 0 to 99999 as keys"},
    {"train: d\nnames: [[a], b]\n", NULL, "line 2: 'names' must hold texts only"},
    {"train: d\nnames: {0: {x: y}}\n", NULL, "'names' must hold texts only"},
    {"train: d\nnames: [\"a\\0b\"]\n", NULL, "'names' holds a control character"},
    {"train: \"d\\0\"\nnames: [a]\n", NULL, "'train' holds a control character"},
    {"train: \"d\\n\"\nnames: [a]\n", NULL, "line 1: 'train' holds a control character"},
    {"train: d\nnames: [a, |\n b\n]\n", NULL, "@/data.yaml, line "},
    {"train: {a: d}\nnames: [a]\n", NULL,
     "line 1: 'train' must be a folder, a .txt list, or a list of those"},
    {"train: [d, [d]]\nnames: [a]\n", NULL, "'train' must be a text, not a list or a map"},
    {"path: [d]\ntrain: d\n", NULL, "'path' must be a text, not a list or a map"},
    {"train: d/images\ntest: d/test\nnames: [a]\n", "val",
     "--split: @/data.yaml has no 'val'; it has train, test"},
    {"names: [a]\n", "val", "--split: @/data.yaml has no 'val'; it has no split at all"},
    {"train: d\nnames: [a]\n", "trian", "--split trian: it takes train, val, test"},
    {"train: d\nnames: [a]\n", "train,", "--split train,: it takes train, val, test"},
    {"train: d\nnames: [a]\n", "valid", "with commas between; did you mean 'val'?"},
    {"train: d\nnames: [a]\n", "train, validation", "did you mean 'val'?"},
    {"train: d\nnames: [a]\n", "trian", "did you mean 'train'?"},
    {"train: d\nnames: [a]\n", "tests", "did you mean 'test'?"},
    {"train: d\nnames: [a]\n", "x", "with commas between"},
    {"nc: 2\nbackbone: [[-1, 1, Conv]]\nhead: []\n", NULL,
     "names no images: it needs 'train', 'val' or 'test'; it describes a model"},
    {"path: coco8\ntrain: images/train\nval: images/val\ndownload: https://host/coco8.zip\n", NULL,
     "/coco8; its 'download' is not followed: download the data set first"},
    {"train: https://host/images\n", NULL,
     "@/data.yaml: 'train: https://host/images' is a URL: download the data set"},
    {"path: https://host/\ntrain: images\n", NULL, "'path: https://host/' is a URL"},
    {"train: d\\images\n", NULL, "@/data.yaml: 'train: d\\images' is written as on Windows"},
    {"path: 'C:\\data'\ntrain: images\n", NULL, "'path: C:\\data' is written as on Windows"},
    {"path: C:/data\nval: images\n", NULL, "'path: C:/data' is written as on Windows"},
    {"path: ~/data\nval: images\n", NULL, "'path: ~/data': '~' means nothing in a file"},
    {"train: d\nnames: [a]\n", "", "--split : it takes train, val, test"},
    {"train: gone\nval: gone2\nnames: [a]\n", NULL,
     "@/gone does not exist: check 'train' in @/data.yaml"},
    {"path: nowhere\ntrain: x\nnames: [a]\n", NULL,
     "@/nowhere/x does not exist: check 'train' in @/data.yaml, whose 'path: nowhere' leads "
     "nowhere: there is no folder @/nowhere or "},
    {"path: /no/where\ntrain: x\nnames: [a]\n", NULL,
     "leads nowhere: there is no folder /no/where"},
    {"train: data.yaml\nnames: [a]\n", NULL,
     "@/data.yaml is neither a folder nor a .txt list: check 'train' in @/data.yaml"},
    {"train: d/lists\nnames: [a]\n", NULL,
     "no images (" SUFFIXES ") in the splits of @/data.yaml: check --data ('train': no "
     "images (" SUFFIXES ") in @/d/lists)"},
};

static void test_bad_yaml(void **state) {
    (void)state;
    make_splits();
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++) {
        write_yaml(bad_files[i].content);
        assert_bad(in("data.yaml"), bad_files[i].splits, bad_files[i].expected);
    }
}

static void test_hostile_yaml(void **state) {
    (void)state;
    touch("d/a.jpg");
    size_t size = 200000;
    char *text = malloc(size + 64);
    assert_non_null(text);
    memset(text, '[', size);
    text[size] = '\0';
    write_yaml(text);
    assert_bad(in("data.yaml"), NULL, "@/data.yaml, line 1: more than 64 levels of nesting");
    /* Nine aliases of nine aliases ... are nodes met once each, and a list that holds itself too.
     */
    size_t length = (size_t)sprintf(text, "x0: &x0 [a]\n");
    for (int i = 1; i < 30; i++) {
        length += (size_t)sprintf(text + length, "x%d: &x%d [", i, i);
        for (int j = 0; j < 9; j++)
            length += (size_t)sprintf(text + length, "*x%d,", i - 1);
        length += (size_t)sprintf(text + length, "]\n");
    }
    sprintf(text + length, "self: &s [*s]\ntrain: d\nnames: [a]\n");
    write_yaml(text);
    struct dataset dataset;
    open_data(in("data.yaml"), NULL, &dataset);
    assert_images(&dataset, "d/a.jpg");
    dataset_free(&dataset);
    length = 0;
    for (int i = 0; i <= 1000; i++)
        length += (size_t)sprintf(text + length, "- &a%d x\n", i);
    write_yaml(text);
    assert_bad(in("data.yaml"), NULL, "@/data.yaml, line 1001: more than 1000 anchors");
    write_yaml("train: &s [*s]\n");
    assert_bad(in("data.yaml"), NULL, "'train' must be a text");
    write_yaml("x");
    assert_int_equal(truncate(in("data.yaml"), (off_t)5 << 20), 0);
    assert_bad(in("data.yaml"), NULL, "@/data.yaml larger than 4 MiB");
    free(text);
}

/* `before`, `count` times `piece`, in which '#' stands for the number, `after`. */
static void write_repeated(const char *before, const char *piece, int count, const char *after) {
    struct text text = {0};
    text_string(&text, before);
    for (int i = 0; i < count; i++)
        for (const char *c = piece; *c; c++)
            if (*c == '#')
                text_count(&text, (uint64_t)i);
            else
                text_bytes(&text, c, 1);
    text_string(&text, after);
    write_yaml(text.data);
    text_free(&text);
}

/* What libyaml would take long over, by itself or in memory. */
static void test_long_yaml(void **state) {
    (void)state;
    touch("d/a.jpg");
    static const struct {
        const char *before, *piece;
        int count;
        const char *after, *expected; /* NULL: it is a data set */
    } cases[] = {
        {"", "%TAG !a#! tag:x,#:\n", 101, "---\ntrain: d\n", "line 101: more than 100 directives"},
        {"", "%TAG !a#! tag:x,#:\n", 100, "---\ntrain: d\n", NULL},
        {"train: d\n", "k#: x\n", 300000, "", "more than 1000000 pieces"},
        {"train: d\n", "k#: x\n", 100000, "", NULL},
        {"x: &x a\ntrain: d\ny:\n", "- *x\n", 10001, "", "more than 10000 aliases"},
        {"x: &x a\ntrain: d\ny:\n", "- *x\n", 10000, "", NULL},
        {"train: d\n...\n", "- &a# b\n", 2000, "", NULL},
        {"train: d\n", "---\n- &a# b\n", 900, "", NULL},
        {"train: d\n", "]", 1, "", "@/data.yaml, line 2: "},
        {"train: [", "d, ", 10001, "]\n", "line 1: 'train' has more than 10000 entries"},
        {"train: [", "d, ", 10000, "]\n", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_repeated(cases[i].before, cases[i].piece, cases[i].count, cases[i].after);
        if (cases[i].expected) {
            assert_bad(in("data.yaml"), NULL, cases[i].expected);
            continue;
        }
        struct dataset dataset;
        open_data(in("data.yaml"), NULL, &dataset);
        assert_images(&dataset, "d/a.jpg");
        dataset_free(&dataset);
    }
}

static void test_fixture(void **state) {
    (void)state;
    char data[FIXTURE_PATH];
    FIXTURE("coco128/data.yaml", data);
    struct dataset dataset;
    uint64_t orphans;
    open_data(data, NULL, &dataset);
    assert_int_equal(dataset.images.count, 128);
    assert_int_equal(dataset.repeated, 0);
    assert_int_equal(dataset.n_names, 80);
    assert_string_equal(dataset.names[79], "toothbrush");
    assert_int_equal(dataset_count_orphans(&dataset, NULL, &orphans), STATUS_OK);
    assert_int_equal(orphans, 2);
    dataset_free(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_yaml, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_image_splits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_yaml, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile_yaml, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_yaml, set_up, tear_down),
        cmocka_unit_test(test_fixture),
    };
    return RUN_TESTS(tests);
}
