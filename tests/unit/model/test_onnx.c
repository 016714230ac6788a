/* Reading ONNX: spellings, sizes, names, metadata.
 * Expected numbers are ONNX Runtime's 1.23 for the same files and inputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"
#include "graph_evaluate.h"
#include "model/onnx/onnx_import.h"
#include "raw_head.h"
#include "temp_folder.h"
#include "unit.h"

#define DATA "tests/data/onnx/"

static void read_model(const char *path, int64_t imgsz, struct model *model) {
    enum status status = model_read(path, NULL, imgsz, model);
    if (status != STATUS_OK)
        fail_msg("%s", status_message());
}

/* A picture of height x width without meaning; the caller frees it. */
static float *make_input(size_t height, size_t width) {
    float *input = malloc(3 * height * width * sizeof *input);
    assert_non_null(input);
    for (size_t i = 0; i < 3 * height * width; i++)
        input[i] = (float)(i * 37 % 64) / 64.0f;
    return input;
}

static struct decoded run_model(const struct model *model, size_t height, size_t width) {
    struct decoded decoded;
    float *input = make_input(height, width);
    assert_int_equal(raw_head_run(model, height, width, input, &decoded), STATUS_OK);
    free(input);
    return decoded;
}

static void decoded_free(struct decoded *decoded) {
    free(decoded->boxes);
    free(decoded->scores);
}

static double sum_of(const float *values, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += fabs((double)values[i]);
    return sum;
}

/* Sums of magnitudes of the raw maps at another size than the file was exported for. */
static void check_maps(const struct model *model, size_t height, size_t width,
                       const double expected[4]) {
    const struct head *head = &model->graph.head;
    int wanted[4] = {head->levels[0].boxes, head->levels[0].scores, head->levels[1].boxes,
                     head->levels[1].scores};
    float *maps[4], *input = make_input(height, width);
    assert_int_equal(
        graph_evaluate(&model->graph, (int64_t)height, (int64_t)width, input, wanted, 4, maps),
        STATUS_OK);
    for (size_t i = 0; i < 4; i++) {
        size_t stride = head->levels[i / 2].stride, channels = i % 2 == 0 ? 16 : 2;
        double sum = sum_of(maps[i], channels * (height / stride) * (width / stride));
        assert_true(fabs(sum - expected[i]) <= 1e-5 * expected[i]);
        free(maps[i]);
    }
    free(input);
}

/* One network in the words of opset 9, 11, 13 and 18, in half precision and not in order, and with
 * its weights in another file. */
static void reads_every_spelling(void **state) {
    (void)state;
    static const char *const files[] = {"opset9",  "opset11", "opset13",
                                        "opset18", "half",    "external"};
    static const double small[4] = {401.5724, 79.77778, 94.24563, 31.46558};
    static const double large[4] = {1524.426, 314.8739, 352.7088, 107.4669};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[200];
        struct model model;
        snprintf(path, sizeof path, DATA "%s.onnx", files[i]);
        read_model(path, 64, &model);
        check_maps(&model, 64, 64, small);
        check_maps(&model, 96, 160, large);
        struct decoded decoded = run_model(&model, 64, 64);
        assert_int_equal(decoded.count, 80);
        assert_float_equal(decoded.boxes[0], 3.307757f, 1e-4f);
        assert_float_equal(decoded.boxes[4], 10.799824f, 1e-4f);
        assert_float_equal(decoded.scores[80 * 2 - 1], 0.2512111f, 1e-5f);
        assert_float_equal(sum_of(decoded.boxes, 320) + sum_of(decoded.scores, 160), 9664.28, 0.01);
        assert_int_equal(model.parameters, 1204);
        assert_int_equal(model.graph.fixed_height, 0);
        assert_false(model.dynamic);
        decoded_free(&decoded);
        model_free(&model);
    }
}

static void decodes_heads(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double sum;
    } files[] = {{"one_bin", 5225.25}, {"one_map", 9972.96}, {"anchors", 31197.3}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[200];
        struct model model;
        snprintf(path, sizeof path, DATA "%s.onnx", files[i].name);
        read_model(path, 64, &model);
        struct decoded decoded = run_model(&model, 64, 64);
        double sum = sum_of(decoded.boxes, 4 * decoded.count) +
                     sum_of(decoded.scores, decoded.n_scores * decoded.count);
        assert_float_equal(sum, files[i].sum, 1e-5 * files[i].sum);
        decoded_free(&decoded);
        model_free(&model);
    }
}

