/* Darknet models: what each layer computes, the head, the files beside the .cfg. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "darknet_files.h"
#include "graph_evaluate.h"
#include "judge/anchors.h"
#include "unit.h"

/* A feature map; the functions below compute one by Darknet's definition, plainly. */
struct map {
    int c, h, w;
    float *v; /* (c,h,w) */
};

static struct map map_make(int c, int h, int w) {
    struct map map = {c, h, w, calloc((size_t)(c * h * w), sizeof(float))};
    assert_non_null(map.v);
    return map;
}

static float map_at(const struct map *map, int c, int y, int x, float outside) {
    bool inside = y >= 0 && x >= 0 && y < map->h && x < map->w;
    return inside ? map->v[(c * map->h + y) * map->w + x] : outside;
}

enum act { LINEAR, LEAKY, MISH, LOGISTIC, RELU, SWISH };
static float act(enum act act, double x) {
    switch (act) {
    case LINEAR:
        return (float)x;
    case LEAKY:
        return (float)(x > 0 ? x : 0.1 * x);
    case MISH:
        return (float)(x * tanh(log1p(exp(x))));
    case LOGISTIC:
        return (float)(1 / (1 + exp(-x)));
    case RELU:
        return (float)(x > 0 ? x : 0);
    case SWISH:
        return (float)(x / (1 + exp(-x)));
    }
    return NAN;
}

struct kernels {
    int filters, size, stride, groups, dilation;
};
/* Appends its weights to the file, in the order in which Darknet saves them. */
static struct map conv(struct weights *file, struct map in, struct kernels kernels, bool norm,
                       enum act activation) {
    int filters = kernels.filters, size = kernels.size, stride = kernels.stride;
    int groups = kernels.groups, dilation = kernels.dilation, n = filters;
    float *bias = weights_floats(file, n, -1, 2), *scale = NULL, *mean = NULL, *variance = NULL;
    if (norm) {
        scale = weights_floats(file, n, 0.5f, 1);
        mean = weights_floats(file, n, -1, 2);
        variance = weights_floats(file, n, 0.001f, 1); /* small: what is added to it counts */
    }
    int per_group = in.c / groups, pad = size / 2 * dilation;
    float *weights = weights_floats(file, n * (size_t)(per_group * size * size), -0.5f, 1);
    struct map out = map_make(filters, (in.h + 2 * pad - dilation * (size - 1) - 1) / stride + 1,
                              (in.w + 2 * pad - dilation * (size - 1) - 1) / stride + 1);
    float *to = out.v;
    for (int f = 0; f < filters; f++)
        for (int y = 0; y < out.h; y++)
            for (int x = 0; x < out.w; x++) {
                double sum = 0;
                for (int i = 0; i < per_group * size * size; i++) {
                    int channel = f / (filters / groups) * per_group + i / size / size;
                    sum +=
                        (double)weights[f * per_group * size * size + i] *
                        (double)map_at(&in, channel, y * stride - pad + i / size % size * dilation,
                                       x * stride - pad + i % size * dilation, 0);
                }
                if (norm)
                    sum = (double)scale[f] * (sum - (double)mean[f]) /
                          sqrt((double)variance[f] + 1e-5);
                *to++ = act(activation, sum + (double)bias[f]);
            }
    return out;
}

static struct map pool(struct map in, int size, int stride, int padding) {
    struct map out =
        map_make(in.c, (in.h + padding - size) / stride + 1, (in.w + padding - size) / stride + 1);
    float *to = out.v;
    for (int c = 0; c < in.c; c++)
        for (int y = 0; y < out.h; y++)
            for (int x = 0; x < out.w; x++, to++) {
                *to = -FLT_MAX;
                for (int i = 0; i < size * size; i++)
                    *to = fmaxf(*to, map_at(&in, c, y * stride - padding / 2 + i / size,
                                            x * stride - padding / 2 + i % size, -FLT_MAX));
            }
    return out;
}

