/* What the steps of a network say that they compute and move. */
#include "cuda_network_rig.h"

#include <stdio.h>

#include "model/model.h"
#include "unit.h"

struct totals {
    uint64_t flop, bytes;
};

static struct totals totals(const struct network *network) {
    struct totals sum = {0, 0};
    for (size_t i = 0; i < network_n_steps(network); i++) {
        struct network_step step = network_step(network, i);
        sum.flop += step.flop;
        sum.bytes += step.bytes;
    }
    return sum;
}

/* The only step of a kind. */
static struct network_step find_step(const struct network *network, const char *kind) {
    struct network_step found = {0};
    for (size_t i = 0; i < network_n_steps(network); i++) {
        struct network_step step = network_step(network, i);
        if (!strcmp(step.kind, kind)) {
            assert_null(found.kind);
            found = step;
        }
    }
    assert_non_null(found.kind);
    return found;
}

static void one_convolution(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = net_conv(&graph, stem(&graph, 16), 16, 24, 3, 2, true);
    net_head(&graph, x, x);
    for (enum element element = ELEMENT_F32; element <= ELEMENT_F16; element++) {
        struct rig_network rig = network_start(&graph, element, 4, 32, 48);
        struct network_step step = network_step(rig.network, 1);
        const uint64_t in = 4 * 16 * 16 * 24, out = 4 * 24 * 8 * 12, weights = 24 * 16 * 9;
        assert_string_equal(step.kind, "conv");
        assert_string_equal(step.shape, "3x3/2 16x16x24 > 24x8x12");
        assert_string_equal(step.name, "node");
        assert_int_equal(step.flop, 2 * out * 16 * 9);
        assert_int_equal(step.bytes, (in + out + weights) * element_size(element) + 24 * 4);
        struct network_step copy = find_step(rig.network, "copy");
        assert_string_equal(copy.name, "");
        assert_int_equal(copy.flop, 0);
        assert_int_equal(copy.bytes, out * (element_size(element) + 4));
        network_end(&rig);
    }
    graph_free(&graph);
}

static void other_steps(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 8), y = conv_silu(&graph, x, 8, 8, 3, 1);
    set_group(&graph, 8, 8, 8, 3);
    set_residual(&graph, x);
    y = pool(&graph, OP_MAX_POOL, y, 2, 2, 0);
    y = net_op(&graph, OP_CONV_TRANSPOSE, y, net_constant(&graph, SHAPE(8, 6, 2, 2), 3));
    for (size_t i = 0; i < 2; i++)
        net_last(&graph)->window.kernel[i] = net_last(&graph)->window.stride[i] = 2;
    y = net_binary(&graph, BINARY_MUL, y, net_constant(&graph, SHAPE(1, 6, 1, 1), 1));
    net_head(&graph, y, y);
    struct rig_network rig = network_start(&graph, ELEMENT_F16, 2, 32, 32);
    const uint64_t map = 2 * 8 * 16 * 16, result = 2 * 6 * 16 * 16;
    struct network_step step = find_step(rig.network, "depthwise");
    assert_int_equal(step.flop, 2 * map * 9);
    assert_int_equal(step.bytes, (3 * map + 8 * 9) * 2 + 8 * 4);
    step = find_step(rig.network, "max pool");
    assert_int_equal(step.flop, 0);
    assert_int_equal(step.bytes, (map + map / 4) * 2);
    step = find_step(rig.network, "deconvolution");
    assert_int_equal(step.flop, 2 * map / 4 * 6 * 4);
    assert_int_equal(step.bytes, (map / 4 + result + 8 * 6 * 4) * 2);
    step = find_step(rig.network, "binary");
    assert_int_equal(step.flop, 0);
    assert_int_equal(step.bytes, (2 * result + 6) * 2);
    network_end(&rig);
    graph_free(&graph);
}

/* Running each step is the forward. */
static void steps_are_the_forward(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = conv_silu(&graph, stem(&graph, 8), 8, 4, 3, 1);
    net_head(&graph, x, x);
    scale_weights(&graph);
    struct rig_network rig = network_start(&graph, ELEMENT_F32, 1, 16, 16);
    float *picture = random_picture(16, 16, 1), *zeros = calloc(3 * 16 * 16, sizeof *zeros);
    size_t elements;
    assert_non_null(zeros);
    network_run(&rig, &picture);
    float *forward = network_planes(&rig, 0, 0, &elements);
    network_run(&rig, &zeros);
    float *nothing = network_planes(&rig, 0, 0, &elements);
    assert_memory_not_equal(forward, nothing, elements * sizeof *forward);
    network_run(&rig, &picture);
    for (size_t i = 0; i < network_n_steps(rig.network); i++)
        ASSERT_OK(network_step_run(rig.network, i));
    float *steps = network_planes(&rig, 0, 0, &elements);
    assert_memory_equal(steps, forward, elements * sizeof *forward);
    free(picture);
    free(zeros);
    free(forward);
    free(nothing);
    free(steps);
    network_end(&rig);
    graph_free(&graph);
}

/* The sums are the model's own GFLOPs (model_gflops), attention included, and at least its weights
 * are moved. */
static void check_model(const char *path, size_t imgsz) {
    struct model model = {0};
    double gflops;
    FILE *file = fopen(path, "rb");
    if (!file) {
        print_message("%s is not there: skipped\n", path);
        return;
    }
    fclose(file);
    ASSERT_OK(model_read(path, NULL, (int64_t)imgsz, &model));
    ASSERT_OK(model_gflops(&model, (int64_t)imgsz, (int64_t)imgsz, &gflops));
    struct rig_network one = network_start(&model.graph, ELEMENT_F16, 1, imgsz, imgsz);
    struct rig_network three = network_start(&model.graph, ELEMENT_F16, 3, imgsz, imgsz);
    struct totals sum = totals(one.network), triple = totals(three.network);
    print_message("%s: %.3f GFLOP in %.3f GB\n", path, 1e-9 * (double)sum.flop,
                  1e-9 * (double)sum.bytes);
    assert_true(fabs((double)sum.flop - 1e9 * gflops) <= 1e3 * gflops);
    assert_int_equal(triple.flop, 3 * sum.flop);
    assert_true(sum.bytes > 2 * model.parameters);
    assert_true(triple.bytes < 3 * sum.bytes && triple.bytes > 2 * sum.bytes);
    network_end(&one);
    network_end(&three);
    model_free(&model);
}

static void models(void **state) {
    (void)state;
    char path[FIXTURE_PATH];
    check_model("demo/model.onnx", 256);
    FIXTURE("models/yolov8n.onnx", path);
    check_model(path, 640);
    FIXTURE("zoo/yolo11.onnx", path);
    check_model(path, 256);
}

/* YOLOv8n at 640: 8.7 GFLOPs, as its authors publish (docs.ultralytics.com/models/yolov8). */
static void published(void **state) {
    (void)state;
    struct model model = {0};
    char path[FIXTURE_PATH];
    FIXTURE("models/yolov8n.onnx", path);
    ASSERT_OK(model_read(path, NULL, 640, &model));
    struct rig_network rig = network_start(&model.graph, ELEMENT_F16, 1, 640, 640);
    assert_true(fabs(1e-9 * (double)totals(rig.network).flop - 8.7) < 0.1);
    network_end(&rig);
    model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_convolution),
        cmocka_unit_test(other_steps),
        cmocka_unit_test(steps_are_the_forward),
        cmocka_unit_test(models),
        cmocka_unit_test(published),
    };
    return RUN_TESTS(tests);
}
