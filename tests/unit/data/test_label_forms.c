/* Labels that are more than boxes: polygons, oriented boxes, poses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/label.h"
#include "label_parse.h"
#include "unit.h"

#define CLASSES 80

static enum label_form form_of(const char *line) {
    struct label_file file = {0};
    parse(line, strlen(line), CLASSES, &file);
    assert_int_equal(file.n_labels, 1);
    enum label_form form = file.labels[0].form;
    label_file_free(&file);
    return form;
}

static void test_forms(void **state) {
    (void)state;
    assert_int_equal(form_of("0 0.5 0.5 0.1 0.1"), LABEL_BOX);
    assert_int_equal(form_of("0 0.1 0.1 0.3 0.2 0.1 0.3"), LABEL_POLYGON);
    assert_int_equal(form_of("0 0.1 0.1 0.3 0.2 0.1 0.3 0.1 0.2"), LABEL_QUAD);
    assert_int_equal(form_of("0 0.1 0.1 0.3 0.2 0.1 0.3 0.1 0.2 0.1 0.1"), LABEL_POLYGON);
}

/* An oriented box's upright hull. */
static void test_oriented_box(void **state) {
    (void)state;
    struct label_file file = {0};
    const char line[] = "3 0.5 0.2 0.8 0.5 0.5 0.8 0.2 0.5";
    parse(line, sizeof line - 1, CLASSES, &file);
    assert_int_equal(file.n_labels, 1);
    assert_box(&file.labels[0], 1, 3, 0.5, 0.5, 0.6, 0.6);
    label_file_free(&file);
}

static void test_poses(void **state) {
    (void)state;
    static const struct {
        const char *line, *reason;
    } bad[] = {
        {"0 0.5 0.5 0.1 0.1", "labels require 11 columns, 5 columns detected"},
        {"0 0.5 0.5 0.1 0.1 0.5 0.5 2 0.4 0.4", "labels require 11 columns, 10 columns detected"},
        {"0 0.5 0.5 0.1 0.1 0.5 0.5 2 0.4 1.5 2",
         "non-normalized or out of bounds coordinates [1.5]"},
        {"0 0.5 0.5 0.1 0.1 0.5 -0.5 2 0.4 0.4 2", "negative label values [-0.5]"},
        {"0 0.5 0.5 0.1 2 0.5 0.5 2 0.4 0.4 2", "non-normalized or out of bounds coordinates [2]"},
        {"0 0.5 0.5 0.1 0 0.5 0.5 2 0.4 0.4 2", "box has no area"},
        {"0 0.5 0.5 0.1 0.1 0.5 x 2 0.4 0.4 2", "not a number 'x'"},
    };
    const struct label_rules rules = {.n_classes = 80, .keypoints = {2, 3}};
    struct label_file file = {0};
    const char good[] = "7 0.5 0.25 0.1 0.2 0.9 0.9 2 0 0 0\n";
    assert_int_equal(label_file_parse(good, sizeof good - 1, &rules, &file), STATUS_OK);
    assert_int_equal(file.n_labels, 1);
    assert_box(&file.labels[0], 1, 7, 0.5, 0.25, 0.1, 0.2);
    assert_int_equal(file.labels[0].form, LABEL_POSE);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(label_file_parse(bad[i].line, strlen(bad[i].line), &rules, &file),
                         STATUS_OK);
        assert_int_equal(file.n_labels, 0);
        assert_reason(&file, 0, 1, bad[i].reason);
    }
    /* Without visibility. */
    const struct label_rules plain = {.keypoints = {1, 2}};
    const char line[] = "7 0.5 0.25 0.1 0.2 0.9 0.9";
    assert_int_equal(label_file_parse(line, sizeof line - 1, &plain, &file), STATUS_OK);
    assert_int_equal(file.n_labels, 1);
    assert_box(&file.labels[0], 1, 7, 0.5, 0.25, 0.1, 0.2);
    label_file_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_oriented_box),
        cmocka_unit_test(test_poses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