static struct map upsample(struct map in, int stride) {
    struct map out = map_make(in.c, in.h * stride, in.w * stride);
    float *to = out.v;
    for (int c = 0; c < in.c; c++)
        for (int y = 0; y < out.h; y++)
            for (int x = 0; x < out.w; x++)
                *to++ = map_at(&in, c, y / stride, x / stride, 0);
    return out;
}

static struct map part(struct map in, int groups, int group) {
    int cells = in.h * in.w, channels = in.c / groups;
    struct map out = map_make(channels, in.h, in.w);
    memcpy(out.v, in.v + group * channels * cells, (size_t)(channels * cells) * sizeof(float));
    return out;
}

static struct map beside(struct map a, struct map b) {
    assert_true(a.h == b.h && a.w == b.w);
    struct map out = map_make(a.c + b.c, a.h, a.w);
    memcpy(out.v, a.v, (size_t)(a.c * a.h * a.w) * sizeof(float));
    memcpy(out.v + a.c * a.h * a.w, b.v, (size_t)(b.c * b.h * b.w) * sizeof(float));
    return out;
}

static struct map add(struct map a, struct map b, enum act activation) {
    assert_true(a.c == b.c && a.h == b.h && a.w == b.w);
    struct map out = map_make(a.c, a.h, a.w);
    for (int i = 0; i < a.c * a.h * a.w; i++)
        out.v[i] = act(activation, (double)a.v[i] + (double)b.v[i]);
    return out;
}

static struct map picture(int side) {
    struct map map = map_make(3, side, side);
    for (int i = 0; i < 3 * side * side; i++)
        map.v[i] = (float)((i * 7919) % 1009) / 1009;
    return map;
}

/* Compares what the graph computes with what was computed here. */
static void assert_tensor(const struct graph *graph, struct map input, int tensor,
                          struct map expected) {
    float *out;
    if (graph_evaluate(graph, input.h, input.w, input.v, &tensor, 1, &out) != STATUS_OK)
        fail_msg("%s", status_message());
    for (int i = 0; i < expected.c * expected.h * expected.w; i++)
        if (!(fabsf(out[i] - expected.v[i]) <= 2e-5f * fmaxf(1, fabsf(expected.v[i]))))
            fail_msg("element %d of '%s' is %.9g; %.9g is expected", i, graph->tensors[tensor].name,
                     (double)out[i], (double)expected.v[i]);
    free(out);
}

static void test_layers(void **state) {
    const char cfg[] =
        "# a comment\n" NET "[convolutional]\n  filters = 8 # another\nsize=3\nstride=2\npad=1\n"
        "batch_normalize=1\nactivation=leaky\r\n" /* 0 */
        "[maxpool]\nsize=2\nstride=2\n"           /* 1 */
        "[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\nstride=1\n"
        "pad=1\ngroups=4\nactivation=mish\n; and one more\n" /* 2 */
        "[route]\nlayers=-1\ngroups=2\ngroup_id=1\n"         /* 3 */
        "[convolutional]\nfilters=4\nsize=3\npad=1\ndilation=2\n"
        "activation=swish\n"                                                 /* 4 */
        "[maxpool]\nsize=5\nstride=1\n"                                      /* 5 */
        "[shortcut]\nfrom=-3\nactivation=relu\n"                             /* 6 */
        "[dropout]\nprobability=.5\n"                                        /* 7 */
        "[route]\nlayers = -1, 2\n"                                          /* 8 */
        "[convolutional]\nfilters=7\nsize=1\npad=1\nactivation=linear\n"     /* 9 */
        YOLO                                                                 /* 10 */
        "[route]\nlayers=-3\n"                                               /* 11 */
        "[upsample]\nstride=2\n"                                             /* 12 */
        "[convolutional]\nfilters=7\nsize=3\npadding=1\nactivation=linear\n" /* 13 */
        YOLO;
    struct map input = picture(64), m[14];
    struct weights weights;
    struct model model;
    weights_header(&weights, 0, 2, true);
    m[0] = conv(&weights, input, (struct kernels){8, 3, 2, 1, 1}, true, LEAKY);
    m[1] = pool(m[0], 2, 2, 1);
    m[2] = conv(&weights, m[1], (struct kernels){8, 3, 1, 4, 1}, true, MISH);
    m[3] = part(m[2], 2, 1);
    m[4] = conv(&weights, m[3], (struct kernels){4, 3, 1, 1, 2}, false, SWISH);
    m[5] = pool(m[4], 5, 1, 4);
    m[6] = add(m[5], m[3], RELU);
    m[8] = beside(m[6], m[2]);
    m[9] = conv(&weights, m[8], (struct kernels){7, 1, 1, 1, 1}, false, LINEAR);
    m[12] = upsample(m[8], 2);
    m[13] = conv(&weights, m[12], (struct kernels){7, 3, 1, 1, 1}, false, LINEAR);
    if (darknet_load(*state, cfg, &weights, &model) != STATUS_OK)
        fail_msg("%s", status_message());
    assert_int_equal(model.graph.head.n_levels, 2);
    assert_int_equal(model.graph.head.levels[0].stride, 2);
    assert_int_equal(model.graph.head.levels[1].stride, 4);
    assert_tensor(&model.graph, input, model.graph.head.levels[0].boxes, m[13]);
    assert_tensor(&model.graph, input, model.graph.head.levels[1].boxes, m[9]);
    assert_int_equal(model.parameters, 8 * 28 + 8 * 19 + 4 * 37 + 7 * 13 + 7 * 109);
    assert_string_equal(model.format, "Darknet");
    assert_true(model.dynamic && model.stride == 4);
    model_free(&model);
    const int made[] = {0, 1, 2, 3, 4, 5, 6, 8, 9, 12, 13};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        free(m[made[i]].v);
    free(input.v);
}

