/* Whole networks on the CPU backend: against graph_evaluate, against what ONNX Runtime made of the
 * same files, and through the backend's interface. */
#include "cpu_rig.h"

#include <stdio.h>

#include "cpu/cpu.h"
#include "graph_evaluate.h"
#include "head_boxes.h"
#include "unit.h"

static const char *const nets[] = {"yolov5", "yolov6", "yolov8", "yolov8-p2", "yolo11", "yolo26"};
enum { N_NETS = sizeof nets / sizeof *nets, IMGSZ = 256 };

static struct model read_net(const char *name) {
    char path[FIXTURE_PATH], file[64];
    struct model model = {0};
    snprintf(file, sizeof file, "zoo/%s.onnx", name);
    FIXTURE(file, path);
    ASSERT_OK(model_read(path, NULL, IMGSZ, &model));
    return model;
}

/* The floats of a .npy file; *n is their number. free() releases them. */
static float *read_npy(const char *path, size_t *n) {
    unsigned char start[10];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(start, 1, sizeof start, file), sizeof start);
    assert_memory_equal(start, "\x93NUMPY\x01", 7);
    long header = (long)sizeof start + start[8] + 256 * start[9];
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *n = (size_t)(ftell(file) - header) / sizeof(float);
    float *data = malloc(*n * sizeof *data);
    assert_non_null(data);
    assert_int_equal(fseek(file, header, SEEK_SET), 0);
    assert_int_equal(fread(data, sizeof *data, *n, file), *n);
    fclose(file);
    return data;
}

static void reference_outputs(void **state) {
    (void)state;
    size_t n_input, n_expected;
    char path[FIXTURE_PATH], file[64];
    FIXTURE("reference/zoo/input_1x3x256x256.npy", path);
    float *planes = read_npy(path, &n_input);
    assert_int_equal(n_input, 3 * IMGSZ * IMGSZ);
    for (size_t i = 0; i < N_NETS; i++) {
        struct model model = read_net(nets[i]);
        const struct head *head = &model.graph.head;
        struct cpu_network *network;
        struct head_maps maps;
        snprintf(file, sizeof file, "reference/zoo/%s.npy", nets[i]);
        FIXTURE(file, path);
        float *expected = read_npy(path, &n_expected);
        size_t anchors = n_expected / (4 + head->n_classes), done = 0;
        float *actual = calloc(n_expected, sizeof *actual);
        assert_non_null(actual);
        ASSERT_OK(cpu_network_make(&model.graph, &(struct cpu_options){.threads = 2}, &network));
        ASSERT_OK(cpu_network_forward(network, IMGSZ, IMGSZ, planes, &maps));
        assert_int_equal(head->kind, HEAD_DISTANCE);
        for (size_t level = 0; level < head->n_levels; level++)
            done += decode_level(head, level, &maps, actual, done, anchors);
        assert_int_equal(done, anchors);
        float box_error = 0.0f, score_error = 0.0f;
        for (size_t k = 0; k < n_expected; k++) {
            float *worst = k < 4 * anchors ? &box_error : &score_error;
            float error = fabsf(actual[k] - expected[k]);
            *worst = error <= *worst ? *worst : error; /* keeps not-a-number */
        }
        print_message("%s: boxes within %.2g px, scores within %.2g\n", nets[i], (double)box_error,
                      (double)score_error);
        assert_true(box_error <= 1e-3f);
        assert_true(score_error <= 1e-4f);
        cpu_network_free(network);
        free(actual);
        free(expected);
        model_free(&model);
    }
    free(planes);
}

/* All maps of the head, one behind the other. */
static float *all_maps(struct cpu_network *network, const struct head *head, size_t height,
                       size_t width, const float *planes, size_t *n) {
    struct head_maps maps;
    float *all = NULL;
    *n = 0;
    ASSERT_OK(cpu_network_forward(network, height, width, planes, &maps));
    for (size_t i = 0; i < 2 * head->n_levels; i++) {
        const struct head_map *map = i % 2 ? &maps.scores[i / 2] : &maps.boxes[i / 2];
        size_t elements = map->channels * map->width * map->height;
        float *part = map_planes(map);
        all = realloc(all, (*n + elements) * sizeof *all);
        assert_non_null(all);
        memcpy(all + *n, part, elements * sizeof *all);
        *n += elements;
        free(part);
    }
    return all;
}

