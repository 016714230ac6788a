/* Exports of models that find keypoints, too: both are read, the boxes alone, or they are refused.
 * Expected numbers are ONNX Runtime's 1.32 for the same files and inputs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"
#include "export_case.h"
#include "graph_evaluate.h"
#include "raw_head.h"
#include "unit.h"

#define POSES "tests/data/onnx/poses/"
enum { SIDE = 64, ANCHORS = 80 };

/* The path of a file of these; valid until the next call. */
static const char *pose(const char *name) {
    static char path[200];
    snprintf(path, sizeof path, POSES "%s.onnx", name);
    return path;
}

/* Boxes and scores as the file's own tail gives them, with keypoints of three or two numbers; of
 * the best alone where there is an end to end. */
static void reads_boxes_of_known_heads(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t classes;
        struct export_boxes expected;
    } files[] = {
        {"three",
         2,
         {9505.151, 97.60603, {3.30775642f, 2.34618521f, 21.502007f, 26.085419f, .602987f}}},
        {"two",
         2,
         {9707.922, 101.7033, {3.30775642f, 2.34618521f, 21.502007f, 26.085419f, .602987f}}},
        {"single",
         1,
         {9210.272, 32.4405, {3.30775642f, 2.34618521f, 21.502007f, 26.085419f, .391396f}}},
        {"ends",
         2,
         {9505.151, 97.60603, {3.30775642f, 2.34618521f, 21.502007f, 26.085419f, .602987f}}},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct model model;
        read_model(pose(files[i].name), 0, &model);
        assert_int_equal(model.graph.head.kind, HEAD_DISTANCE);
        assert_int_equal(model.n_classes, files[i].classes);
        assert_non_null(strstr(model.description, "a pose model"));
        assert_null(strstr(model.description, "of which the boxes are used"));
        check_boxes(&model, SIDE, ANCHORS, &files[i].expected);
        model_free(&model);
    }
}

/* Of all anchors, also where the file gives the best alone. */
static void reads_keypoints_of_known_heads(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t points, values;
        double sum;
        float first[3];
    } files[] = {
        {"three", 3, 3, 14836.3214, {11.1793756f, 12.7494383f, .388497949f}},
        {"two", 3, 2, 15179.1854, {8.92937565f, 5.24943829f, .241912007f}},
        {"single", 1, 3, 4806.48452, {8.57190704f, -3.78523970f, .578196466f}},
        {"ends", 3, 3, 14836.3214, {11.1793756f, 12.7494383f, .388497949f}},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct model model;
        float *input = make_input(SIDE, SIDE), *points;
        size_t count;
        read_model(pose(files[i].name), 0, &model);
        const struct head *head = &model.graph.head;
        assert_int_equal(head->task, TASK_POSE);
        assert_int_equal(head->n_points, files[i].points);
        assert_int_equal(head->point_values, files[i].values);
        assert_false(head->centred_points);
        assert_int_equal(raw_keypoints_run(&model, SIDE, SIDE, input, &count, &points), STATUS_OK);
        assert_int_equal(count, ANCHORS);
        assert_float_equal(sum_of(points, count * head->n_extras), files[i].sum,
                           1e-6 * files[i].sum);
        for (size_t k = 0; k < 3; k++)
            assert_float_equal(points[k], files[i].first[k], 1e-4);
        free(points);
        free(input);
        model_free(&model);
    }
}

/* The file's output, as its own tail makes it, without keypoints. */
static void leaves_keypoints_out(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t classes;
        double sum;
    } files[] = {{"rows", 2, 9102.461},
                 {"rows_named", 2, 9102.461},
                 {"rows_nameless", 2, 9102.461},
                 {"rows_two", 1, 10051.74},
                 {"rows_single", 1, 11189.11}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct model model;
        float *out, *input = make_input(SIDE, SIDE);
        read_model(pose(files[i].name), 0, &model);
        const struct head *head = &model.graph.head;
        assert_int_equal(head->kind, HEAD_FINAL);
        assert_int_equal(model.n_classes, files[i].classes);
        assert_true(head->objectness && head->channels_last);
        int wanted = head->levels[0].boxes;
        assert_int_equal(graph_evaluate(&model.graph, SIDE, SIDE, input, &wanted, 1, &out),
                         STATUS_OK);
        /* box, objectness, classes: what the sum above is of */
        assert_float_equal(sum_of(out, ANCHORS * (5 + files[i].classes)), files[i].sum,
                           1e-6 * files[i].sum);
        free(out);
        free(input);
        model_free(&model);
    }
}

/* Where neither names nor a shape of keypoints say which columns are classes, or they do not agree
 * with the output. */
static void refuses_what_is_not_certain(void **state) {
    (void)state;
    check_refused(pose("rows_bare"), "not certain");
    check_refused(pose("rows_other"),
                  "16 numbers a box where 18 (4, the keypoints and the classes)");
    check_refused(pose("rows_turned"), "16 numbers a box where 14");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_boxes_of_known_heads),
        cmocka_unit_test(reads_keypoints_of_known_heads),
        cmocka_unit_test(leaves_keypoints_out),
        cmocka_unit_test(refuses_what_is_not_certain),
    };
    return RUN_TESTS(tests);
}