static void test_pools(void **state) {
    /* size, stride, padding (-1: not said) */
    static const int cases[][3] = {{2, 2, -1}, {2, 1, -1},  {3, 2, -1}, {3, 2, 0}, {3, 1, 1},
                                   {5, 1, -1}, {13, 1, -1}, {4, 3, 5},  {2, 2, 0}, {1, 2, -1}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        const int *c = cases[i / 2], side = i % 2 ? 13 : 16;
        char cfg[512], padding[32] = "";
        struct weights weights;
        struct model model;
        if (c[2] >= 0)
            snprintf(padding, sizeof padding, "padding=%d\n", c[2]);
        snprintf(cfg, sizeof cfg,
                 "[net]\nwidth=%d\nheight=%d\n" MAP "[maxpool]\nsize=%d\nstride=%d\n%s"
                 "[route]\nlayers=0\n" YOLO,
                 side, side, c[0], c[1], padding);
        weights_header(&weights, 0, 2, true);
        struct map input = picture(side);
        struct map map = conv(&weights, input, (struct kernels){7, 1, 1, 1, 1}, false, LINEAR);
        struct map pooled = pool(map, c[0], c[1], c[2] < 0 ? c[0] - 1 : c[2]);
        file_make(below(*state, "p.cfg"), cfg);
        file_make_bytes(below(*state, "p.weights"), weights.bytes, weights.length);
        /* The importer alone leaves what the head does not need. */
        if (darknet_read(below(*state, "p.cfg"), below(*state, "p.weights"), 64, &model))
            fail_msg("%s", status_message());
        assert_string_equal(model.graph.ops[1].type_name, "maxpool");
        assert_tensor(&model.graph, input, model.graph.ops[1].output, pooled);
        model_free(&model);
        free(input.v);
        free(map.v);
        free(pooled.v);
    }
}

/* One convolution of the picture to a map, then the [yolo] section. */
static void load_map(const char *folder, const char *sections, size_t channels,
                     struct weights *weights, struct model *model) {
    weights_header(weights, 0, 2, true);
    weights_floats(weights, channels * 4, -1, 2);
    if (darknet_load(folder, sections, weights, model) != STATUS_OK)
        fail_msg("%s", status_message());
}