/* A tail that stays in the graph gives the file's own output. */
static void runs_own_tails(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t elements;
        double sum;
    } files[] = {{"own_tail", 6 * 64, 658.56}, {"own_anchors", 240 * 7, 32824.1}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[200];
        struct model model;
        float *output, *input = make_input(64, 64);
        snprintf(path, sizeof path, DATA "%s.onnx", files[i].name);
        read_model(path, 64, &model);
        assert_int_equal(graph_evaluate(&model.graph, 64, 64, input,
                                        &model.graph.head.levels[0].boxes, 1, &output),
                         STATUS_OK);
        assert_float_equal(sum_of(output, files[i].elements), files[i].sum, 1e-5 * files[i].sum);
        free(output);
        free(input);
        model_free(&model);
    }
}

static void reads_metadata(void **state) {
    (void)state;
    struct model model;
    read_model(DATA "opset13.onnx", 64, &model);
    assert_string_equal(model.format, "ONNX");
    assert_string_equal(model.description, "a test's network");
    assert_string_equal(model.family, "anchor-free, DFL 4");
    assert_int_equal(model.n_classes, 2);
    assert_string_equal(model.names[0], "it's");
    assert_string_equal(model.names[1], "caf\xc3\xa9");
    assert_int_equal(model.stride, 16);
    model_free(&model);
    read_model(DATA "rows.onnx", 64, &model);
    assert_string_equal(model.names[1], "b");
    model_free(&model);
    read_model(DATA "one_bin.onnx", 64, &model);
    assert_string_equal(model.names[1], "class1");
    model_free(&model);
}

static void check_names(const char *text, size_t expected, const char *first, const char *third) {
    char *names[4] = {NULL};
    size_t named;
    assert_int_equal(names_read(text, names, 4, &named), STATUS_OK);
    assert_int_equal(named, expected);
    assert_true((first == NULL) == (names[0] == NULL));
    assert_true((third == NULL) == (names[2] == NULL));
    if (first != NULL)
        assert_string_equal(names[0], first);
    if (third != NULL)
        assert_string_equal(names[2], third);
    for (size_t i = 0; i < 4; i++)
        free(names[i]);
}

static void reads_names(void **state) {
    (void)state;
    check_names("{0: 'a', 1: 'b', 2: 'c'}", 3, "a", "c");
    check_names("{2: 'c', 0: \"a'b\"}", 3, "a'b", "c");
    check_names(" [ 'a' ,\"b\",'c\\'\\\\\\u00e9\\x41' , ]", 3, "a",
                "c'\\\xc3\xa9"
                "A");
    check_names("{\"0\": \"a\", \"2\": \"\\ud83d\"}", 3, "a", "\xef\xbf\xbd");
    check_names("('a', '', 'x\\ny')", 3, "a", "x y");
    check_names("{7: 'h', 0: 'a'}", 8, "a", NULL);
    check_names("['', 'b', 'a', 'd', 'e', 'f']", 6, "", "a");
    check_names("", 0, NULL, NULL);
    check_names("names", 0, NULL, NULL);
    check_names("{}", 0, NULL, NULL);
    check_names("{0: 'a', 1: 'b", 1, "a", NULL);
    check_names("{0: 'a', 99999999999999999999: 'b'}", 1, "a", NULL);
    check_names("{0 'a'}", 0, NULL, NULL);
    check_names("{'x': 'a'}", 0, NULL, NULL);
    check_names("['a\\", 0, NULL, NULL);
    check_names("['a\\x4", 0, NULL, NULL);
}

