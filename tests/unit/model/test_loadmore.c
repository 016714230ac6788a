/* Models of more kinds: quantised ONNX files, grey pictures, Darknet files of each program's
 * normalisation. Expected numbers of ONNX files are ONNX Runtime's 1.32 for the same files and
 * inputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include <cmocka.h>

#include "darknet_files.h"
#include "model/torch/torch_module.h"
#include "onnx_maker.h"
#include "raw_head.h"
#include "torch_maker.h"
#include "unit.h"

#define DATA "tests/data/onnx/"

static void read_model(const char *path, int64_t imgsz, struct model *model) {
    enum status status = model_read(path, NULL, imgsz, model);
    if (status != STATUS_OK)
        fail_msg("%s", status_message());
}

/* Decodes the head for a picture without meaning. */
static struct decoded run_model(const struct model *model, size_t size) {
    struct decoded decoded;
    float *input = malloc(3 * size * size * sizeof *input);
    assert_non_null(input);
    for (size_t i = 0; i < 3 * size * size; i++)
        input[i] = (float)(i * 37 % 64) / 64.0f;
    assert_int_equal(raw_head_run(model, size, size, input, &decoded), STATUS_OK);
    free(input);
    return decoded;
}

static double sum_of(const float *values, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += fabs((double)values[i]);
    return sum;
}

/* Quantised: by pairs of operators, by operators on integers, by each picture's own range. */
static void computes_quantised_files(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double sum;
        float box[4], scores[2]; /* the first's */
    } files[] = {{"pairs", 7241.443052, {4.421251f, 4.0f, 5.461448f, 0.0f}, {0.379485f, 0.987795f}},
                 {"integers",
                  16316.51499,
                  {-38.64272f, -31.14076f, 28.42848f, -19.742f},
                  {0.00125384f, 0.697419f}},
                 {"ranges",
                  6717.177478,
                  {4.698347f, 4.640798f, -3.76756f, 3.24556f},
                  {0.445175f, 0.545865f}}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[200];
        struct model model;
        snprintf(path, sizeof path, DATA "%s.onnx", files[i].name);
        read_model(path, 64, &model);
        assert_int_equal(model.graph.head.kind, HEAD_DISTANCE);
        assert_int_equal(model.graph.fixed_height, 0);
        struct decoded decoded = run_model(&model, 64);
        assert_int_equal(decoded.count, 80);
        for (size_t k = 0; k < 4; k++)
            assert_float_equal(decoded.boxes[k], files[i].box[k], 1e-4f);
        for (size_t k = 0; k < 2; k++)
            assert_float_equal(decoded.scores[k], files[i].scores[k], 1e-5f);
        double sum = sum_of(decoded.boxes, 320) + sum_of(decoded.scores, 160);
        assert_float_equal(sum, files[i].sum, 1e-6 * files[i].sum);
        free(decoded.boxes);
        free(decoded.scores);
        model_free(&model);
    }
}

/* A constant of 8 bits, with zeros. */
static void add_bytes(Onnx__ModelProto *file, const char *name, const int64_t *dims, size_t rank,
                      int32_t type) {
    Onnx__TensorProto *tensor = add_floats(file, name, dims, rank, 0.0f);
    free(tensor->float_data);
    tensor->float_data = NULL;
    tensor->int32_data = zeroed(tensor->n_float_data * sizeof *tensor->int32_data);
    tensor->n_int32_data = tensor->n_float_data;
    tensor->n_float_data = 0;
    tensor->data_type = type;
}

