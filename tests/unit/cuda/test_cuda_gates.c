/* How far fp16 may be from fp32: every step of whole networks, and boxes and scores decoded from
 * the head's maps; fp32 on the device against the plain-C operators. On a GPU these are the gates
 * of the CUDA backend's accuracy. */
#include "cuda_network_rig.h"

#include <stdio.h>

#include "graph_evaluate.h"
#include "image/image.h"
#include "letterbox_render.h"
#include "model/model.h"
#include "unit.h"

/* Rounding to fp16's 11 bits is an error of 1.4e-4 in the mean square; a step rounds weights,
 * inputs and outputs, and passes on what it was given. */
static const double STEP_L2 = 2e-3;
/* In pixels of the network. */
static const double BOX_PIXELS = 0.5;
static const double SCORE_F16 = 5e-3, SCORE_F32 = 1e-3;
static const double SEEN = 0.05; /* boxes with a score from this on are compared */

/* A map's elements as floats; free() releases them. */
static float *map_floats(const struct map *map, size_t *elements) {
    size_t cells = map->n * map->height * map->width;
    size_t bytes = ((cells - 1) * map->pitch + map->channels) * element_size(map->element);
    void *host = malloc(bytes);
    float *out = malloc(cells * map->channels * sizeof *out);
    assert_non_null(host);
    assert_non_null(out);
    ASSERT_OK(device_download(map->data, bytes, host));
    for (size_t cell = 0; cell < cells; cell++)
        for (size_t c = 0; c < map->channels; c++)
            out[cell * map->channels + c] = element_load(host, map->element, cell * map->pitch + c);
    free(host);
    *elements = cells * map->channels;
    return out;
}

/* Steps that only move elements differ between the precisions, whose rows are filled up otherwise.
 */
static bool computes(const struct step *step) {
    return step->kind != STEP_COPY && step->kind != STEP_GATHER;
}

static size_t next_step(struct network *network, size_t at) {
    for (; at < network->n_steps; at++) {
        ASSERT_OK(network_step_run(network, at));
        if (computes(&network->steps[at]))
            break;
    }
    ASSERT_OK(device_wait(conv_library_stream(network->library)));
    return at;
}

struct worst_step {
    double error;
    struct network_step step;
    size_t steps;
};

static void compare_step(const struct network *half, size_t i, const struct network *single,
                         size_t j, struct worst_step *worst) {
    const struct step *a = &half->steps[i], *b = &single->steps[j];
    assert_int_equal(a->kind, b->kind);
    assert_ptr_equal(a->op, b->op);
    for (size_t k = 0; k < STEP_OUTPUTS; k++) {
        size_t n, m;
        if (a->dst[k] == NO_FEATURE)
            continue;
        struct map half_map = feature_map(half, a->dst[k]);
        struct map single_map = feature_map(single, b->dst[k]);
        float *actual = map_floats(&half_map, &n), *expected = map_floats(&single_map, &m);
        assert_int_equal(n, m);
        double error = relative_l2(actual, expected, n);
        if (!(error <= worst->error)) {
            worst->error = error;
            worst->step = network_step(half, i);
        }
        free(actual);
        free(expected);
    }
    worst->steps++;
}

/* Runs both precisions side by side, step by step, on the same picture. */
static struct worst_step compare_steps(const struct graph *graph, size_t height, size_t width,
                                       float *picture) {
    struct worst_step worst = {0};
    struct rig_network half = network_start(graph, ELEMENT_F16, 1, height, width);
    struct rig_network single = network_start(graph, ELEMENT_F32, 1, height, width);
    network_run(&half, &picture);
    network_run(&single, &picture);
    size_t i = next_step(half.network, 0), j = next_step(single.network, 0);
    while (i < half.network->n_steps && j < single.network->n_steps) {
        compare_step(half.network, i, single.network, j, &worst);
        i = next_step(half.network, i + 1);
        j = next_step(single.network, j + 1);
    }
    assert_int_equal(i - half.network->n_steps, j - single.network->n_steps);
    network_end(&half);
    network_end(&single);
    return worst;
}

