/* PyTorch files as networks: what they compute, what they say, what is refused.
 * tests/data/torch is made by tests/data/make_torch*.py, with what PyTorch computes from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "raw_head.h"
#include "unit.h"

#define DATA "tests/data/torch/"

enum { HEIGHT = 48, WIDTH = 64 }; /* of make_torch.py's picture */

static void read_model(const char *path, struct model *model) {
    if (model_read(path, NULL, 640, model) != STATUS_OK)
        fail_msg("%s", status_message());
}

/* The floats of a file from byte `start` on; *n is their number. free() releases them. */
static float *read_floats(const char *path, long start, size_t *n) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *n = (size_t)(ftell(file) - start) / sizeof(float);
    float *data = malloc(*n * sizeof *data + 1);
    assert_non_null(data);
    assert_int_equal(fseek(file, start, SEEK_SET), 0);
    assert_int_equal(fread(data, sizeof *data, *n, file), *n);
    fclose(file);
    return data;
}

/* The floats of a .npy file. */
static float *read_npy(const char *path, size_t *n) {
    unsigned char start[10];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(start, 1, sizeof start, file), sizeof start);
    fclose(file);
    return read_floats(path, (long)sizeof start + start[8] + 256 * start[9], n);
}

/* make_torch.py's picture, of any size. */
static float *make_picture(size_t height, size_t width) {
    float *picture = malloc(3 * height * width * sizeof *picture);
    assert_non_null(picture);
    for (size_t i = 0; i < 3 * height * width; i++)
        picture[i] = (float)(i * 37 % 64) / 64.0f;
    return picture;
}

static struct decoded run_model(const struct model *model, size_t height, size_t width,
                                const float *picture) {
    struct decoded decoded;
    if (raw_head_run(model, height, width, picture, &decoded) != STATUS_OK)
        fail_msg("%s", status_message());
    return decoded;
}

static void decoded_free(struct decoded *decoded) {
    free(decoded->boxes);
    free(decoded->scores);
}

/* Boxes and scores as (count, 4 + n_scores) rows, or, columns = true, transposed. */
static void check_rows(const struct decoded *decoded, const float *expected, size_t n, bool columns,
                       float box_limit, float score_limit) {
    size_t width = 4 + decoded->n_scores;
    assert_int_equal(n, decoded->count * width);
    for (size_t i = 0; i < decoded->count; i++)
        for (size_t k = 0; k < width; k++) {
            float wanted = expected[columns ? k * decoded->count + i : i * width + k];
            float got =
                k < 4 ? decoded->boxes[4 * i + k] : decoded->scores[decoded->n_scores * i + k - 4];
            if (!(fabsf(got - wanted) <= (k < 4 ? box_limit : score_limit)))
                fail_msg("row %zu, column %zu: %g where %g is expected", i, k, (double)got,
                         (double)wanted);
        }
}

static void check_against_file(const char *model_path, const char *rows_path) {
    struct model model;
    size_t n;
    read_model(model_path, &model);
    float *expected = read_floats(rows_path, 0, &n), *picture = make_picture(HEIGHT, WIDTH);
    struct decoded decoded = run_model(&model, HEIGHT, WIDTH, picture);
    check_rows(&decoded, expected, n, false, 2e-3f, 1e-4f);
    decoded_free(&decoded);
    free(expected);
    free(picture);
    model_free(&model);
}

static void computes_what_pytorch_does(void **state) {
    (void)state;
    check_against_file(DATA "classic.pt", DATA "classic.bin");
    check_against_file(DATA "modern.pt", DATA "modern.bin");
    check_against_file(DATA "segment.pt", DATA "segment.bin");
    check_against_file(DATA "blocks.pt", DATA "blocks.bin");
    check_against_file(DATA "turned.pt", DATA "turned.bin");
    check_against_file(DATA "turned26.pt", DATA "turned26.bin");
}

/* Modules of YOLOv5-Face, v5-Lite, v7 and v9, landmarks and keypoints beside the boxes. */
static void computes_what_forks_do(void **state) {
    (void)state;
    static const char *const nets[] = {"face", "plate", "lite",   "seven", "seven_pose",
                                       "nine", "pose",  "pose26", "grey",  "grey_focus"};
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        char model[200], rows[200];
        snprintf(model, sizeof model, DATA "%s.pt", nets[i]);
        snprintf(rows, sizeof rows, DATA "%s.bin", nets[i]);
        check_against_file(model, rows);
    }
}

