/* Models that other programs' conventions would have misread: each is read as what it is, or
 * refused. Expected numbers are ONNX Runtime's 1.32 for the same files and inputs. */
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

#define DATA    "tests/data/onnx/"
#define MISREAD DATA "misread/"

/* YOLOX's exporter leaves its rows as the maps have them, or makes boxes of them where asked to;
 * the model is fed BGR from 0 to 255. */
static void reads_yolox(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t height, width, count;
        double boxes, scores;
    } files[] = {{"yolox", 64, 64, 84, 6590.3767, 110.04862},
                 {"yolox_decoded", 64, 64, 84, 6590.3767, 110.04862},
                 {"yolox_wide", 64, 96, 126, 11792.55046, 168.99599}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[200];
        struct model model;
        struct decoded decoded;
        float *input = make_input(files[i].height, files[i].width);
        snprintf(path, sizeof path, MISREAD "%s.onnx", files[i].name);
        read_model(path, 0, &model);
        assert_string_equal(model.family, "anchor-free, YOLOX");
        assert_true(model.graph.corner);
        assert_int_equal(model.n_classes, 2);
        assert_int_equal(model.stride, 32);
        assert_int_equal(model.graph.head.n_levels, 3);
        assert_int_equal(raw_head_run(&model, files[i].height, files[i].width, input, &decoded),
                         STATUS_OK);
        assert_int_equal(decoded.count, files[i].count);
        assert_float_equal(sum_of(decoded.boxes, 4 * decoded.count), files[i].boxes,
                           1e-6 * files[i].boxes);
        assert_float_equal(sum_of(decoded.scores, 3 * decoded.count), files[i].scores,
                           1e-6 * files[i].scores);
        if (files[i].width == 64) {
            assert_float_equal(decoded.boxes[0], 2.76588917, 1e-4);
            assert_float_equal(decoded.boxes[4 * 83 + 3], 36.63991547, 1e-4);
            assert_float_equal(decoded.scores[3 * 83 + 1], 0.5638708, 1e-6);
        }
        free(decoded.boxes);
        free(decoded.scores);
        free(input);
        model_free(&model);
    }
}

/* Rows without boxes behind another stem say nothing of what they mean. With boxes they are the
 * first YOLOv6's, whose pixels are as all others'. */
static void tells_yolox_from_others(void **state) {
    (void)state;
    struct model model;
    check_refused(MISREAD "yolox_plain.onnx", "--decode_in_inference");
    read_model(MISREAD "yolov6_first.onnx", 0, &model);
    assert_int_equal(model.graph.head.kind, HEAD_FINAL);
    assert_false(model.graph.corner);
    model_free(&model);
}

static void refuses_what_is_no_box_or_score(void **state) {
    (void)state;
    check_refused(MISREAD "no_sigmoid.onnx", "leave 0 to 1");
    check_refused(MISREAD "no_boxes.onnx", "are not decoded");
    check_refused(MISREAD "fractions.onnx", "fractions of the picture");
    check_refused(MISREAD "corners.onnx", "two corners");
}

/* A network that makes pixels smaller itself is for others than it would get; one that divides them
 * by a deviation is not. */
static void tells_levels_from_units(void **state) {
    (void)state;
    struct model model;
    check_refused(MISREAD "levels.onnx", "operator Sub, node '/n");
    check_refused(MISREAD "levels.onnx", "for pixels from 0 to 255");
    read_model(MISREAD "deviations.onnx", 0, &model);
    assert_int_equal(model.graph.head.kind, HEAD_DISTANCE);
    model_free(&model);
}

/* The file's output, as its own tail makes it, without columns that are no class. */
static void check_landmarks(const char *path, size_t classes, double sum) {
    struct model model;
    float *out, *input = make_input(64, 64);
    read_model(path, 0, &model);
    const struct head *head = &model.graph.head;
    assert_int_equal(head->kind, HEAD_FINAL);
    assert_int_equal(model.n_classes, classes);
    assert_true(head->objectness && head->channels_last);
    int wanted = head->levels[0].boxes;
    assert_int_equal(graph_evaluate(&model.graph, 64, 64, input, &wanted, 1, &out), STATUS_OK);
    assert_float_equal(sum_of(out, 80 * (5 + classes)), sum, 1e-5 * sum);
    free(out);
    free(input);
    model_free(&model);
}

static void leaves_landmarks_out(void **state) {
    (void)state;
    check_landmarks(MISREAD "landmarks.onnx", 2, 10774.214 + 68.79498);
    check_landmarks(MISREAD "landmarks_nameless.onnx", 1, 10016.497 + 42.314476);
    check_landmarks(MISREAD "landmarks_behind.onnx", 2, 10774.214 + 62.690765);
    check_refused(MISREAD "turned.onnx", "from 6 to 6 leave 0 to 1 and are no scores (an angle?)");
    check_refused(MISREAD "landmarks_uncertain.onnx", "not certain");
    check_refused(MISREAD "landmarks_three_names.onnx",
                  "15 numbers a box, of which those from 5 to 12");
}

static void compares_names_with_the_output(void **state) {
    (void)state;
    struct model model;
    check_refused(MISREAD "five_names.onnx", "names 5 classes, and its output has 6 numbers");
    read_model(MISREAD "other_names.onnx", 0, &model);
    assert_int_equal(model.n_classes, 2);
    assert_int_equal(model.n_named, 3);
    model_free(&model);
}

/* Without a size that is asked for, a file has the one that it was exported for. */
static void has_its_own_size(void **state) {
    (void)state;
    struct model model;
    read_model(DATA "own_tail.onnx", 0, &model);
    assert_int_equal(model.graph.fixed_height, 64);
    assert_int_equal(model.own_width, 64);
    model_free(&model);
    read_model(DATA "opset13.onnx", 0, &model);
    assert_int_equal(model.graph.fixed_height, 0);
    assert_int_equal(model.own_height, 64);
    model_free(&model);
    read_model(MISREAD "yolox_wide.onnx", 0, &model);
    assert_int_equal(model.graph.fixed_height, 64);
    assert_int_equal(model.graph.fixed_width, 96);
    model_free(&model);
    read_model(MISREAD "yolox_wide.onnx", 128, &model);
    assert_int_equal(model.graph.fixed_height, 0);
    model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_yolox),
        cmocka_unit_test(tells_yolox_from_others),
        cmocka_unit_test(refuses_what_is_no_box_or_score),
        cmocka_unit_test(tells_levels_from_units),
        cmocka_unit_test(leaves_landmarks_out),
        cmocka_unit_test(compares_names_with_the_output),
        cmocka_unit_test(has_its_own_size),
    };
    return RUN_TESTS(tests);
}
