/* Recognition of detection heads: what is found, and that nothing is found where there is none. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "onnx_maker.h"
#include "raw_head.h"
#include "unit.h"

#define DATA "tests/data/onnx/"

static void read_model(const char *path, int64_t imgsz, struct model *model) {
    enum status status = model_read(path, NULL, imgsz, model);
    if (status != STATUS_OK)
        fail_msg("%s", status_message());
}

/* A level's maps must be cells of one stride, and wide enough. */
static void check_levels(const struct model *model, int64_t height, int64_t width) {
    const struct head *head = &model->graph.head;
    struct shape *shapes = calloc(model->graph.n_tensors, sizeof *shapes);
    assert_non_null(shapes);
    assert_int_equal(graph_shapes(&model->graph, height, width, shapes), STATUS_OK);
    for (size_t l = 0; l < head->n_levels; l++) {
        const struct head_level *level = &head->levels[l];
        const struct shape *boxes = &shapes[level->boxes], *scores = &shapes[level->scores];
        size_t of_boxes = head->kind == HEAD_ANCHOR ? head->n_anchors * (5 + head->n_classes)
                                                    : level->box_channel + 4 * head->bins;
        assert_int_equal(boxes->rank, 4);
        assert_int_equal(boxes->dims[2] * (int64_t)level->stride, height);
        assert_int_equal(boxes->dims[3] * (int64_t)level->stride, width);
        assert_memory_equal(&boxes->dims[2], &scores->dims[2], 2 * sizeof(int64_t));
        assert_true(boxes->dims[1] >= (int64_t)of_boxes);
        if (head->kind == HEAD_DISTANCE)
            assert_true(scores->dims[1] >= (int64_t)(level->score_channel + head->n_classes));
    }
    free(shapes);
}

static void check_distance(const char *path, size_t classes, size_t bins, size_t box_channel,
                           size_t score_channel) {
    struct model model;
    read_model(path, 64, &model);
    const struct head *head = &model.graph.head;
    assert_int_equal(head->kind, HEAD_DISTANCE);
    assert_int_equal(head->n_classes, classes);
    assert_int_equal(head->bins, bins);
    assert_int_equal(head->n_anchors, 1);
    assert_int_equal(head->n_levels, 2);
    for (size_t l = 0; l < 2; l++) {
        assert_int_equal(head->levels[l].stride, 8 << l);
        assert_int_equal(head->levels[l].box_channel, box_channel);
        assert_int_equal(head->levels[l].score_channel, score_channel);
        assert_int_equal(head->levels[l].boxes == head->levels[l].scores,
                         score_channel != box_channel);
    }
    check_levels(&model, 64, 64);
    check_levels(&model, 96, 160);
    assert_int_equal(model.graph.fixed_height, 0);
    model_free(&model);
}

static void finds_distance_heads(void **state) {
    (void)state;
    check_distance(DATA "opset13.onnx", 2, 4, 0, 0);
    check_distance(DATA "opset9.onnx", 2, 4, 0, 0);
    check_distance(DATA "rows.onnx", 2, 4, 0, 0);
    check_distance(DATA "one_bin.onnx", 2, 1, 0, 0);
}

/* Boxes and scores of a level in one map: a Split follows the last convolution, so the maps are
 * told apart by their channels. */
static void finds_one_map_heads(void **state) {
    (void)state;
    check_distance(DATA "one_map.onnx", 1, 4, 1, 0);
}

static void finds_anchor_heads(void **state) {
    (void)state;
    static const float anchors[2][3][2] = {{{10, 13}, {16, 30}, {33, 23}},
                                           {{30, 61}, {62, 45}, {59, 119}}};
    struct model model;
    read_model(DATA "anchors.onnx", 64, &model);
    const struct head *head = &model.graph.head;
    assert_int_equal(head->kind, HEAD_ANCHOR);
    assert_int_equal(head->n_classes, 2);
    assert_int_equal(head->n_anchors, 3);
    assert_int_equal(head->n_levels, 2);
    for (size_t l = 0; l < 2; l++) {
        assert_int_equal(head->levels[l].stride, 8 << l);
        assert_int_equal(head->levels[l].boxes, head->levels[l].scores);
        for (size_t a = 0; a < 3; a++)
            for (size_t s = 0; s < 2; s++)
                assert_float_equal(head->levels[l].anchors[a][s], anchors[l][a][s], 1e-4f);
    }
    check_levels(&model, 64, 64);
    check_levels(&model, 160, 96);
    assert_string_equal(model.family, "anchor-based, 3 anchors");
    model_free(&model);
}