/* What a quantised file may have wrong: the node is named. */
static void refuses_what_cannot_be(void **state) {
    (void)state;
    static const struct {
        const char *type, *inputs, *says;
    } cases[] = {
        {"QuantizeLinear", "images", "a scale is missing"},
        {"QuantizeLinear", "images two zero", "scales for blocks of a tensor"},
        {"QuantizeLinear", "images square zero", "scales for blocks of a tensor"},
        {"QuantizeLinear", "images one one", "quantisation to ONNX's type 1 is not supported"},
        {"DequantizeLinear", "bytes two zero", "scales for blocks of a tensor"},
        {"QLinearConv", "images one zero bytes", "a scale is missing"},
        {"ConvInteger", "images", "its input is missing"},
        {"MatMulInteger", "images bytes three", "a zero point for each row"},
        {"DynamicQuantizeLinear", "", "its input is missing"},
        {"Conv", "images bytes", "ONNX's type 3, which it does not take"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct model model;
        const int64_t scalar[1] = {0};
        Onnx__ModelProto *file = file_start(64, 64);
        add_floats(file, "one", scalar, 0, 1.0f);
        add_floats(file, "two", (const int64_t[]){2}, 1, 1.0f);
        add_floats(file, "square", (const int64_t[]){3, 3}, 2, 1.0f);
        add_bytes(file, "zero", scalar, 0, 2);
        add_bytes(file, "three", (const int64_t[]){3}, 1, 2);
        add_bytes(file, "bytes", (const int64_t[]){4, 3, 1, 1}, 4, 3);
        combine(file, cases[i].type, cases[i].inputs, "out");
        assert_int_equal(read_file(file, 64, &model), STATUS_BAD_INPUT);
        if (strstr(status_message(), cases[i].says) == NULL)
            fail_msg("%s: '%s' does not say '%s'", cases[i].type, status_message(), cases[i].says);
    }
}

/* A file for pictures of one channel is given the grey of coloured ones, which costs nothing: it is
 * in the weights of the first convolution. */
static void takes_the_grey_of_pictures(void **state) {
    (void)state;
    struct model model;
    read_model(DATA "grey.onnx", 64, &model);
    const struct op *first = &model.graph.ops[0];
    assert_int_equal(first->kind, OP_CONV);
    assert_int_equal(first->inputs[0], model.graph.input);
    assert_int_equal(model.graph.tensors[first->inputs[1]].shape.dims[1], 3);
    assert_int_equal(model.graph.fixed_height, 0);
    struct decoded decoded = run_model(&model, 64);
    static const float box[4] = {2.063724f, 2.860687f, -4.305375f, 11.398853f};
    for (size_t k = 0; k < 4; k++)
        assert_float_equal(decoded.boxes[k], box[k], 1e-4f);
    double sum = sum_of(decoded.boxes, 320) + sum_of(decoded.scores, 160);
    assert_float_equal(sum, 6039.746553, 1e-5 * 6039);
    free(decoded.boxes);
    free(decoded.scores);
    model_free(&model);
}

/* Small variances, where it counts what is added and where: to the root by the program that Darknet
 * was at first, under it by the forks, which say so in the file's version. */
static void normalises_as_each_darknet(void **state) {
    enum { FILTERS = 7, SIDE = 64, CELLS = SIDE * SIDE };
    static const int32_t revisions[] = {0, 2, 5};
    static float input[3 * CELLS];
    char *folder = temp_folder_make(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof input / sizeof input[0]; i++)
        input[i] = (float)(i * 37 % 64) / 64.0f;
    for (size_t r = 0; r < sizeof revisions / sizeof revisions[0]; r++) {
        struct weights file;
        struct model model;
        float *out;
        weights_header(&file, 0, 2, true);
        memcpy(file.bytes + 8, &revisions[r], sizeof revisions[r]);
        const float *bias = weights_floats(&file, FILTERS, -1, 2),
                    *scale = weights_floats(&file, FILTERS, 0.5f, 1),
                    *mean = weights_floats(&file, FILTERS, 0, 1e-3f),
                    *variance = weights_floats(&file, FILTERS, 1e-8f, 1e-5f),
                    *weights = weights_floats(&file, (size_t)3 * FILTERS, -1e-3f, 2e-3f);
        assert_int_equal(darknet_load(folder, NET MAP "batch_normalize=1\n" YOLO, &file, &model),
                         STATUS_OK);
        assert_int_equal(graph_evaluate(&model.graph, SIDE, SIDE, input,
                                        &model.graph.head.levels[0].boxes, 1, &out),
                         STATUS_OK);
        for (size_t f = 0; f < FILTERS; f++) {
            double v = (double)variance[f];
            double root = revisions[r] == 0 ? sqrt(v) + 1e-6 : sqrt(v + 1e-5);
            for (size_t i = 0; i < CELLS; i += 97) {
                double sum = 0;
                for (size_t c = 0; c < 3; c++)
                    sum += (double)weights[3 * f + c] * (double)input[c * CELLS + i];
                sum = (double)scale[f] * (sum - (double)mean[f]) / root + (double)bias[f];
                assert_float_equal(out[f * CELLS + i], sum, 1e-5 * fmax(1, fabs(sum)));
            }
        }
        free(out);
        model_free(&model);
    }
    temp_folder_remove(folder);
}

/* A .pt file of a table {"model": {KEY: 1}}. */
static void make_weights(const char *path, const char *key) {
    struct text pickle = {0};
    struct zip_maker zip = {0};
    text_string(&pickle, "\x80\x02}");
    pickle_string(&pickle, "model");
    text_string(&pickle, "}");
    pickle_string(&pickle, key);
    pickle_integer(&pickle, 1);
    text_string(&pickle, "ss.");
    zip_model(&zip, &pickle, "", 0);
    file_make_bytes(path, zip.bytes.data, zip.bytes.length);
    zip_free(&zip);
    text_free(&pickle);
}

/* Files without a network name the way to one, of the program that they are from. */
static void advises_by_origin(void **state) {
    (void)state;
    static const struct {
        const char *key, *says;
    } weights[] = {
        {"model.0.conv.weight", "load them into the network (model.load_state_dict) and save all"},
        {"backbone.backbone.stem.conv.conv.weight", "they are YOLOX's: export the model by its "
                                                    "tools/export_onnx.py"},
        {"bbox_head.head_module.cls_preds.0.weight", "MMDeploy's tools/deploy.py"},
    };
    char *folder = temp_folder_make(NULL);
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        struct model model;
        make_weights(below(folder, "w.pt"), weights[i].key);
        assert_int_equal(model_read(below(folder, "w.pt"), NULL, 64, &model), STATUS_BAD_INPUT);
        if (strstr(status_message(), weights[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", status_message(), weights[i].says);
    }
    temp_folder_remove(folder);
    assert_non_null(strstr(torch_advice("ultralytics.nn.tasks.X"), "yolo export"));
    assert_non_null(strstr(torch_advice("models.common.X"), "export.py of the repository"));
    assert_non_null(strstr(torch_advice("yolov6.models.yolo.Model"), "deploy/ONNX"));
    assert_null(strstr(torch_advice("my.Net"), "yolo"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_quantised_files),   cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(takes_the_grey_of_pictures), cmocka_unit_test(normalises_as_each_darknet),
        cmocka_unit_test(advises_by_origin),
    };
    return RUN_TESTS(tests);
}