static void test_head(void **state) {
    const char cfg[] = NET "[conv]\nfilters=14\nsize=1\nstride=8\nactivation=linear\n"
                           "[yolo]\nmask = 3,1\nanchors = 1,2, 3,4,  5.5,6, 7,8,\nnum=4\n"
                           "classes=2\nscale_x_y=1.05\n";
    struct weights weights;
    struct model model;
    load_map(*state, cfg, 14, &weights, &model);
    const struct head *head = &model.graph.head;
    const struct head_level *level = &head->levels[0];
    assert_int_equal(head->kind, HEAD_ANCHOR);
    assert_true(head->n_levels == 1 && head->n_anchors == 2 && head->n_classes == 2);
    assert_true(level->stride == 8 && level->boxes == level->scores && level->box_channel == 0);
    assert_float_equal(level->scale_xy, 1.05, 1e-6);
    const float expected[2][2] = {{7, 8}, {3, 4}};
    assert_memory_equal(level->anchors, expected, sizeof expected);
    assert_int_equal(model.n_classes, 2);
    assert_string_equal(model.names[1], "class1");
    model_free(&model);
}

/* The sigmoid before new_coords belongs to the head; another reader of the map has it. */
static void test_new_coords(void **state) {
    const char cfg[] =
        NET "[conv]\nfilters=7\nsize=1\nactivation=logistic\n" YOLO "scale_x_y=2.0\nnew_coords=1\n"
            "[route]\nlayers=0\n" MAP YOLO;
    struct map input = picture(64);
    struct weights weights;
    struct model model;
    weights_header(&weights, 0, 2, true);
    struct weights again = weights;
    struct map raw = conv(&again, input, (struct kernels){7, 1, 1, 1, 1}, false, LINEAR);
    struct map shown = conv(&weights, input, (struct kernels){7, 1, 1, 1, 1}, false, LOGISTIC);
    struct map other = conv(&weights, shown, (struct kernels){7, 1, 1, 1, 1}, false, LINEAR);
    if (darknet_load(*state, cfg, &weights, &model) != STATUS_OK)
        fail_msg("%s", status_message());
    const struct head_level *levels = model.graph.head.levels;
    assert_float_equal(levels[0].scale_xy, 0, 0);
    assert_float_equal(levels[1].scale_xy, 1, 0);
    assert_tensor(&model.graph, input, levels[0].boxes, raw);
    assert_tensor(&model.graph, input, levels[1].boxes, other);
    model_free(&model);
    free(input.v);
    free(raw.v);
    free(shown.v);
    free(other.v);
}

/* [yolo] layers of 4 and 2 anchors: three levels of 2. */
static void test_different_numbers_of_anchors(void **state) {
    const char cfg[] =
        NET "[conv]\nfilters=28\nsize=1\nstride=8\nactivation=linear\n"
            "[yolo]\nmask=2,3,4,5\nanchors=1,2,3,4,5,6,7,8,9,10,11,12\nnum=6\nclasses=2\n"
            "[route]\nlayers=0\n"
            "[upsample]\n[conv]\nfilters=14\nsize=1\nactivation=linear\n"
            "[yolo]\nmask=0,1\nanchors=1,2,3,4,5,6,7,8,9,10,11,12\nnum=6\nclasses=2\n";
    struct weights weights;
    struct model model;
    weights_header(&weights, 0, 2, true);
    weights_floats(&weights, 28 * 4 + 14 * 29, -1, 2);
    if (darknet_load(*state, cfg, &weights, &model) != STATUS_OK)
        fail_msg("%s", status_message());
    const struct head *head = &model.graph.head;
    const float first[3] = {1, 5, 9};
    assert_true(head->n_levels == 3 && head->n_anchors == 2);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(head->levels[i].stride, i == 0 ? 4 : 8);
        assert_int_equal(head->levels[i].box_channel, i == 2 ? 14 : 0);
        assert_float_equal(head->levels[i].anchors[0][0], first[i], 0);
    }
    assert_int_equal(head->levels[1].boxes, head->levels[2].boxes);
    model_free(&model);
}