/* Writes the level's number for every '$' of a pattern. */
static const char *numbered(char text[64], const char *pattern, int64_t level) {
    snprintf(text, 64, "%s", pattern);
    for (char *c = text; (c = strchr(c, '$')) != NULL;)
        *c = (char)('0' + level);
    return text;
}

/* A level of an anchor head in rows, 3 anchors of 24 x 24 pixels a cell, from the picture alone. */
static void add_level(Onnx__ModelProto *file, int64_t level, int64_t side, int64_t columns) {
    static const char *const steps[][3] = {
        {"Reshape", "map$ parts$", "parted$"},
        {"Transpose", "parted$", "turned$"},
        {"Sigmoid", "turned$", "all$"},
        {"Slice", "all$ zero two four", "xy$"},
        {"Slice", "all$ two four four", "wh$"},
        {"Slice", "all$ four end four", "rest$"},
        {"Mul", "xy$ twice", "xy_twice$"},
        {"Add", "xy_twice$ grid$", "xy_cells$"},
        {"Mul", "xy_cells$ stride$", "xy_pixels$"},
        {"Mul", "wh$ twice", "wh_twice$"},
        {"Mul", "wh_twice$ wh_twice$", "wh_square$"},
        {"Mul", "wh_square$ anchor", "wh_pixels$"},
        {"Concat", "xy_pixels$ wh_pixels$ rest$", "joined$"},
        {"Reshape", "joined$ rows", "level$"},
    };
    const int64_t stride = 8 << level, cells = side / stride, one = 1;
    const int64_t weights[4] = {3 * columns, 3, 1, 1}, order[5] = {0, 1, 3, 4, 2};
    const int64_t parts[5] = {1, 3, columns, cells, cells}, grid[5] = {1, 3, cells, cells, 2};
    char a[64], b[64];
    add_floats(file, numbered(a, "weight$", level), weights, 4, 0.01f);
    add_integers(file, numbered(a, "parts$", level), parts, 5);
    add_floats(file, numbered(a, "stride$", level), &one, 1, (float)stride);
    float *corners = add_floats(file, numbered(a, "grid$", level), grid, 5, -0.5f)->float_data;
    for (int64_t i = 0; i < 3 * cells * cells; i++) {
        corners[2 * i] += (float)(i % cells);
        corners[2 * i + 1] += (float)(i / cells % cells);
    }
    add_list(
        combine(file, "Conv", numbered(a, "images weight$", level), numbered(b, "map$", level)),
        "strides", (const int64_t[]){stride, stride}, 2);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        Onnx__NodeProto *node = combine(file, steps[i][0], numbered(a, steps[i][1], level),
                                        numbered(b, steps[i][2], level));
        if (strcmp(steps[i][0], "Transpose") == 0)
            add_list(node, "perm", order, 5);
        if (strcmp(steps[i][0], "Concat") == 0)
            add_number(node, "axis", -1);
    }
}

/* Strides 8 and 16. */
static void read_anchor_net(int64_t side, int64_t classes, struct model *model) {
    const int64_t numbers[4] = {0, 2, 4, 5 + classes}, rows[3] = {1, -1, 5 + classes}, one = 1;
    static const char *const names[4] = {"zero", "two", "four", "end"};
    Onnx__ModelProto *file = file_start(side, side);
    for (size_t i = 0; i < 4; i++)
        add_integers(file, names[i], &numbers[i], 1);
    add_floats(file, "twice", &one, 1, 2.0f);
    add_floats(file, "anchor", &one, 1, 24.0f);
    add_integers(file, "rows", rows, 3);
    for (int64_t level = 0; level < 2; level++)
        add_level(file, level, side, 5 + classes);
    add_number(combine(file, "Concat", "level0 level1", "out"), "axis", 1);
    if (read_file(file, side, model) != STATUS_OK)
        fail_msg("%" PRId64 " classes: %s", classes, status_message());
}

/* A head with so many classes that it would take too much memory (1000) or too long (800) to
 * follow: the file's own tail with all its levels, never the levels that are small enough. */
