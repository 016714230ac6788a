/* Whole networks compiled for CUDA and run on the host, against graph_evaluate. */
#include "cuda_network_rig.h"

#include <stdio.h>

#include "model/model.h"
#include "unit.h"

enum { IMGSZ = 256 };

/* fp16 keeps 11 bits: rounding to it adds an error of at most 2^-12, about 1.4e-4 in the mean
 * square, of each value. What enters a layer, its weights and what leaves it are rounded; sums are
 * kept in fp32. Where layers do not amplify errors, those of the layers before fade among the many
 * terms of a sum, and the head's are a few of its own: 5e-4 were measured. Four times that is
 * allowed. */
static const struct tolerance whole_network = {1e-4, 2e-3};

/* `lively`: with random weights that let every layer count; in nets that were never trained the
 * head's biases drown the rest. */
static void check_net(const char *path, size_t height, size_t width, size_t n_pictures,
                      bool lively) {
    struct model model = {0};
    ASSERT_OK(model_read(path, NULL, IMGSZ, &model));
    if (model.graph.fixed_height) {
        height = (size_t)model.graph.fixed_height;
        width = (size_t)model.graph.fixed_width;
    }
    if (lively)
        scale_weights(&model.graph);
    struct tolerance worst = network_compare(&model.graph, height, width, n_pictures);
    print_message("%s%s at %zux%zu: fp32 within %.2g, fp16 within %.2g (relative L2)\n", path,
                  lively ? ", other weights," : "", width, height, worst.f32, worst.f16);
    assert_true(worst.f32 <= whole_network.f32);
    assert_true(worst.f16 <= whole_network.f16);
    model_free(&model);
}

static void zoo(void **state) {
    (void)state;
    static const char *const nets[] = {"yolov5",    "yolov6", "yolov8",
                                       "yolov8-p2", "yolo11", "yolo26"};
    char path[FIXTURE_PATH], name[64];
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        snprintf(name, sizeof name, "zoo/%s.onnx", nets[i]);
        FIXTURE(name, path);
        check_net(path, 64, 96, PICTURES, true);
    }
    FIXTURE("zoo/yolo11.onnx", path);
    check_net(path, IMGSZ, IMGSZ, 1, false);
}

static void trained(void **state) {
    (void)state;
    char path[FIXTURE_PATH];
    check_net("demo/model.onnx", 96, 160, PICTURES, false);
    FIXTURE("models/yolov8n.onnx", path);
    check_net(path, 64, 96, 1, false);
}

int main(void) {
    if (!rig_has_device())
        return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zoo),
        cmocka_unit_test(trained),
    };
    return RUN_TESTS(tests);
}