/* The judge's boxes and scores of a 5 x 3 map, against the formula in double precision. */
static void test_boxes(void **state) {
    (void)state;
    enum { W = 5, H = 3, CELLS = W * H, CHANNELS = 7 };
    static float data[2 * CHANNELS * CELLS];
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
        data[i] = (float)(i * 7919 % 613) / 100 - 3;
    data[2 * CELLS] = NAN; /* width of cell 0 */
    data[2 * CELLS + 1] = 1e30f;
    struct head head = {.kind = HEAD_ANCHOR, .n_classes = 2, .n_anchors = 2, .n_levels = 1};
    head.levels[0] =
        (struct head_level){.stride = 16, .anchors = {{10, 20}, {33, 7}}, .scale_xy = 1.2f};
    const struct head_maps maps = {.boxes[0] = {data, 2 * CHANNELS, W, H, 1}};
    const struct letterbox whole = {.gain = 1, .gain_x = 1, .gain_y = 1};
    struct anchors anchors = {0};
    assert_int_equal(anchors_begin(&anchors, &head, &maps, &whole), STATUS_OK);
    for (size_t i = 0; i < 2 * CELLS; i++) {
        size_t plane = i / CELLS, cell = i % CELLS;
        const float *raw = data + plane * CHANNELS * CELLS + cell;
        double t[CHANNELS];
        for (size_t c = 0; c < CHANNELS; c++)
            t[c] = raw[c * CELLS];
        size_t place = anchors_decode(&anchors, anchors.planes[plane].first_tile) * TILE + cell;
        struct box box = anchors_box_at(&anchors, place);
        if (i < 2) {
            assert_true(box.x1 == 0 && box.x2 == 0 && box.y1 == 0 && box.y2 == 0);
            continue;
        }
        double x = (1.2 / (1 + exp(-t[0])) - 0.1 + (double)(cell % W)) * 16;
        double y = (1.2 / (1 + exp(-t[1])) - 0.1 + (double)(cell / W)) * 16;
        double w = exp(t[2]) * (plane ? 33 : 10), h = exp(t[3]) * (plane ? 7 : 20);
        const double expected[4] = {x - w / 2, y - h / 2, x + w / 2, y + h / 2};
        const float corners[4] = {box.x1, box.y1, box.x2, box.y2};
        for (size_t k = 0; k < 4; k++)
            assert_float_equal(corners[k], expected[k], 1e-3);
        for (size_t c = 0; c < 2; c++)
            assert_float_equal(anchors_score_at(&anchors, place, c),
                               1 / (1 + exp(-t[4])) / (1 + exp(-t[5 + c])), 1e-6);
    }
    anchors_free(&anchors);
}

/* A header of 16 bytes before version 0.2, of 20 since. */
static void test_headers(void **state) {
    const int32_t versions[][2] = {{0, 1}, {0, 2}, {0, 5}, {1, 0}};
    for (size_t i = 0; i < 4; i++) {
        struct weights weights;
        struct model model;
        weights_header(&weights, versions[i][0], versions[i][1], i > 0);
        float *floats = weights_floats(&weights, 7 * 4, -1, 2);
        if (darknet_load(*state, NET MAP YOLO, &weights, &model) != STATUS_OK)
            fail_msg("%s", status_message());
        const struct op *op = &model.graph.ops[0];
        assert_memory_equal(model.graph.tensors[op->inputs[2]].data, floats, 7 * sizeof(float));
        assert_memory_equal(model.graph.tensors[op->inputs[1]].data, floats + 7,
                            21 * sizeof(float));
        model_free(&model);
    }
}

