/* ONNX files that say much with few bytes: each is refused by the amount of work, not after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "model/head/head.h"
#include "onnx_maker.h"
#include "unit.h"

static void refuse(Onnx__ModelProto *file, const char *part) {
    struct model model;
    enum status status = read_file(file, 64, &model);
    if (status != STATUS_BAD_INPUT || strstr(status_message(), part) == NULL)
        fail_msg("status %d, '%s' where '%s' was expected", status,
                 status == STATUS_OK ? "" : status_message(), part);
}

/* A large map, and tails of it that look like an anchor head's until every element is followed:
 * their rows are in another order than cells are. */
static void add_tails(Onnx__ModelProto *file, size_t n_tails, int64_t rows) {
    const int64_t shape[3] = {1, rows, 6};
    char name[32], out[32];
    Onnx__NodeProto *join = add_node(file, "Concat", "images", "wide");
    for (size_t i = 1; i < 8; i++)
        APPEND(join, input, text("images"));
    add_node(file, "Relu", "wide", "map");
    add_integers(file, "shape", shape, 3);
    for (size_t i = 0; i < n_tails; i++) {
        snprintf(name, sizeof name, "s%zu", i);
        snprintf(out, sizeof out, "t%zu", i);
        add_node(file, "Sigmoid", "map", name);
        Onnx__NodeProto *reshape = add_node(file, "Reshape", name, out);
        APPEND(reshape, input, text("shape"));
    }
}

/* The picture itself as the output, which is no head's. */
static void add_picture(Onnx__ModelProto *file) {
    add_node(file, "Identity", "images", "out");
}

/* The picture in the shape of boxes of 2 classes, which is computed from constants. */
static void add_boxes(Onnx__ModelProto *file) {
    add_integers(file, "one", (const int64_t[]){1, 1, 1}, 3);
    add_integers(file, "rest", (const int64_t[]){0, 5, -2}, 3);
    combine(file, "Add", "one rest", "boxes");
    combine(file, "Reshape", "images boxes", "out");
}

static void limits_the_search_for_the_head(void **state) {
    (void)state;
    Onnx__ModelProto *file = file_start(512, 512);
    add_tails(file, 2000, INT64_C(4) * 512 * 512);
    add_picture(file);
    refuse(file, "no detection head was found: following what its output is made of takes");
    file = file_start(0, 0); /* any size: not searched again at others */
    add_tails(file, 2000, INT64_C(4) * 352 * 416);
    add_picture(file);
    refuse(file, "no detection head was found: following what its output is made of takes");
    file = file_start(512, 512); /* few are no reason */
    add_tails(file, 1, INT64_C(4) * 512 * 512);
    add_picture(file);
    refuse(file, "its output 'out' is (1,3,512,512)");
    file = file_start(0, 0); /* nor those that only the largest size has steps for */
    add_tails(file, 7, INT64_C(4) * 352 * 416);
    add_picture(file);
    refuse(file, "its output 'out' is (1,3,64,64)");
}

/* A tail of boxes is taken as it is where there is too much to search: from a file for pictures of
 * any size at the very size that it will be run at. */
static void takes_tails_unsearched(void **state) {
    (void)state;
    for (int64_t side = 0; side <= 64; side += 64) {
        struct model model;
        Onnx__ModelProto *file = file_start(side, side);
        add_tails(file, 2000, INT64_C(4) * (side == 0 ? 352 * 416 : 64 * 64));
        add_boxes(file);
        if (read_file(file, 64, &model) != STATUS_OK)
            fail_msg("side %zu: %s", (size_t)side, status_message());
        assert_int_equal(model.graph.head.kind, HEAD_FINAL);
        assert_int_equal(model.graph.head.n_classes, 2);
        assert_int_equal(model.graph.fixed_height, 64);
        assert_int_equal(model.graph.fixed_width, 64);
        model_free(&model);
    }
}

/* A network of one size says which, and what helps: another --imgsz only where the size is square.
 */
