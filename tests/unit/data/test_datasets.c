/* Data sets as people have them: Darknet's .data, names beside labels, several at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "dataset_case.h"
#include "unit.h"

static void assert_names(const struct dataset *dataset, const char *wanted) {
    char joined[1024] = "";
    for (size_t i = 0; i < dataset->n_names; i++)
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", i ? "," : "",
                 dataset->names[i]);
    assert_string_equal(joined, wanted);
}

/* The current folder is another while it lasts. */
static char *enter(const char *path) {
    char *before = getcwd(NULL, 0);
    assert_non_null(before);
    assert_int_equal(chdir(path), 0);
    return before;
}

static void leave(char *before) {
    assert_int_equal(chdir(before), 0);
    free(before);
}

static void make_darknet(void) {
    touch("d/data/images/a.jpg");
    touch("d/data/images/b.jpg");
    file_make(in("d/data/train.txt"), "data/images/b.jpg\ndata/images/a.jpg\n");
    file_make(in("d/data/val.list"), "data/images/a.jpg\n");
    file_make(in("d/data/obj.names"), "cat\n  two words \r\n\ndog\n\n");
    file_make(in("d/cfg/obj.data"), "\xef\xbb\xbf# a comment\n; another\n\nclasses= 4\r\n"
                                    "train  = data/train.txt\nvalid=data/val.list\n"
                                    "names = data/obj.names\nbackup = backup/\n");
}

static void test_darknet(void **state) {
    (void)state;
    make_darknet();
    struct dataset dataset;
    /* From the working folder, as Darknet; and from anywhere else, by the file's own. */
    char *before = enter(in("d"));
    open_data("cfg/obj.data", NULL, &dataset);
    leave(before);
    assert_images(&dataset, "d/data/images/b.jpg d/data/images/a.jpg");
    assert_names(&dataset, "cat,two words,class2,dog");
    assert_string_equal(dataset.root, in("d"));
    assert_string_equal(dataset.extent, in("d/cfg"));
    assert_int_equal(dataset.splits.count, 2);
    assert_string_equal(image_split(&dataset.splits, 1), "train");
    dataset_free(&dataset);
    open_data(in("d/cfg/obj.data"), "val", &dataset);
    assert_images(&dataset, "d/data/images/a.jpg");
    assert_string_equal(dataset.root, in("d"));
    dataset_free(&dataset);
    /* The folder that the program was started in comes first. */
    touch("e/data/images/a.jpg");
    file_make(in("e/data/val.list"), "data/images/a.jpg\n");
    file_make(in("e/data/train.txt"), "");
    before = enter(in("e"));
    open_data(in("d/cfg/obj.data"), "val", &dataset);
    leave(before);
    assert_images(&dataset, "e/data/images/a.jpg");
    assert_names(&dataset, "cat,two words,class2,dog");
    dataset_free(&dataset);
}

static void test_darknet_without_names(void **state) {
    (void)state;
    touch("images/a.jpg");
    file_make(in("l.txt"), "images/a.jpg\n");
    file_make(in("x.data"), "classes=2\ntrain=l.txt\ntrain=l.txt\n");
    struct dataset dataset;
    open_data(in("x.data"), NULL, &dataset);
    assert_images(&dataset, "images/a.jpg");
    assert_names(&dataset, "class0,class1");
    dataset_free(&dataset);
}

static void test_bad_darknet(void **state) {
    (void)state;
    static const struct {
        const char *text, *splits, *expected;
    } cases[] = {
        {"", NULL, "@/x.data names no images: it needs 'train', 'valid' or 'test'"},
        {"train\n", NULL, "@/x.data, line 1: 'train' is no 'key = value', as a Darknet .data"},
        {"\ntrain = l.txt\nclasses = many\n", NULL,
         "@/x.data, line 3: 'many' is no number of classes from 1 to 100000"},
        {"train = l.txt\nclasses = 3\nnames = n\n", NULL,
         "@/x.data: 'classes = 3', and @/n names 2: they must match"},
        {"train = l.txt\nnames = none\n", NULL, "none does not exist: check 'names' in @/x.data"},
        {"train = l.txt\nnames = data/n\n", NULL, "@/n does: give the folder, --data @, instead"},
        {"train = none.txt\n", NULL, "none.txt does not exist: check 'train' in @/x.data"},
        {"train = d\\l.txt\n", NULL, "'train: d\\l.txt' is written as on Windows"},
        {"train = l.txt\n", "test", "--split: @/x.data has no 'test'; it has train"},
        {"train = l.txt\nnames = empty\n", NULL, "@/empty is empty: it needs a class name a line"},
    };
    touch("images/a.jpg");
    touch("empty");
    file_make(in("l.txt"), "images/a.jpg\n");
    file_make(in("n"), "a\nb\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        file_make(in("x.data"), cases[i].text);
        assert_bad(in("x.data"), cases[i].splits, cases[i].expected);
    }
}