/* Of both kinds of heads for poses; of one without kpt_shape the boxes alone. */
static void computes_keypoints_as_pytorch_does(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t points, values;
    } nets[] = {{"pose", 4, 3}, {"pose26", 3, 2}};
    struct model model;
    for (size_t i = 0; i < 2; i++) {
        char path[200], points_path[200];
        size_t n, count;
        float *points, *picture = make_picture(HEIGHT, WIDTH);
        snprintf(path, sizeof path, DATA "%s.pt", nets[i].name);
        snprintf(points_path, sizeof points_path, DATA "%s_points.bin", nets[i].name);
        float *expected = read_floats(points_path, 0, &n);
        read_model(path, &model);
        assert_int_equal(model.graph.head.n_points, nets[i].points);
        assert_int_equal(model.graph.head.point_values, nets[i].values);
        assert_null(strstr(model.description, "of which the boxes are used"));
        assert_int_equal(raw_keypoints_run(&model, HEIGHT, WIDTH, picture, &count, &points),
                         STATUS_OK);
        assert_int_equal(n, count * model.graph.head.n_extras);
        for (size_t k = 0; k < n; k++)
            assert_float_equal(points[k], expected[k], 2e-3);
        free(points);
        free(picture);
        free(expected);
        model_free(&model);
    }
    read_model(DATA "grey.pt", &model);
    assert_int_equal(model.graph.head.n_points, 0);
    assert_non_null(strstr(model.description, "a pose model of which the boxes are used"));
    model_free(&model);
}

static void describes_the_classic(void **state) {
    (void)state;
    struct model model;
    read_model(DATA "classic.pt", &model);
    const struct head *head = &model.graph.head;
    assert_string_equal(model.format, "PyTorch");
    assert_string_equal(model.description, "DetectionModel, tiny.yaml, 2021-05-01");
    assert_int_equal(model.n_classes, 2);
    assert_string_equal(model.names[0], "cat");
    assert_string_equal(model.names[1], "dog");
    assert_int_equal(head->kind, HEAD_ANCHOR);
    assert_int_equal(head->n_anchors, 2);
    assert_int_equal(head->n_levels, 2);
    assert_int_equal(head->levels[0].stride, 4);
    assert_int_equal(head->levels[1].stride, 8);
    assert_float_equal(head->levels[0].anchors[0][0], 5.0f, 1e-3f);
    assert_float_equal(head->levels[1].anchors[1][1], 30.0f, 1e-2f);
    assert_int_equal(model.stride, 8);
    assert_true(model.dynamic);
    assert_int_equal(model.graph.fixed_height, 0);
    model_free(&model);
    read_model(DATA "segment.pt", &model);
    assert_non_null(strstr(model.description, "segmentation model of which the boxes are used"));
    model_free(&model);
}

static void describes_the_modern(void **state) {
    (void)state;
    struct model model;
    read_model(DATA "modern.pt", &model);
    assert_string_equal(model.description, "DetectionModel, tiny.yaml, version 8.0.1");
    assert_int_equal(model.graph.head.kind, HEAD_DISTANCE);
    assert_int_equal(model.graph.head.bins, 4);
    assert_string_equal(model.names[0], "one");
    assert_string_equal(model.names[1], "two?lines");
    assert_string_equal(model.names[2], "three");
    model_free(&model);
}

/* The average over time is what the package's own tools use. */
static void prefers_the_average(void **state) {
    (void)state;
    struct model model;
    static const char *const files[] = {DATA "average.pt", DATA "bare.pt"};
    for (size_t i = 0; i < 2; i++) {
        read_model(files[i], &model);
        assert_int_equal(model.n_classes, 1);
        assert_string_equal(model.names[0], "one");
        model_free(&model);
    }
}

/* The arguments of its training, wherever a package leaves them. */
static void says_what_it_was_trained_on(void **state) {
    (void)state;
    static const struct {
        const char *file, *data;
        int64_t epochs;
    } said[] = {{DATA "trained.pt", "/content/plates-3/data.yaml", 100},
                {DATA "trained_options.pt", "C:\\sets\\plates.yaml", 0},
                {DATA "trained_network.pt", "a?b.yaml", 0}};
    struct model model;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        read_model(said[i].file, &model);
        assert_non_null(model.trained_on);
        assert_string_equal(model.trained_on, said[i].data);
        assert_int_equal(model.epochs, said[i].epochs);
        model_free(&model);
    }
    read_model(DATA "modern.pt", &model);
    assert_null(model.trained_on);
    assert_int_equal(model.epochs, 0);
    model_free(&model);
}

