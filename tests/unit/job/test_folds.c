/* Which model judges which images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "dataset_case.h"
#include "job/folds.h"
#include "unit.h"

static void test_models_and_lists(void **state) {
    (void)state;
    struct folds folds;
    char text[8192];
    ASSERT_OK(folds_read(NULL, &folds));
    assert_int_equal(folds.count, 0);
    folds_free(&folds);
    ASSERT_OK(folds_read("a.pt=one.txt\nb.pt=val\na.pt=k=2.txt", &folds));
    assert_int_equal(folds.count, 3);
    assert_int_equal(folds.models.count, 2);
    assert_string_equal(path_list_get(&folds.models, 1), "b.pt");
    assert_int_equal(folds.items[2].model, 0);
    assert_string_equal(folds.items[2].list, "k=2.txt");
    folds_free(&folds);
    /* A model whose path holds '=' is known by its being there. */
    touch("m=1.pt");
    snprintf(text, sizeof text, "%s=one.txt", in("m=1.pt"));
    ASSERT_OK(folds_read(text, &folds));
    assert_string_equal(path_list_get(&folds.models, 0), in("m=1.pt"));
    assert_string_equal(folds.items[0].list, "one.txt");
    folds_free(&folds);
    static const char *const bad[] = {"a.pt", "=one.txt", "a.pt="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(folds_read(bad[i], &folds), STATUS_BAD_INPUT);
        assert_non_null(strstr(status_message(), "MODEL=LIST is expected"));
        assert_non_null(strstr(status_message(), bad[i]));
        folds_free(&folds);
    }
}

/* A data set of the images 0 to 5, which it has in train (0 to 3) and val. */
static void open_six(struct dataset *dataset) {
    for (int i = 0; i < 6; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s/%d.jpg", i < 4 ? "train" : "val", i);
        touch(name);
    }
    file_make(in("data.yaml"), "train: train\nval: val\nnames: [thing]\n");
    open_data(in("data.yaml"), NULL, dataset);
    assert_int_equal(dataset->images.count, 6);
}

/* '@' in `lines` stands for the folder. */
static enum status assign(const char *lines, const struct dataset *dataset, uint8_t **model_of) {
    char text[8192];
    size_t length = 0;
    struct folds folds;
    for (const char *at = lines; *at; at++)
        length += (size_t)snprintf(text + length, sizeof text - length, *at == '@' ? "%s" : "%.1s",
                                   *at == '@' ? folder : at);
    ASSERT_OK(folds_read(text, &folds));
    enum status status = folds_assign(&folds, dataset, model_of);
    folds_free(&folds);
    return status;
}

static void test_images_are_assigned(void **state) {
    (void)state;
    struct dataset dataset;
    uint8_t *model_of;
    open_six(&dataset);
    file_make(in("a.txt"), "train/0.jpg\n./train/3.jpg\n\nelsewhere/9.jpg\ntrain/0.jpg\n");
    file_make(in("b.txt"), "train/1.jpg\ntrain/../train/2.jpg\n");
    ASSERT_OK(assign("a=@/a.txt\nb=@/b.txt\na=val", &dataset, &model_of));
    assert_memory_equal(model_of, ((uint8_t[]){0, 1, 1, 0, 0, 0}), 6);
    free(model_of);
    dataset_free(&dataset);
}

static void test_lists_that_do_not_fit(void **state) {
    (void)state;
    static const struct {
        const char *lines, *expected;
    } cases[] = {
        {"a=train\nb=@/none.txt",
         "--fold b=@/none.txt: no such file, and the data set has no split"},
        {"a=train\nb=test", "--fold b=test: no such file, and the data set has no split"},
        {"a=train\nb=@/odd.txt", "--fold b=@/odd.txt: none of the list's 1 images is one of"},
        {"a=train", "--fold: 2 of the data set's 6 images are in no list, as @/val/4.jpg"},
        {"a=train\nb=val\nc=@/a.txt", "--fold c=@/a.txt: @/train/0.jpg is in a list of a, too"},
        {"a=train\nb=@", "cannot read @: it is not a regular file"},
    };
    struct dataset dataset;
    open_six(&dataset);
    file_make(in("a.txt"), "train/0.jpg\n");
    file_make(in("odd.txt"), "elsewhere/0.jpg\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *model_of;
        assert_int_equal(assign(cases[i].lines, &dataset, &model_of), STATUS_BAD_INPUT);
        assert_null(model_of);
        assert_text(status_message(), cases[i].expected);
    }
    dataset_free(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_models_and_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_images_are_assigned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lists_that_do_not_fit, set_up, tear_down),
    };
    return RUN_TESTS(tests);
}