static void names_the_size(void **state) {
    (void)state;
    static const struct {
        int64_t height, width, imgsz;
        const char *says, *never;
    } cases[] = {
        {64, 64, 96, "64 x 64 and cannot be run at 96: use --imgsz 64, or", "square"},
        {64, 96, 64,
         "height 64 and width 96 alone, and verify's are square: export it again with "
         "imgsz=96 or dynamic=True",
         "use --imgsz"},
        {64, 96, 96, "height 64 and width 96 alone", "use --imgsz"},
        {96, 64, 96, "height 96 and width 64 alone", "use --imgsz"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model model;
        Onnx__ModelProto *file = file_start(cases[i].height, cases[i].width);
        add_tails(file, 2000, 4 * cases[i].height * cases[i].width);
        add_boxes(file);
        assert_int_equal(read_file(file, cases[i].imgsz, &model), STATUS_BAD_INPUT);
        if (!strstr(status_message(), cases[i].says) || strstr(status_message(), cases[i].never))
            fail_msg("case %zu: %s", i, status_message());
    }
}

/* The same by itself, with the steps counted. */
static uint64_t search(size_t n_tails, uint64_t limit) {
    enum { SIDE = 32, CHANNELS = 24 };
    struct graph graph = {0};
    struct shape shapes[80] = {{4, {1, 3, SIDE, SIDE}}, {4, {1, CHANNELS, SIDE, SIDE}}};
    bool known[80] = {true, true}, found;
    size_t index;
    int tensor;
    struct head head;
    uint64_t left = limit;
    assert_true(n_tails < 40);
    for (size_t i = 0; i < 2 + 2 * n_tails; i++)
        assert_int_equal(graph_add_tensor(&graph, "", &tensor), STATUS_OK);
    for (size_t i = 0; i < 2 * n_tails; i++) {
        size_t output = 2 + i;
        assert_int_equal(graph_add_op(&graph, i % 2 ? OP_RESHAPE : OP_UNARY, "", "", &index),
                         STATUS_OK);
        graph.ops[index].n_inputs = 1;
        graph.ops[index].inputs[0] = i % 2 ? (int)output - 1 : 1;
        graph.ops[index].output = (int)output;
        graph.ops[index].activation = ACTIVATION_SIGMOID;
        shapes[output] = i % 2 ? (struct shape){3, {1, INT64_C(4) * SIDE * SIDE, 6}} : shapes[1];
        known[output] = true;
    }
    const struct head_search about = {.graph = &graph,
                                      .prototypes = -1,
                                      .shapes = shapes,
                                      .known = known,
                                      .height = SIDE,
                                      .width = SIDE,
                                      .work_left = &left};
    assert_int_equal(head_find(&about, &head, &found), STATUS_OK);
    assert_false(found);
    graph_free(&graph);
    return limit - left;
}

static void all_tails_share_one_limit(void **state) {
    (void)state;
    const uint64_t plenty = UINT64_MAX, one = search(1, plenty), many = search(30, plenty);
    assert_in_range(one, 24 * 32 * 32, 100 * 24 * 32 * 32); /* some steps for each element */
    assert_in_range(many, 30 * one, 33 * one);
    assert_int_equal(search(30, 3 * one), 3 * one); /* all is spent, no more */
    assert_int_equal(search(1, many), one);
}

/* One BatchNorm after the other, and an output with 2 classes. */
static void add_batch_norms(Onnx__ModelProto *file, const char *first, size_t count) {
    static const char *const parameters[4] = {"scale", "bias", "mean", "variance"};
    const int64_t shape[3] = {1, 6, 2048}, channels = 3;
    char from[32], to[32];
    snprintf(from, sizeof from, "%s", first);
    for (size_t i = 0; i < 4; i++)
        add_floats(file, parameters[i], &channels, 1, 0.5f);
    add_integers(file, "shape", shape, 3);
    for (size_t i = 0; i < count; i++) {
        snprintf(to, sizeof to, "n%zu", i);
        Onnx__NodeProto *norm = add_node(file, "BatchNormalization", from, to);
        for (size_t k = 0; k < 4; k++)
            APPEND(norm, input, text(parameters[k]));
        memcpy(from, to, sizeof from);
    }
    Onnx__NodeProto *reshape = add_node(file, "Reshape", from, "out");
    APPEND(reshape, input, text("shape"));
}

/* A chain of them becomes Mul, Add, Mul, Add …, in their order. */
static void splits_many_batch_norms(void **state) {
    (void)state;
    enum { COUNT = 3000, LAYERS = 6000 };
    struct model model;
    Onnx__ModelProto *file = file_start(64, 64);
    add_batch_norms(file, "images", COUNT);
    if (read_file(file, 64, &model) != STATUS_OK)
        fail_msg("%s", status_message());
    assert_int_equal(model.graph.n_ops, LAYERS + 1);
    int tensor = model.graph.input;
    for (size_t i = 0; i <= LAYERS; i++) {
        const struct op *op = &model.graph.ops[i];
        assert_int_equal(op->inputs[0], tensor);
        assert_int_equal(op->kind, i == LAYERS ? OP_RESHAPE : OP_BINARY);
        if (i < LAYERS)
            assert_int_equal(op->binary, i % 2 ? BINARY_ADD : BINARY_MUL);
        tensor = op->output;
    }
    model_free(&model);
}

/* Has add_batch_norms' rows hold what boxes and scores may be, whatever comes in: 64 and 0.5. */
static void make_plausible(const Onnx__GraphProto *graph) {
    for (size_t i = 0; i < graph->n_initializer; i++) {
        Onnx__TensorProto *tensor = graph->initializer[i];
        for (size_t k = 0; k < tensor->n_float_data; k++)
            if (strcmp(tensor->name, "scale") == 0)
                tensor->float_data[k] = 0.0f;
            else if (strcmp(tensor->name, "bias") == 0)
                tensor->float_data[k] = k < 2 ? 64.0f : 0.5f;
    }
}

/* Each of a chain would go into all the weights of the convolution before it. */
static void limits_folding(void **state) {
    (void)state;
    const int64_t weights[4] = {3, 3, 201, 201}, pads[4] = {100, 100, 100, 100};
    struct model model;
    for (size_t many = 0; many < 2; many++) {
        Onnx__ModelProto *file = file_start(64, 64);
        add_floats(file, "weights", weights, 4, 0.001f);
        Onnx__NodeProto *conv = add_node(file, "Conv", "images", "map");
        APPEND(conv, input, text("weights"));
        add_list(conv, "pads", pads, 4);
        add_batch_norms(file, "map", many ? 2000 : 2);
        make_plausible(file->graph);
        if (many) {
            refuse(file, "take too long to fold");
            continue;
        }
        if (read_file(file, 64, &model) != STATUS_OK)
            fail_msg("%s", status_message());
        assert_int_equal(model.graph.n_ops, 2);
        model_free(&model);
    }
}

/* Names that all begin their search for a slot in the same place. */
static void refuses_colliding_names(void **state) {
    (void)state;
    enum { SLOTS_LOG2 = 10, NAMES = 80 };
    Onnx__ModelProto *file = file_start(64, 64);
    for (size_t i = 0, n = 0; n < NAMES; i++) {
        char name[32];
        uint64_t hash = 14695981039346656037u;
        snprintf(name, sizeof name, "n%zu", i);
        for (const char *c = name; *c != '\0'; c++)
            hash = (hash ^ (unsigned char)*c) * 1099511628211u;
        if (((hash ^ hash >> 32) & ((1 << SLOTS_LOG2) - 1)) != 0)
            continue;
        add_node(file, "Relu", "images", name);
        n++;
    }
    refuse(file, "names that collide");
}

/* Operators copy their node's name: one for each output that is not understood. */
static void cuts_names(void **state) {
    (void)state;
    enum { LENGTH = 65536, OUTPUTS = 16000, KEPT = 1023 };
    char *name = zeroed(LENGTH + 1), output[32];
    memset(name, 'n', LENGTH);
    Onnx__ModelProto *file = file_start(64, 64);
    add_boxes(file);
    Onnx__NodeProto *node = file->graph->node[file->graph->n_node - 1];
    node->name = text(name);
    struct model model;
    struct rusage before, after;
    if (read_file(file, 64, &model) != STATUS_OK)
        fail_msg("%s", status_message());
    assert_int_equal(model.graph.n_ops, 1);
    assert_int_equal(strlen(model.graph.ops[0].name), KEPT);
    assert_memory_equal(model.graph.ops[0].name, name, KEPT);
    model_free(&model);

    file = file_start(64, 64); /* in full, 2 GB more */
    node = add_node(file, "Strange", "images", "out");
    node->name = name;
    free(node->op_type);
    node->op_type = text(name);
    for (size_t i = 0; i < OUTPUTS; i++) {
        snprintf(output, sizeof output, "o%zu", i);
        APPEND(node, output, text(output));
    }
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    refuse(file, "is not supported");
    assert_int_equal(status_reason(), REASON_OPERATOR);
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 500000); /* KiB */
}