/* Files of the test data, and a part of what each is refused with. */
static const struct {
    const char *name, *part;
} refused[] = {
    {"unknown_class", "model.1.conv (ultralytics.nn.modules.block.Mystery): this kind of module "
                      "is not known: export the model (yolo export"},
    {"cycle", "modules lie deeper than 32"},
    {"deep", "modules lie deeper than 32"},
    {"shared", "more than 16384 modules"},
    {"expanded", "model.1.conv (torch.nn.modules.conv.Conv2d): "},
    {"no_weights", "model.1.conv (torch.nn.modules.conv.Conv2d): damaged: has no weights"},
    {"no_conv", "model.1 (models.common.Conv): damaged: has no part 'conv'"},
    {"part_number", "model.1.conv: damaged: is not a module"},
    {"part_key", "a part without a name"},
    {"parts_list", "has no part 'conv'"},
    {"stride_text", "attribute 'stride' is not 2 integers of 1"},
    {"stride_zero", "attribute 'stride' is not 2 integers of 1"},
    {"stride_three", "attribute 'stride' is not 2 integers of 1"},
    {"padding_huge", "attribute 'padding' is not 2 integers of 0"},
    {"padding_mode", "padding other than by zeros"},
    {"groups", "3 groups do not divide 12 input"},
    {"epsilon", "model.1.bn (torch.nn.modules.batchnorm.BatchNorm2d): its attribute 'eps'"},
    {"norm_rank", "a parameter of shape (2,2); rank 1 is expected"},
    {"slope", "model.1.act (torch.nn.modules.activation.PReLU): this kind of module"},
    {"from_text", "an input of layer 1 is not a number"},
    {"from_later", "layer 1 takes layer 2"},
    {"from_far", "layer 1 takes layer -8"},
    {"from_many", "layer 1 takes 100 inputs"},
    {"from_two", "takes one input, is given 2"},
    {"channels", "weights for 5 input channels, input has 4"},
    {"head_stride", "a stride of 8 where the map's is 4"},
    {"head_anchors", "a tensor of 12 elements; 8 are expected"},
    {"head_zero", "an anchor of 0 pixels"},
    {"head_classes", "model.2 (models.yolo.Detect): "},
    {"head_many", "more than 8 anchors"},
    {"head_levels", "a tensor of 8 elements; 12 are expected"},
    {"head_bins", "bins other than 0 to 3"},
    {"halves", "model.1 (ultralytics.nn.modules.C2): 5 channels cannot be halved"},
    {"head_pose", "model.2 (ultralytics.nn.modules.head.Pose): is a model for poses; a "
                  "detection model is needed"},
    {"head_unknown", "model.2 (ultralytics.nn.modules.block.Mystery): no detection head is "
                     "known by this name: export the model (yolo export"},
    {"head_other", "model.2 (other.models.Detect): no detection head is known by this name"},
    {"described", "described with 9 classes, its head has 1"},
    {"no_layers", "it has 0 layers"},
    {"no_model", "holds no network"},
    {"weights", "holds no network, weights alone perhaps"},
    {"text", "holds no network"},
};

static void refuses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char path[200];
        struct model model;
        snprintf(path, sizeof path, DATA "%s.pt", refused[i].name);
        enum status status = model_read(path, NULL, 640, &model);
        if (status != STATUS_BAD_INPUT || strstr(status_message(), refused[i].part) == NULL ||
            strncmp(status_message(), path, strlen(path)) != 0)
            fail_msg("%s: status %d, '%s' where '%s' was expected", path, status,
                     status == STATUS_OK ? "" : status_message(), refused[i].part);
        assert_null(model.names);
        assert_null(model.graph.tensors);
    }
    struct model model;
    assert_int_equal(model_read(DATA "classic.pt", "other.weights", 640, &model), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "leave out --weights"));
}

/* The zoo's files hold what their ONNX exports were made from; expected is ONNX Runtime's output of
 * those, so fp16 storage adds nothing and the limits are those of fp32 arithmetic. */