static void test_weights(void **state) {
    struct weights weights, other;
    struct model model;
    weights_header(&weights, 0, 2, true);
    float *floats = weights_floats(&weights, 28, -1, 2);
    const char *cfg = NET MAP YOLO;
    assert_refused(darknet_load(*state, cfg, NULL, &model), "--weights FILE");
    for (size_t length = 0; length < weights.length; length++) {
        other = weights;
        other.length = length;
        assert_refused(darknet_load(*state, cfg, &other, &model),
                       length < 20 ? "m.weights: is too short" : "needs 132: it is cut short");
    }
    assert_non_null(strstr(status_message(), "has 131 bytes"));
    other = weights;
    weights_put(&other, "", 1);
    assert_refused(darknet_load(*state, cfg, &other, &model),
                   "has 133 bytes, the .cfg needs 132: it is of another .cfg");
    weights_header(&other, 0, 1, false);
    weights_put(&other, floats, 28 * sizeof *floats);
    weights_put(&other, floats, 4); /* as long as with the longer header */
    assert_refused(darknet_load(*state, cfg, &other, &model), "needs 128");
    for (size_t i = 0; i < 4; i++) {
        weights_header(&other,
                       i == 0   ? -1
                       : i == 1 ? INT32_MAX
                                : 0,
                       i == 2   ? INT32_MIN
                       : i == 3 ? INT32_MAX
                                : 0,
                       true);
        assert_refused(darknet_load(*state, cfg, &other, &model), "not a Darknet .weights file");
    }
    floats[27] = NAN;
    assert_refused(darknet_load(*state, cfg, &weights, &model), "line 5, [convolutional]");
    floats[27] = 0;
    floats[0] = INFINITY;
    assert_refused(darknet_load(*state, cfg, &weights, &model), "not finite");
    file_make(below(*state, "m.cfg"), cfg);
    assert_refused(model_read(below(*state, "m.cfg"), below(*state, "none"), 64, &model),
                   "none: cannot be opened: No such file");
    assert_refused(model_read(below(*state, "m.cfg"), *state, 64, &model), "not a regular file");
}

static void test_negative_variance(void **state) {
    struct weights weights;
    struct model model;
    weights_header(&weights, 0, 2, true);
    float *floats = weights_floats(&weights, 7 * 7, 0.5f, 1);
    const char *cfg = NET MAP "batch_normalize=1\n" YOLO;
    assert_int_equal(darknet_load(*state, cfg, &weights, &model), STATUS_OK);
    model_free(&model);
    floats[3 * 7 + 2] = -0.5f;
    assert_refused(darknet_load(*state, cfg, &weights, &model), "negative variance");
}

/* FILE.names beside FILE.cfg. */
static void test_names(void **state) {
    static const struct {
        const char *text, *first, *second; /* first NULL: refused, saying second */
    } cases[] = {
        {"cat\ndog\n", "cat", "dog"},
        {" cat \r\nguide dog\r\n\r\n", "cat", "guide dog"},
        {"cat\n\x1b[31mdog", "cat", "?[31mdog"},
        {"\ndog", "class0", "dog"},
        {"cat\n", NULL, "m.names, beside it, has 1 names, the .cfg has 2 classes"},
        {"cat\ndog\nbird\n", NULL, "has 3 names"},
        {"", NULL, "has 0 names"},
    };
    struct weights weights;
    struct model model;
    weights_header(&weights, 0, 2, true);
    weights_floats(&weights, 28, -1, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file_make(below(*state, "m.names"), cases[i].text);
        enum status status = darknet_load(*state, NET MAP YOLO, &weights, &model);
        if (cases[i].first == NULL) {
            assert_refused(status, cases[i].second);
            continue;
        }
        assert_int_equal(status, STATUS_OK);
        assert_string_equal(model.names[0], cases[i].first);
        assert_string_equal(model.names[1], cases[i].second);
        model_free(&model);
    }
    unlink(below(*state, "m.names"));
    folder_make(below(*state, "m.names"));
    assert_refused(darknet_load(*state, NET MAP YOLO, &weights, &model), "is not a regular file");
}

static int make_folder(void **state) {
    *state = temp_folder_make(NULL);
    return 0;
}

static int remove_folder(void **state) {
    temp_folder_remove(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_layers),
        TEST(test_pools),
        TEST(test_head),
        TEST(test_new_coords),
        TEST(test_different_numbers_of_anchors),
        TEST(test_boxes),
        TEST(test_headers),
        TEST(test_weights),
        TEST(test_negative_variance),
        TEST(test_names),
    };
    return RUN_TESTS(tests);
}
