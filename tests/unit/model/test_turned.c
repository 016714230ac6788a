/* Exports of models for oriented boxes: their heads are known, or they are refused. Expected
 * numbers are ONNX Runtime's 1.32 for the same files and inputs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include <cmocka.h>

#include "export_case.h"
#include "raw_head.h"
#include "unit.h"

enum { SIDE = 64, ANCHORS = 80 };

static const struct {
    const char *name;
    size_t classes;
    bool raw_angle;
    struct export_boxes expected;
} files[] = {
    {"sigmoid",
     2,
     false,
     {9548.9825, 98.377121, {4.5083437f, 2.2807293f, 21.502007f, 26.085419f, .60298735f}}},
    {"raw",
     2,
     true,
     {5704.3090, 69.595959, {.5042963f, 6.5746145f, -1.9900699f, -.42150974f, .39076549f}}},
    {"single",
     1,
     false,
     {9693.1481, 32.557491, {5.3141809f, 2.7804782f, 21.502007f, 26.085419f, .39139625f}}},
    {"ends",
     2,
     true,
     {5704.3090, 69.595959, {.5042963f, 6.5746145f, -1.9900699f, -.42150974f, .39076549f}}},
};

/* Of the best boxes alone, all are read: they come from the raw maps. */
static void reads_turned_boxes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct model model;
        char path[200];
        snprintf(path, sizeof path, "tests/data/onnx/turned/%s.onnx", files[i].name);
        read_model(path, 0, &model);
        assert_int_equal(model.graph.head.kind, HEAD_DISTANCE);
        assert_int_equal(model.graph.head.task, TASK_OBB);
        assert_int_equal(model.graph.head.n_extras, 1);
        assert_int_equal(model.graph.head.raw_angle, files[i].raw_angle);
        assert_int_equal(model.n_classes, files[i].classes);
        assert_non_null(strstr(model.description, "a model of oriented boxes"));
        assert_null(strstr(model.description, "of which the boxes are used"));
        check_boxes(&model, SIDE, ANCHORS, &files[i].expected);
        model_free(&model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_turned_boxes),
    };
    return RUN_TESTS(tests);
}