static void agrees_with_the_zoo(void **state) {
    (void)state;
    static const char *const nets[] = {"yolov5",    "yolov6", "yolov8",
                                       "yolov8-p2", "yolo11", "yolo26"};
    enum { SIZE = 256 };
    size_t n;
    char path[FIXTURE_PATH], name[64];
    FIXTURE("reference/zoo/input_1x3x256x256.npy", path);
    float *picture = read_npy(path, &n);
    assert_int_equal(n, 3 * SIZE * SIZE);
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        struct model model;
        snprintf(name, sizeof name, "zoo/%s.pt", nets[i]);
        FIXTURE(name, path);
        read_model(path, &model);
        assert_string_equal(model.names[4], "cross");
        snprintf(name, sizeof name, "reference/zoo/%s.npy", nets[i]);
        FIXTURE(name, path);
        float *expected = read_npy(path, &n);
        struct decoded decoded = run_model(&model, SIZE, SIZE, picture);
        check_rows(&decoded, expected, n, true, 1e-3f, 1e-6f);
        decoded_free(&decoded);
        free(expected);
        model_free(&model);
    }
    free(picture);
}

/* A file and its export: the same operators, and the same output at a size that neither knows. */
static void agrees_with_the_export(void **state) {
    (void)state;
    static const char *const pairs[] = {"zoo/yolo11", "zoo/yolo26", "models/yolov8n"};
    char path[FIXTURE_PATH], name[64];
    FIXTURE("models/yolov8n.pt", path);
    float *picture = make_picture(96, 160);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct model torch, onnx;
        double gflops[2];
        snprintf(name, sizeof name, "%s.pt", pairs[i]);
        FIXTURE(name, path);
        read_model(path, &torch);
        snprintf(name, sizeof name, "%s.onnx", pairs[i]);
        FIXTURE(name, path);
        read_model(path, &onnx);
        assert_int_equal(torch.graph.n_ops, onnx.graph.n_ops);
        assert_int_equal(torch.parameters, onnx.parameters);
        assert_int_equal(model_gflops(&torch, 640, 640, &gflops[0]), STATUS_OK);
        assert_int_equal(model_gflops(&onnx, 640, 640, &gflops[1]), STATUS_OK);
        assert_float_equal(gflops[0], gflops[1], 1e-9 * gflops[1]);
        assert_int_equal(torch.n_classes, onnx.n_classes);
        for (size_t k = 0; k < torch.n_classes; k++)
            assert_string_equal(torch.names[k], onnx.names[k]);
        struct decoded a = run_model(&torch, 96, 160, picture),
                       b = run_model(&onnx, 96, 160, picture);
        assert_int_equal(a.count, b.count);
        for (size_t k = 0; k < 4 * a.count; k++)
            assert_float_equal(a.boxes[k], b.boxes[k], 0.05f);
        for (size_t k = 0; k < a.n_scores * a.count; k++)
            assert_float_equal(a.scores[k], b.scores[k], 1e-3f);
        decoded_free(&a);
        decoded_free(&b);
        model_free(&torch);
        model_free(&onnx);
    }
    free(picture);
}

/* A file of 2022 from YOLOv5's own repository; expected is tests/peer/yolov5_reference.py's. */
static void reads_a_strangers_model(void **state) {
    (void)state;
    char path[FIXTURE_PATH];
    struct model model;
    FIXTURE("models/yolov5n-custom2.pt", path);
    read_model(path, &model);
    assert_int_equal(model.n_classes, 2);
    assert_string_equal(model.names[0], "Biodegradable");
    assert_string_equal(model.names[1], "Non-biodegradable");
    assert_int_equal(model.graph.head.n_anchors, 3);
    assert_int_equal(model.stride, 32);
    size_t n;
    float *expected = read_floats(DATA "yolov5n-custom2.bin", 0, &n);
    float *picture = make_picture(64, 96);
    struct decoded decoded = run_model(&model, 64, 96, picture);
    check_rows(&decoded, expected, n, false, 2e-3f, 1e-4f);
    decoded_free(&decoded);
    free(expected);
    free(picture);
    model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_what_pytorch_does),
        cmocka_unit_test(computes_what_forks_do),
        cmocka_unit_test(computes_keypoints_as_pytorch_does),
        cmocka_unit_test(describes_the_classic),
        cmocka_unit_test(describes_the_modern),
        cmocka_unit_test(prefers_the_average),
        cmocka_unit_test(says_what_it_was_trained_on),
        cmocka_unit_test(refuses),
        cmocka_unit_test(agrees_with_the_zoo),
        cmocka_unit_test(agrees_with_the_export),
        cmocka_unit_test(reads_a_strangers_model),
    };
    return RUN_TESTS(tests);
}