/* What a Reshape means, for dimensions at 256 x 256 and at 448 x 576. */
static void check_rules(const struct shape *in, const struct shape *probe, const struct shape *out,
                        const struct shape *expected, bool tied_expected) {
    bool tied;
    struct op op = {.kind = OP_RESHAPE, .n_inputs = 1};
    struct shape got;
    char name[] = "x";
    struct tensor tensor = {.name = name};
    struct graph graph = {.n_tensors = 1, .tensors = &tensor};
    op.name = op.type_name = name;
    reshape_rules(in, probe, out, 256, 256, &op, &tied);
    assert_int_equal(tied, tied_expected);
    assert_int_equal(op_shape(&graph, &op, in, 256, 256, &got), STATUS_OK);
    assert_int_equal(got.rank, out->rank);
    assert_memory_equal(got.dims, out->dims, out->rank * sizeof(int64_t));
    if (tied_expected)
        return;
    assert_int_equal(op_shape(&graph, &op, probe, 448, 576, &got), STATUS_OK);
    assert_int_equal(got.rank, expected->rank);
    assert_memory_equal(got.dims, expected->dims, expected->rank * sizeof(int64_t));
}

static void finds_reshape_rules(void **state) {
    (void)state;
#define S(n, ...) (&(struct shape){n, {__VA_ARGS__}})
    /* a map's cells in one dimension, and back */
    check_rules(S(4, 1, 8, 8, 8), S(4, 1, 8, 14, 18), S(3, 1, 8, 64), S(3, 1, 8, 252), false);
    check_rules(S(3, 1, 8, 64), S(3, 1, 8, 252), S(4, 1, 8, 8, 8), S(4, 1, 8, 14, 18), false);
    /* heads of attention, with as many cells as channels a head, and back */
    check_rules(S(4, 1, 128, 8, 8), S(4, 1, 128, 14, 18), S(4, 1, 2, 64, 64), S(4, 1, 2, 64, 252),
                false);
    check_rules(S(4, 1, 2, 32, 64), S(4, 1, 2, 32, 252), S(4, 1, 64, 8, 8), S(4, 1, 64, 14, 18),
                false);
    /* attention by four areas: cells are split, then merged, then a map again */
    check_rules(S(3, 1, 256, 96), S(3, 1, 1008, 96), S(4, 4, 64, 2, 48), S(4, 4, 252, 2, 48),
                false);
    check_rules(S(4, 4, 64, 2, 16), S(4, 4, 252, 2, 16), S(3, 1, 256, 32), S(3, 1, 1008, 32),
                false);
    check_rules(S(4, 4, 64, 2, 16), S(4, 4, 252, 2, 16), S(4, 1, 16, 16, 32), S(4, 1, 28, 36, 32),
                false);
    /* dimensions of one come and go */
    check_rules(S(4, 1, 8, 1, 1), S(4, 1, 8, 1, 1), S(2, 1, 8), S(2, 1, 8), false);
    check_rules(S(3, 8, 16, 16), S(3, 8, 28, 36), S(5, 1, 8, 16, 1, 16), S(5, 1, 8, 28, 1, 36),
                false);
    /* anchors of a head */
    check_rules(S(4, 1, 21, 32, 32), S(4, 1, 21, 56, 72), S(5, 1, 3, 7, 32, 32),
                S(5, 1, 3, 7, 56, 72), false);
    check_rules(S(5, 1, 3, 32, 32, 7), S(5, 1, 3, 56, 72, 7), S(3, 1, 3072, 7), S(3, 1, 12096, 7),
                false);
    /* two axes cut in parts: no rule for both */
    check_rules(S(4, 1, 8, 32, 32), S(4, 1, 8, 56, 72), S(6, 1, 8, 2, 16, 2, 16), NULL, true);
#undef S
}