static void test_names_beside_labels(void **state) {
    (void)state;
    static const char *const places[] = {
        "d/labels/classes.txt",
        "d/labels/train/classes.txt",
        "d/classes.txt",
        "d/obj.names",
        "d/labels/obj.names",
        "d/labels/_darknet.labels",
        "d/labels/train/_darknet.labels",
    };
    touch("d/images/train/a.jpg");
    touch("d/images/val/b.jpg");
    struct dataset dataset;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        file_make(in(places[i]), "cat\ndog\n");
        open_data(in("d"), NULL, &dataset);
        assert_names(&dataset, "cat,dog");
        dataset_free(&dataset);
        assert_int_equal(unlink(in(places[i])), 0);
    }
    open_data(in("d"), NULL, &dataset);
    assert_int_equal(dataset.n_names, 0);
    dataset_free(&dataset);
    /* One above the data set is not its own. */
    file_make(in("classes.txt"), "bird\n");
    open_data(in("d"), NULL, &dataset);
    assert_int_equal(dataset.n_names, 0);
    dataset_free(&dataset);
    /* A list's, beside images without such a folder. */
    touch("flat/a.jpg");
    file_make(in("flat/classes.txt"), "fish\n");
    file_make(in("flat/l.txt"), "a.jpg\n");
    open_data(in("flat/l.txt"), NULL, &dataset);
    assert_names(&dataset, "fish");
    dataset_free(&dataset);
    /* A data.yaml has its own. */
    file_make(in("flat/data.yaml"), "train: .\nnames: [x]\n");
    open_data(in("flat/data.yaml"), NULL, &dataset);
    assert_names(&dataset, "x");
    dataset_free(&dataset);
}

static void test_names_that_differ(void **state) {
    (void)state;
    touch("d/a/x.jpg");
    touch("d/b/y.jpg");
    file_make(in("d/a/classes.txt"), "cat\ndog\n");
    file_make(in("d/b/classes.txt"), "cat\ndog\n\n");
    struct dataset dataset;
    open_data(in("d"), NULL, &dataset);
    assert_names(&dataset, "cat,dog");
    dataset_free(&dataset);
    file_make(in("d/b/classes.txt"), "dog\ncat\n");
    assert_bad(in("d"), NULL, "@/d/a/classes.txt and @/d/b/classes.txt name other classes");
    file_make(in("d/b/classes.txt"), "a\tb\n");
    assert_bad(in("d"), NULL, "@/d/b/classes.txt, line 1: holds a control character");
}

static const char *joined(const char *first, const char *second) {
    static char text[8192];
    snprintf(text, sizeof text, "%s", in(first));
    snprintf(text + strlen(text), sizeof text - strlen(text), ",%s", in(second));
    return text;
}

static void test_several(void **state) {
    (void)state;
    touch("a/train/1.jpg");
    touch("a/val/2.jpg");
    touch("b/train/3.jpg");
    touch("b/test/4.jpg");
    file_make(in("a/data.yaml"), "train: train\nval: val\nnames: [Traffic_Light, cat]\n");
    file_make(in("b/data.yaml"), "train: train\ntest: test\nnames: [traffic light, CAT, dog]\n");
    struct dataset dataset;
    open_data(joined("a/data.yaml", "b/data.yaml"), NULL, &dataset);
    assert_images(&dataset, "a/train/1.jpg b/train/3.jpg a/val/2.jpg b/test/4.jpg");
    assert_names(&dataset, "traffic light,CAT,dog");
    assert_string_equal(dataset.root, folder);
    assert_string_equal(dataset.extent, "");
    assert_string_equal(image_split(&dataset.splits, 1), "train");
    assert_string_equal(image_split(&dataset.splits, 2), "val");
    assert_string_equal(image_split(&dataset.splits, 3), "test");
    dataset_free(&dataset);
    open_data(joined("a/data.yaml", "b/data.yaml"), "test", &dataset);
    assert_images(&dataset, "b/test/4.jpg");
    dataset_free(&dataset);
    assert_bad(joined("a/data.yaml", "b/none.yaml"), NULL, "@/b/none.yaml: No such file");
    assert_bad(joined("a/data.yaml", "b/train"), NULL,
               "@/b/train: of several data sets, each must be a data.yaml");
    file_make(in("b/data.yaml"), "train: train\nnames: [cat, traffic light]\n");
    assert_bad(joined("a/data.yaml", "b/data.yaml"), NULL,
               "class 0 is 'cat' in @/b/data.yaml and 'Traffic_Light' in @/a/data.yaml");
    file_make(in("b/data.yaml"), "train: train\nnames: [traffic light]\nkpt_shape: [17, 3]\n");
    assert_bad(joined("a/data.yaml", "b/data.yaml"), NULL,
               "@/b/data.yaml has another kpt_shape than @/a/data.yaml");
    file_make(in("b/data.yaml"), "train: train\n");
    assert_bad(joined("a/data.yaml", "b/data.yaml"), NULL,
               "@/b/data.yaml has no 'names', and @/a/data.yaml has");
    /* A comma in a name is one where there is such a file. */
    file_make(in("a.yaml,b.yaml"), "train: a/train\n");
    open_data(in("a.yaml,b.yaml"), NULL, &dataset);
    assert_images(&dataset, "a/train/1.jpg");
    dataset_free(&dataset);
}