static float *all_evaluated(const struct graph *graph, size_t height, size_t width,
                            const float *planes, size_t n) {
    const struct head *head = &graph->head;
    int wanted[2 * GRAPH_LEVELS];
    float *outputs[2 * GRAPH_LEVELS], *all = malloc(n * sizeof *all);
    struct shape *shapes = calloc(graph->n_tensors, sizeof *shapes);
    size_t at = 0;
    assert_non_null(all);
    assert_non_null(shapes);
    for (size_t i = 0; i < 2 * head->n_levels; i++)
        wanted[i] = i % 2 ? head->levels[i / 2].scores : head->levels[i / 2].boxes;
    ASSERT_OK(graph_shapes(graph, (int64_t)height, (int64_t)width, shapes));
    ASSERT_OK(graph_evaluate(graph, (int64_t)height, (int64_t)width, planes, wanted,
                             2 * head->n_levels, outputs));
    for (size_t i = 0; i < 2 * head->n_levels; i++) {
        size_t elements = (size_t)shape_elements(&shapes[wanted[i]]);
        assert_true(at + elements <= n);
        memcpy(all + at, outputs[i], elements * sizeof *all);
        at += elements;
        free(outputs[i]);
    }
    assert_int_equal(at, n);
    free(shapes);
    return all;
}

/* Inputs of other shapes than the exported one, in planes and either blocks; 1 to 3 threads, and
 * the same input once more after another, give the same bytes. */
static void other_inputs(void **state) {
    (void)state;
    const size_t sizes[][2] = {{96, 160}, {128, 64}};
    for (size_t i = 0; i < N_NETS; i++) {
        struct model model = read_net(nets[i]);
        const struct head *head = &model.graph.head;
        if (model.graph.fixed_height) {
            print_message("%s is tied to its size\n", nets[i]);
            model_free(&model);
            continue;
        }
        float *planes = random_planes(160, 160, (uint32_t)i), *first[2];
        size_t n[2];
        for (size_t threads = 1; threads <= 3; threads++) {
            struct cpu_network *network;
            ASSERT_OK(cpu_network_make(&model.graph, &(struct cpu_options){.threads = threads},
                                       &network));
            for (size_t k = 0; k < 4; k++) {
                size_t size = k % 2, count;
                float *result =
                    all_maps(network, head, sizes[size][0], sizes[size][1], planes, &count);
                if (threads == 1 && k < 2) {
                    first[size] = result;
                    n[size] = count;
                    continue;
                }
                assert_int_equal(count, n[size]);
                if (memcmp(result, first[size], count * sizeof *result) != 0)
                    fail_msg("%s: run %zu with %zu threads differs", nets[i], k, threads);
                free(result);
            }
            cpu_network_free(network);
        }
        for (size_t k = 0; k < 2; k++) {
            float *expected = all_evaluated(&model.graph, sizes[k][0], sizes[k][1], planes, n[k]);
            assert_close(first[k], expected, n[k], 1e-4f);
            free(expected);
        }
        static const size_t blocks[] = {1, 8, 16};
        for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) {
            const struct cpu_options other = {
                .threads = 2, .block = blocks[k], .convolutions = convolutions_of(blocks[k])};
            struct cpu_network *network;
            ASSERT_OK(cpu_network_make(&model.graph, &other, &network));
            float *result = all_maps(network, head, sizes[0][0], sizes[0][1], planes, &n[0]);
            assert_close(result, first[0], n[0], 1e-4f);
            cpu_network_free(network);
            free(result);
        }
        free(first[0]);
        free(first[1]);
        free(planes);
        model_free(&model);
    }
}

static struct image striped_image(uint32_t width, uint32_t height, uint32_t seed) {
    struct image image = {0};
    ASSERT_OK(image_resize_buffer(&image, width, height));
    for (size_t i = 0; i < (size_t)width * height * 3; i++)
        image.pixels[i] = (uint8_t)((i / 3 % width * (seed + 1) + i / 3 / width * 5 + i % 3 * 60));
    return image;
}

