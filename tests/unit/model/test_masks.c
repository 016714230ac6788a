/* Networks with masks: coefficients and prototypes as PyTorch and ONNX Runtime 1.32 compute them
 * from the files of tests/data/make_torch_masks.py and make_onnx_poses.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include <cmocka.h>

#include "export_case.h"
#include "graph_evaluate.h"

#define TORCH "tests/data/torch/"
#define ONNX  "tests/data/onnx/masks/"
enum { MASKS = 6, LEVELS = 2, CELL = 5 };

/* The elements of a tensor, which free() releases; *n is their number. */
static float *evaluate(const struct model *model, int tensor, size_t height, size_t width,
                       size_t *n) {
    float *out, *input = make_input(height, width);
    struct shape *shapes = calloc(model->graph.n_tensors, sizeof *shapes);
    assert_non_null(shapes);
    assert_int_equal(graph_shapes(&model->graph, (int64_t)height, (int64_t)width, shapes),
                     STATUS_OK);
    *n = (size_t)shape_elements(&shapes[tensor]);
    assert_int_equal(shapes[tensor].dims[1] % MASKS, 0);
    assert_int_equal(graph_evaluate(&model->graph, height, width, input, &tensor, 1, &out),
                     STATUS_OK);
    free(input);
    free(shapes);
    return out;
}

/* `second`: of the first level's last anchor and of the prototypes, number 1 at cell CELL. */
static void computes_masks(void **state) {
    (void)state;
    static const struct {
        const char *path;
        enum head_kind kind;
        size_t height;
        double coefficients;
        float second;
        double prototypes;
        float second_prototype;
    } files[] = {
        {TORCH "masks_old.pt", HEAD_ANCHOR, 48, 3713.44189, -.69415408f, 918.344543, -.05309167f},
        {TORCH "masks.pt", HEAD_DISTANCE, 48, 1746.29565, 1.63716698f, 14652.6279, .56349164f},
        {TORCH "masks_joined.pt", HEAD_DISTANCE, 48, 2068.37817, .57265562f, 11197.2734,
         1.93397748f},
        {ONNX "free.onnx", HEAD_DISTANCE, 64, 144.741233, .31353545f, 761.976754, -.14806089f},
        {ONNX "bare.onnx", HEAD_DISTANCE, 64, 144.741233, .31353545f, 761.976754, -.14806089f},
        {ONNX "ends.onnx", HEAD_DISTANCE, 64, 144.741233, .31353545f, 761.976754, -.14806089f},
        {ONNX "anchors.onnx", HEAD_ANCHOR, 64, 475.782187, -.32175362f, 1362.01278, .92901224f},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct model model;
        size_t n;
        double sum = 0;
        read_model(files[i].path, 0, &model);
        const struct head *head = &model.graph.head;
        assert_int_equal(head->kind, files[i].kind);
        assert_int_equal(head->n_classes, 2);
        assert_true(head_has_masks(head));
        assert_int_equal(head->n_extras, MASKS);
        assert_int_equal(head->n_levels, LEVELS);
        assert_null(strstr(model.description, "of which the boxes are used"));
        for (size_t l = 0; l < LEVELS; l++) {
            float *values = evaluate(&model, head->levels[l].extras, files[i].height, 64, &n);
            size_t cells = files[i].height * 64 / head->levels[l].stride / head->levels[l].stride;
            size_t channel = head->levels[l].extra_channel + (head->n_anchors - 1) * MASKS + 1;
            if (l == 0)
                assert_float_equal(values[channel * cells + CELL], files[i].second, 1e-5);
            sum += sum_of(values, n);
            free(values);
        }
        assert_float_equal(sum, files[i].coefficients, 1e-5 * sum);
        float *values = evaluate(&model, head->prototypes, files[i].height, 64, &n);
        assert_float_equal(sum_of(values, n), files[i].prototypes, 1e-5 * files[i].prototypes);
        assert_float_equal(values[n / MASKS + CELL], files[i].second_prototype, 1e-5);
        free(values);
        model_free(&model);
    }
}

/* Heads without prototypes, and with maps beside the boxes that are none. */
static void boxes_alone_stay_so(void **state) {
    (void)state;
    static const char *const files[] = {TORCH "segment.pt", "tests/data/onnx/opset13.onnx"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct model model;
        read_model(files[i], 0, &model);
        assert_false(head_has_masks(&model.graph.head));
        assert_int_equal(model.graph.head.n_extras, 0);
        model_free(&model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_masks),
        cmocka_unit_test(boxes_alone_stay_so),
    };
    return RUN_TESTS(tests);
}