/* A picture of the demo, or of COCO where the fixtures are there, as a square input. */
static float *real_picture(size_t side) {
    char path[FIXTURE_PATH];
    struct image image = {0};
    bool found = fixture_find("coco128/images/000000000036.jpg", path);
    ASSERT_OK(image_read(found ? path : "demo/data/images/0001.jpg", &image));
    struct letterbox box = letterbox_plan(image.width, image.height, (uint32_t)side, false, 32);
    float *planes = malloc(3 * side * side * sizeof *planes);
    assert_non_null(planes);
    ASSERT_OK(letterbox_render(&image, &box, planes));
    image_free(&image);
    return planes;
}

static void check_steps(const char *path, size_t side, bool lively) {
    struct model model = {0};
    ASSERT_OK(model_read(path, NULL, (int64_t)side, &model));
    if (lively)
        scale_weights(&model.graph);
    float *picture = real_picture(side);
    struct worst_step worst = compare_steps(&model.graph, side, side, picture);
    print_message(
        "%s at %zu: %zu steps, fp16 within %.2g of fp32 (relative L2), at most in %s %s %s\n", path,
        side, worst.steps, worst.error, worst.step.kind, worst.step.shape, worst.step.name);
    assert_true(worst.steps > 20);
    assert_true(worst.error <= STEP_L2);
    free(picture);
    model_free(&model);
}

static void every_step(void **state) {
    (void)state;
    const size_t side = ON_GPU ? 640 : 96;
    char path[FIXTURE_PATH];
    check_steps("demo/model.onnx", 256, false);
    FIXTURE("models/yolov8n.onnx", path);
    check_steps(path, side, false);
    FIXTURE("zoo/yolo11.onnx", path);
    check_steps(path, 256, true);
}

/* An anchor's corners, in network pixels, and its scores. */
struct anchor {
    double box[4];
    const float *scores; /* logits */
};

/* The mean of a distribution over bins, or the distance itself. */
static double side_of(const float *bins, size_t n) {
    double sum = 0.0, weighted = 0.0;
    if (n == 1)
        return bins[0];
    for (size_t i = 0; i < n; i++) {
        sum += exp((double)bins[i]);
        weighted += (double)i * exp((double)bins[i]);
    }
    return weighted / sum;
}

static struct anchor decode(const struct graph *graph, const struct head_level *level,
                            const struct map *map, const float *boxes, const float *scores,
                            size_t channels, size_t cell) {
    const struct head *head = &graph->head;
    struct anchor anchor = {.scores = scores + cell * channels + level->score_channel};
    double centre[2] = {(double)(cell % map->width) + 0.5, (double)(cell / map->width) + 0.5};
    for (size_t i = 0; i < 4; i++) {
        const float *bins = boxes + cell * map->channels + level->box_channel + i * head->bins;
        double distance = side_of(bins, head->bins);
        anchor.box[i] = (centre[i % 2] + (i < 2 ? -distance : distance)) * (double)level->stride;
    }
    return anchor;
}

static double sigmoid(float x) {
    return 1.0 / (1.0 + exp(-(double)x));
}

struct apart {
    size_t n, capacity;
    double *boxes; /* of each corner of an anchor that is seen */
    double scores;
};

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The 99.9th percentile. */
static double most_boxes(struct apart *apart) {
    qsort(apart->boxes, apart->n, sizeof *apart->boxes, by_value);
    return apart->n ? apart->boxes[(size_t)(0.999 * (double)(apart->n - 1))] : NAN;
}

static void compare_anchor(const struct anchor *actual, const struct anchor *expected,
                           size_t n_classes, struct apart *apart) {
    double best = 0.0;
    for (size_t k = 0; k < n_classes; k++) {
        double score = sigmoid(expected->scores[k]);
        double error = fabs(sigmoid(actual->scores[k]) - score);
        apart->scores = error <= apart->scores ? apart->scores : error;
        best = fmax(best, score);
    }
    for (size_t i = 0; best >= SEEN && i < 4; i++) {
        assert_true(apart->n < apart->capacity);
        apart->boxes[apart->n++] = fabs(actual->box[i] - expected->box[i]);
    }
}