/* Pictures of several shapes through the interface, in one forward and one at a time. */
static void backend_interface(void **state) {
    (void)state;
    enum { PICTURES = 3 };
    const uint32_t shapes[PICTURES][2] = {{200, 100}, {256, 256}, {64, 300}};
    struct model model = read_net("yolov8");
    struct judge judge = {.n_classes = model.graph.head.n_classes,
                          .predict = true,
                          .conf = 0.001f,
                          .iou = 0.7f,
                          .max_det = 300};
    struct backend_options options = {
        .threads = 2, .slots = PICTURES, .batch = PICTURES, .views = 1, .rect = true};
    const struct backend_network network = {.model = &model, .imgsz = IMGSZ};
    struct picture_view views[PICTURES];
    struct target target = {.class = 1, .box = {10, 10, 60, 70}};
    struct findings together[PICTURES] = {0}, alone[PICTURES] = {0};
    struct picture pictures[PICTURES];
    struct backend *backend;
    ASSERT_OK(backend_cpu.available(NULL, 0));
    ASSERT_OK(backend_cpu.open(&network, 1, &judge, &options, &backend));
    assert_true(strstr(backend_cpu.device(backend), ", 2 threads") != NULL);
    assert_int_equal(backend_cpu.batch(backend), PICTURES);
    for (size_t i = 0; i < PICTURES; i++) {
        struct image image = striped_image(shapes[i][0], shapes[i][1], (uint32_t)i);
        views[i] = (struct picture_view){
            .letterbox = letterbox_plan(shapes[i][0], shapes[i][1], IMGSZ, true, 32)};
        pictures[i] = (struct picture){
            .slot = PICTURES - 1 - i,
            .n_views = 1,
            .views = &views[i],
            .n_labels = 1,
            .targets = &target,
            .findings = &together[i],
        };
        ASSERT_OK(backend_cpu.stage(backend, pictures[i].slot, &image, &views[i], 1));
        image_free(&image);
    }
    ASSERT_OK(backend_cpu.submit(backend, pictures, PICTURES));
    ASSERT_OK(backend_cpu.collect(backend));
    for (size_t i = PICTURES; i-- > 0;) {
        pictures[i].findings = &alone[i];
        ASSERT_OK(backend_cpu.submit(backend, &pictures[i], 1));
        ASSERT_OK(backend_cpu.collect(backend));
        assert_int_equal(alone[i].n_evidence, 1);
        assert_memory_equal(alone[i].evidence, together[i].evidence, sizeof *alone[i].evidence);
        assert_true(alone[i].predictions.count > 0);
        assert_int_equal(alone[i].predictions.count, together[i].predictions.count);
        assert_memory_equal(alone[i].predictions.items, together[i].predictions.items,
                            alone[i].predictions.count * sizeof *alone[i].predictions.items);
    }
    for (size_t i = 0; i < PICTURES; i++) {
        findings_free(&together[i]);
        findings_free(&alone[i]);
    }
    backend_cpu.close(backend);
    model_free(&model);
}

/* A head that is put together of three maps a level, behind a stem on cells of pixels. */
static void yolox(void **state) {
    (void)state;
    struct model model = {0};
    struct cpu_network *network;
    size_t n;
    ASSERT_OK(model_read("tests/data/onnx/misread/yolox.onnx", NULL, IMGSZ, &model));
    float *planes = random_planes(96, 160, 3);
    ASSERT_OK(cpu_network_make(&model.graph, &(struct cpu_options){.threads = 2}, &network));
    float *maps = all_maps(network, &model.graph.head, 96, 160, planes, &n);
    float *expected = all_evaluated(&model.graph, 96, 160, planes, n);
    assert_close(maps, expected, n, 1e-4f);
    cpu_network_free(network);
    free(expected);
    free(maps);
    free(planes);
    model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_outputs),
        cmocka_unit_test(other_inputs),
        cmocka_unit_test(backend_interface),
        cmocka_unit_test(yolox),
    };
    return RUN_TESTS(tests);
}