/* In double quotes, YAML takes a backslash for the beginning of an escape. */
static void test_windows_paths(void **state) {
    (void)state;
    static const char *const paths[] = {"C:\\data\\set", "C:\\users\\me", "..\\images\\train"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char text[128];
        snprintf(text, sizeof text, "names: [a]\npath: \"%s\"\ntrain: images\n", paths[i]);
        file_make(in("data.yaml"), text);
        assert_bad(in("data.yaml"), NULL, "written as on Windows");
    }
}

static void test_keypoints(void **state) {
    (void)state;
    static const char *const bad[] = {"17",      "[17]",    "[17, 3, 1]", "[0, 3]",
                                      "[17, 4]", "[17, x]", "{}"};
    touch("images/a.jpg");
    file_make(in("data.yaml"), "train: images\nnames: [person]\nkpt_shape: [17, 3]\n");
    struct dataset dataset;
    open_data(in("data.yaml"), NULL, &dataset);
    assert_int_equal(dataset.keypoints.count, 17);
    assert_int_equal(dataset.keypoints.values, 3);
    dataset_free(&dataset);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[128];
        snprintf(text, sizeof text, "train: images\nkpt_shape: %s\n", bad[i]);
        file_make(in("data.yaml"), text);
        assert_bad(in("data.yaml"), NULL, "'kpt_shape' must be [number of keypoints, 2 or 3]");
    }
}

#define POSES "train: images\nnames: [person]\nkpt_shape: [3, 3]\n"

static void test_keypoint_traits(void **state) {
    (void)state;
    static const char *const flips[] = {"[0, 1]", "[0, 1, 3]", "[0, 1, 1]",
                                        "1",      "{0: 1}",    "[0, 2, x]"};
    static const char *const sigmas[] = {"[0.1, 0.1]", "[0.1, 0, 0.1]", "[0.1, 0.1, .inf]", "0.1"};
    struct dataset dataset;
    char text[256];
    touch("images/a.jpg");
    file_make(in("data.yaml"), POSES "flip_idx: [0, 2, 1]\nkpt_oks_sigmas: [0.5, .25, 1]\n");
    open_data(in("data.yaml"), NULL, &dataset);
    assert_int_equal(dataset.traits.n_flip, 3);
    assert_int_equal(dataset.traits.flip[1], 2);
    assert_int_equal(dataset.traits.n_sigmas, 3);
    assert_float_equal(dataset.traits.sigmas[1], 0.25f, 0);
    dataset_free(&dataset);
    /* Nothing is said by an empty list, nor of a data set without keypoints. */
    file_make(in("data.yaml"), POSES "flip_idx: []\n");
    open_data(in("data.yaml"), NULL, &dataset);
    assert_int_equal(dataset.traits.n_flip, 0);
    dataset_free(&dataset);
    file_make(in("data.yaml"), "train: images\nnames: [a]\nflip_idx: [1]\n");
    open_data(in("data.yaml"), NULL, &dataset);
    assert_int_equal(dataset.traits.n_flip, 0);
    dataset_free(&dataset);
    for (size_t i = 0; i < sizeof flips / sizeof *flips; i++) {
        snprintf(text, sizeof text, POSES "flip_idx: %s\n", flips[i]);
        file_make(in("data.yaml"), text);
        assert_bad(in("data.yaml"), NULL, "@/data.yaml, line 4: 'flip_idx' must have each");
    }
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++) {
        snprintf(text, sizeof text, POSES "kpt_oks_sigmas: %s\n", sigmas[i]);
        file_make(in("data.yaml"), text);
        assert_bad(in("data.yaml"), NULL, "line 4: 'kpt_oks_sigmas' must have a number");
    }
    touch("b/images/b.jpg");
    file_make(in("data.yaml"), POSES);
    file_make(in("b/data.yaml"), POSES "flip_idx: [0, 2, 1]\n");
    assert_bad(joined("data.yaml", "b/data.yaml"), NULL,
               "@/b/data.yaml has another flip_idx or kpt_oks_sigmas than @/data.yaml");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        CASE(test_darknet),           CASE(test_darknet_without_names),
        CASE(test_bad_darknet),       CASE(test_names_beside_labels),
        CASE(test_names_that_differ), CASE(test_several),
        CASE(test_windows_paths),     CASE(test_keypoints),
        CASE(test_keypoint_traits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