/* The head's maps of a network against those of graph_evaluate, channels last. */
static struct apart compare_head(const struct graph *graph, enum element element, size_t side,
                                 float *picture, float *const *expected) {
    struct apart apart = {.capacity = 4 * side * side};
    size_t elements;
    struct rig_network rig = network_start(graph, element, 1, side, side);
    struct network_head head = network_head(rig.network);
    apart.boxes = malloc(apart.capacity * sizeof *apart.boxes);
    assert_non_null(apart.boxes);
    network_run(&rig, &picture);
    for (size_t l = 0; l < graph->head.n_levels; l++) {
        const struct head_level *level = &graph->head.levels[l];
        const struct map *boxes = &head.boxes[l], *scores = &head.scores[l];
        float *actual_boxes = map_floats(boxes, &elements);
        float *actual_scores = map_floats(scores, &elements);
        for (size_t cell = 0; cell < boxes->height * boxes->width; cell++) {
            struct anchor a =
                decode(graph, level, boxes, actual_boxes, actual_scores, scores->channels, cell);
            struct anchor e = decode(graph, level, boxes, expected[2 * l], expected[2 * l + 1],
                                     scores->channels, cell);
            compare_anchor(&a, &e, graph->head.n_classes, &apart);
        }
        free(actual_boxes);
        free(actual_scores);
    }
    network_end(&rig);
    return apart;
}

/* Planes (C,H,W) to channels last. */
static void turn(float **planes, size_t channels, size_t cells) {
    float *out = malloc(channels * cells * sizeof *out);
    assert_non_null(out);
    for (size_t c = 0; c < channels; c++)
        for (size_t cell = 0; cell < cells; cell++)
            out[cell * channels + c] = (*planes)[c * cells + cell];
    free(*planes);
    *planes = out;
}

static void evaluate_head(const struct graph *graph, size_t side, const float *picture,
                          float **expected) {
    int wanted[HEAD_MAPS];
    size_t n_maps = 2 * graph->head.n_levels;
    struct shape *shapes = calloc(graph->n_tensors, sizeof *shapes);
    assert_non_null(shapes);
    ASSERT_OK(graph_shapes(graph, (int64_t)side, (int64_t)side, shapes));
    for (size_t k = 0; k < n_maps; k++)
        wanted[k] = k % 2 ? graph->head.levels[k / 2].scores : graph->head.levels[k / 2].boxes;
    ASSERT_OK(
        graph_evaluate(graph, (int64_t)side, (int64_t)side, picture, wanted, n_maps, expected));
    for (size_t k = 0; k < n_maps; k++) {
        const int64_t *dims = shapes[wanted[k]].dims;
        turn(&expected[k], (size_t)dims[1], (size_t)(dims[2] * dims[3]));
    }
    free(shapes);
}

static void check_detections(const char *path, size_t side) {
    struct model model = {0};
    float *expected[HEAD_MAPS];
    ASSERT_OK(model_read(path, NULL, (int64_t)side, &model));
    assert_int_equal(model.graph.head.kind, HEAD_DISTANCE);
    float *picture = real_picture(side);
    evaluate_head(&model.graph, side, picture, expected);
    for (enum element element = ELEMENT_F32; element <= ELEMENT_F16; element++) {
        struct apart apart = compare_head(&model.graph, element, side, picture, expected);
        double boxes = most_boxes(&apart);
        print_message("%s at %zu in %s: scores within %.2g, %zu corners, p99.9 %.2g px\n", path,
                      side, element == ELEMENT_F16 ? "fp16" : "fp32", apart.scores, apart.n, boxes);
        assert_true(apart.scores <= (element == ELEMENT_F16 ? SCORE_F16 : SCORE_F32));
        assert_true(apart.n > 0);
        assert_true(boxes <= BOX_PIXELS);
        free(apart.boxes);
    }
    for (size_t k = 0; k < 2 * model.graph.head.n_levels; k++)
        free(expected[k]);
    free(picture);
    model_free(&model);
}

static void detections(void **state) {
    (void)state;
    check_detections("demo/model.onnx", 256);
    char path[FIXTURE_PATH];
    FIXTURE("models/yolov8n.onnx", path);
    check_detections(path, ON_GPU ? 640 : 160);
}

int main(void) {
    if (!rig_has_device())
        return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step),
        cmocka_unit_test(detections),
    };
    return RUN_TESTS(tests);
}