static void limits_classes(void **state) {
    (void)state;
    const int64_t shape[3] = {1, 200000, 200001};
    Onnx__ModelProto *file = file_start(8192, 8192);
    const int64_t first[3] = {0, 0, 0}, last[4] = {1, 1, 1, 1}, flat[3] = {1, 1, 1};
    add_integers(file, "starts", first, 3);
    add_integers(file, "ends", last, 3);
    add_integers(file, "flat", flat, 3);
    add_integers(file, "shape", shape, 3);
    add_integers(file, "axes", (const int64_t[]){1, 2, 3}, 3);
    Onnx__NodeProto *slice = add_node(file, "Slice", "images", "pixel");
    APPEND(slice, input, text("starts"));
    APPEND(slice, input, text("ends"));
    APPEND(slice, input, text("axes"));
    Onnx__NodeProto *reshape = add_node(file, "Reshape", "pixel", "row");
    APPEND(reshape, input, text("flat"));
    Onnx__NodeProto *expand = add_node(file, "Expand", "row", "out");
    APPEND(expand, input, text("shape"));
    refuse(file, "classes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_names), /* first: it looks at the most memory taken so far */
        cmocka_unit_test(limits_the_search_for_the_head),
        cmocka_unit_test(takes_tails_unsearched),
        cmocka_unit_test(names_the_size),
        cmocka_unit_test(all_tails_share_one_limit),
        cmocka_unit_test(splits_many_batch_norms),
        cmocka_unit_test(limits_folding),
        cmocka_unit_test(refuses_colliding_names),
        cmocka_unit_test(limits_classes),
    };
    return RUN_TESTS(tests);
}