static void keeps_all_levels_of_many_classes(void **state) {
    (void)state;
    static const int64_t sides[4] = {64, 64, 320, 320}, classes[4] = {80, 1000, 800, 1000};
    for (size_t i = 0; i < 4; i++) {
        struct model model;
        read_anchor_net(sides[i], classes[i], &model);
        const struct head *head = &model.graph.head;
        assert_int_equal(head->kind, i < 2 ? HEAD_ANCHOR : HEAD_FINAL);
        assert_int_equal(head->n_classes, classes[i]);
        assert_int_equal(head->n_levels, i < 2 ? 2 : 1);
        if (i >= 2) {
            struct shape *shapes = zeroed(model.graph.n_tensors * sizeof *shapes);
            assert_true(head->objectness && head->channels_last);
            assert_int_equal(graph_shapes(&model.graph, sides[i], sides[i], shapes), STATUS_OK);
            assert_int_equal(shapes[head->levels[0].boxes].dims[1], 3 * (40 * 40 + 20 * 20));
            free(shapes);
        }
        model_free(&model);
    }
}

/* Formulas that are not ours: the model's own tail stays, tied to the size it was exported for. */
static void keeps_other_tails(void **state) {
    (void)state;
    struct model model;
    read_model(DATA "own_tail.onnx", 64, &model);
    assert_int_equal(model.graph.head.kind, HEAD_FINAL);
    assert_int_equal(model.graph.head.n_classes, 2);
    assert_false(model.graph.head.objectness);
    assert_false(model.graph.head.channels_last);
    assert_int_equal(model.graph.fixed_height, 64);
    assert_int_equal(model.graph.fixed_width, 64);
    model_free(&model);

    read_model(DATA "own_anchors.onnx", 64, &model);
    assert_int_equal(model.graph.head.kind, HEAD_FINAL);
    assert_int_equal(model.graph.head.n_classes, 2);
    assert_true(model.graph.head.objectness);
    assert_true(model.graph.head.channels_last);
    model_free(&model);

    assert_int_equal(model_read(DATA "own_tail.onnx", NULL, 96, &model), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "exported for pictures of 64 x 64"));
    assert_non_null(strstr(status_message(), "--imgsz 64"));
}

static void refuses_classifiers(void **state) {
    (void)state;
    struct model model;
    assert_int_equal(model_read(DATA "classifier.onnx", NULL, 64, &model), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "no detection head"));
    assert_non_null(strstr(status_message(), "(1,5)"));
}

/* Families of the zoo: name, bins, levels, first stride, parameters. */
static void finds_heads_of_the_zoo(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t bins, levels, stride;
        uint64_t parameters;
    } nets[] = {
        {"zoo/yolov5.onnx", 16, 3, 8, 322823},      {"zoo/yolov6.onnx", 16, 3, 8, 405927},
        {"zoo/yolov8.onnx", 16, 3, 8, 353615},      {"zoo/yolov8-p2.onnx", 16, 4, 4, 390324},
        {"zoo/yolo11.onnx", 16, 3, 8, 328909},      {"zoo/yolo26.onnx", 1, 3, 8, 171085},
        {"models/yolov8n.onnx", 16, 3, 8, 3151888},
    };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        char path[FIXTURE_PATH];
        struct model model;
        FIXTURE(nets[i].name, path);
        read_model(path, 320, &model);
        const struct head *head = &model.graph.head;
        assert_int_equal(head->kind, HEAD_DISTANCE);
        assert_int_equal(head->bins, nets[i].bins);
        assert_int_equal(head->n_levels, nets[i].levels);
        for (size_t l = 0; l < nets[i].levels; l++)
            assert_int_equal(head->levels[l].stride, nets[i].stride << l);
        assert_int_equal(model.stride, 32);
        assert_int_equal(model.parameters, nets[i].parameters);
        assert_int_equal(model.graph.fixed_height, 0);
        check_levels(&model, 256, 256);
        check_levels(&model, 192, 320);
        check_levels(&model, 640, 32);
        model_free(&model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_distance_heads),
        cmocka_unit_test(finds_one_map_heads),
        cmocka_unit_test(finds_anchor_heads),
        cmocka_unit_test(keeps_other_tails),
        cmocka_unit_test(refuses_classifiers),
        cmocka_unit_test(finds_heads_of_the_zoo),
        cmocka_unit_test(keeps_all_levels_of_many_classes),
    };
    return RUN_TESTS(tests);
}