static void counts_work(void **state) {
    (void)state;
    struct model model;
    double gflops;
    struct text text = {0};
    read_model(DATA "opset13.onnx", 64, &model);
    assert_int_equal(model_gflops(&model, 64, 64, &gflops), STATUS_OK);
    /* 3x3: 3>4 at 32x32, 4>4 at 16x16, 4>8 and 4>4 at 8x8; 1x1: 8>8 at 4x4, 12>8 at 8x8, heads */
    double adds = 32 * 32 * 4 * 27 + 16 * 16 * 4 * 36 + 64 * 8 * 36 + 64 * 4 * 36 + 16 * 64 +
                  64 * 96 + 80 * 18 * 8;
    assert_float_equal(gflops, 2e-9 * adds, 1e-12);
    assert_int_equal(model_gflops(&model, 128, 64, &gflops), STATUS_OK);
    assert_float_equal(gflops, 4e-9 * adds, 1e-12);
    assert_int_equal(model_describe(&model, 64, 64, &text), STATUS_OK);
    static const char *const lines[] = {
        "Model: ONNX, a test's network\n",
        "Family: anchor-free, DFL 4\n",
        "Head: stride 8 (8x8) stride 16 (4x4)\n",
        "Classes: 2 (it's, caf\xc3\xa9)\n",
        "Parameters: 1204\n",
        "    0  Conv           3x3/2            SiLU        3x64x64",
        "one size"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (strstr(text.data, lines[i]) == NULL)
            fail_msg("'%s' is not in:\n%s", lines[i], text.data);
    text_free(&text);
    model_free(&model);
}

/* Little-endian floats of a .npy file; the caller frees them. */
static float *read_npy(const char *path, size_t count) {
    size_t length;
    char *bytes = file_get(path, &length);
    float *values = malloc(count * sizeof *values);
    assert_non_null(values);
    assert_true(length >= count * sizeof *values);
    memcpy(values, bytes + length - count * sizeof *values, count * sizeof *values);
    free(bytes);
    return values;
}

/* The reference is (4 + classes, count). */
static void check_zoo_net(const char *name, const float *input) {
    char path[FIXTURE_PATH], file[64];
    struct model model;
    struct decoded decoded;
    snprintf(file, sizeof file, "zoo/%s.onnx", name);
    FIXTURE(file, path);
    read_model(path, 256, &model);
    assert_int_equal(raw_head_run(&model, 256, 256, input, &decoded), STATUS_OK);
    assert_int_equal(model.n_classes, 5);
    assert_string_equal(model.names[3], "star");
    size_t count = decoded.count;
    snprintf(file, sizeof file, "reference/zoo/%s.npy", name);
    FIXTURE(file, path);
    float *reference = read_npy(path, 9 * count), box = 0.0f, score = 0.0f;
    for (size_t i = 0; i < count; i++) {
        for (size_t s = 0; s < 4; s++)
            box = fmaxf(box, fabsf(decoded.boxes[4 * i + s] - reference[s * count + i]));
        for (size_t c = 0; c < 5; c++)
            score = fmaxf(score, fabsf(decoded.scores[5 * i + c] - reference[(4 + c) * count + i]));
    }
    print_message("%s: boxes within %.1e px, scores within %.1e\n", name, (double)box,
                  (double)score);
    assert_true(box <= 1e-3f);
    assert_true(score <= 1e-4f);
    free(reference);
    decoded_free(&decoded);
    model_free(&model);
}

static void agrees_with_the_zoo(void **state) {
    (void)state;
    static const char *const names[] = {"yolov5",    "yolov6", "yolov8",
                                        "yolov8-p2", "yolo11", "yolo26"};
    char path[FIXTURE_PATH];
    FIXTURE("reference/zoo/input_1x3x256x256.npy", path);
    float *input = read_npy(path, 3 * 256 * 256);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        check_zoo_net(names[i], input);
    free(input);
}

static void reads_dynamic_models(void **state) {
    (void)state;
    struct model model;
    double gflops;
    char path[FIXTURE_PATH];
    FIXTURE("models/yolov8n.onnx", path);
    read_model(path, 640, &model);
    assert_true(model.dynamic);
    assert_int_equal(model.n_classes, 80);
    assert_string_equal(model.names[79], "toothbrush");
    assert_int_equal(model_gflops(&model, 640, 640, &gflops), STATUS_OK);
    assert_float_equal(gflops, 8.74, 0.05); /* as its authors count it */
    model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_spelling), cmocka_unit_test(decodes_heads),
        cmocka_unit_test(runs_own_tails),       cmocka_unit_test(reads_metadata),
        cmocka_unit_test(reads_names),          cmocka_unit_test(finds_reshape_rules),
        cmocka_unit_test(counts_work),          cmocka_unit_test(agrees_with_the_zoo),
        cmocka_unit_test(reads_dynamic_models),
    };
    return RUN_TESTS(tests);
}
