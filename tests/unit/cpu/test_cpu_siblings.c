/* Convolutions of one input that share its transform: the same bytes as each by itself, and which
 * ones do. */
#include "cpu_rig.h"

#include "unit.h"

enum { BLOCK = 8, HEIGHT = 70, WIDTH = 84, MOST = 6, THREADS = 3 };

static bool have_kernels(void) {
    return convolutions_of(BLOCK);
}

struct steps {
    size_t families, winograd, copies, n;
    double flop;
};

static void count_step(void *context, const struct cpu_step *step) {
    struct steps *steps = context;
    steps->families += strcmp(step->kind, "winograd of siblings") == 0;
    steps->winograd += strcmp(step->kind, "winograd") == 0;
    steps->copies += strcmp(step->kind, "copy") == 0;
    steps->flop += step->flop;
    steps->n++;
}

/* Both maps of the head, one behind the other; none by our own kernels where `plain`. */
static float *run(const struct graph *graph, bool plain, size_t threads, struct steps *steps,
                  size_t *n) {
    const struct cpu_options options = {
        .threads = threads, .block = BLOCK, .convolutions = convolutions_of(BLOCK), .plain = plain};
    struct cpu_network *network;
    struct head_maps maps;
    float *planes = random_planes(HEIGHT, WIDTH, 7);
    *steps = (struct steps){0};
    ASSERT_OK(cpu_network_make(graph, &options, &network));
    ASSERT_OK(cpu_network_trace(network, HEIGHT, WIDTH, planes, &maps,
                                &(struct cpu_trace){count_step, steps}));
    size_t cells[] = {maps.boxes[0].width * maps.boxes[0].height,
                      maps.scores[0].width * maps.scores[0].height};
    size_t boxes = maps.boxes[0].channels * cells[0], scores = maps.scores[0].channels * cells[1];
    float *first = map_planes(&maps.boxes[0]), *second = map_planes(&maps.scores[0]);
    float *both = realloc(first, (boxes + scores) * sizeof *both);
    assert_non_null(both);
    memcpy(both + boxes, second, scores * sizeof *both);
    *n = boxes + scores;
    free(second);
    cpu_network_free(network);
    free(planes);
    return both;
}

/* The operators of a graph under construction that are to read one map, and views of all of it, one
 * for each. */
struct family {
    struct graph graph;
    int x, views[MOST];
    int64_t channels;
    size_t n, ops[MOST];
};

static struct family family_of(int64_t channels) {
    struct family family = {.graph = net_start(), .channels = channels};
    family.x = stem(&family.graph, channels);
    for (size_t i = 0; i < MOST; i++)
        family.views[i] = slice_channels(&family.graph, family.x, 0, channels);
    return family;
}

static int member(struct family *family, int64_t channels, int64_t stride,
                  enum activation activation) {
    family->ops[family->n++] = family->graph.n_ops;
    return conv_activated(&family->graph, family->x, family->channels, channels, 3, stride,
                          activation);
}

/* Runs the graph with its head, then with every member reading a view of its own, which parts them:
 * the same bytes, and oneDNN's numbers. Frees it. */
static void expect(struct family *family, size_t families, size_t winograd, size_t copies) {
    struct graph *graph = &family->graph;
    struct steps plain;
    size_t n;
    scale_weights(graph);
    float *expected = run(graph, true, 1, &plain, &n);
    for (size_t threads = 1; threads <= THREADS; threads++) {
        struct steps joined, parted;
        float *together = run(graph, false, threads, &joined, &n);
        for (size_t i = 0; i < family->n; i++)
            graph->ops[family->ops[i]].inputs[0] = family->views[i];
        float *apart = run(graph, false, threads, &parted, &n);
        for (size_t i = 0; i < family->n; i++)
            graph->ops[family->ops[i]].inputs[0] = family->x;
        if (memcmp(together, apart, n * sizeof *apart) != 0)
            fail_msg("sharing changes the result, %zu threads", threads);
        assert_close(together, expected, n, 1e-4f);
        free(apart);
        free(together);
        assert_int_equal(parted.families, 0);
        assert_int_equal(joined.families, families);
        assert_int_equal(joined.winograd, winograd);
        assert_int_equal(joined.copies, copies);
        assert_true(joined.flop == parted.flop && joined.flop > 0.0);
    }
    free(expected);
    graph_free(graph);
}

/* The head's maps, whatever their channels and (built in) activations. */
static void heads(void **state) {
    (void)state;
    /* The chunks of the last would differ. */
    static const int64_t cases[][3] = {{8, 8, 8},    {16, 16, 24}, {20, 9, 33}, {9, 33, 10},
                                       {64, 64, 80}, {24, 8, 40},  {8, 8, 128}};
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct family family = family_of(cases[i][0]);
        int boxes = member(&family, cases[i][1], 1, ACTIVATION_SILU);
        int scores = member(&family, cases[i][2], 1, i % 2 ? ACTIVATION_RELU : ACTIVATION_SILU);
        net_head(&family.graph, boxes, scores);
        expect(&family, 1, 0, 0);
    }
}

/* Their outputs are parts of concatenations, as others' are. */
static void concatenated(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    struct family family = family_of(16);
    int a = member(&family, 16, 1, ACTIVATION_SILU), b = member(&family, 24, 1, ACTIVATION_NONE);
    int c = member(&family, 8, 1, ACTIVATION_LEAKY_RELU);
    int between = conv_activated(&family.graph, a, 16, 16, 3, 1, ACTIVATION_SILU);
    int first = CONCAT(&family.graph, c, between), second = CONCAT(&family.graph, b, a);
    net_head(&family.graph, first, second);
    expect(&family, 1, 1, 0);
}

/* One that is used much later: its map must not be written over. */
static void used_late(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    struct family family = family_of(32);
    int x = member(&family, 32, 1, ACTIVATION_SILU);
    for (int i = 0; i < 5; i++)
        x = conv_activated(&family.graph, x, 32, 32, 3, 1, ACTIVATION_SILU);
    int late = member(&family, 40, 1, ACTIVATION_SILU);
    int y = conv_activated(&family.graph, late, 40, 24, 1, 1, ACTIVATION_SILU);
    net_head(&family.graph, x, y);
    expect(&family, 1, 5, 0);
}

/* Siblings of siblings; more than are done at a time; of stride 2. */
static void many(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    struct family family = family_of(12);
    int parts[MOST];
    for (int64_t i = 0; i < MOST; i++)
        parts[i] = member(&family, 8 * (1 + i % 3), 1, ACTIVATION_SILU);
    for (size_t i = 0; i < 2; i++)
        parts[i] = conv_activated(&family.graph, parts[5], 24, 8, 3, 1, ACTIVATION_SILU);
    int y = concat(&family.graph, 1, MOST, parts);
    net_head(&family.graph, y, parts[0]);
    struct steps steps;
    size_t n;
    free(run(&family.graph, false, 1, &steps, &n));
    assert_int_equal(steps.families, 3); /* of 4, 2 and 2 */
    assert_int_equal(steps.winograd, 0);
    graph_free(&family.graph);
    for (int64_t stride = 1; stride <= 2; stride++) {
        family = family_of(32);
        for (size_t i = 0; i < 4; i++)
            parts[i] = member(&family, 32, stride, ACTIVATION_SILU);
        net_head(&family.graph, concat(&family.graph, 1, 4, parts), parts[2]);
        expect(&family, 1, 0, 0);
    }
}

/* What cannot share: another stride, an activation that the kernels lack, a residual that is yet to
 * be computed, other windows. */
static void left_alone(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    struct family family = family_of(32);
    int a = member(&family, 32, 1, ACTIVATION_SILU), b = member(&family, 40, 2, ACTIVATION_SILU);
    net_head(&family.graph, a, b);
    expect(&family, 0, 2, 0);

    family = family_of(32);
    a = member(&family, 32, 1, ACTIVATION_SILU);
    b = member(&family, 40, 1, ACTIVATION_HARD_SIGMOID);
    net_head(&family.graph, a, b);
    expect(&family, 0, 2, 0);

    family = family_of(32);
    a = member(&family, 32, 1, ACTIVATION_SILU);
    b = member(&family, 32, 1, ACTIVATION_SILU);
    net_last(&family.graph)->inputs[net_last(&family.graph)->n_inputs++] = a;
    net_head(&family.graph, a, b);
    expect(&family, 0, 2, 0);

    family = family_of(32);
    a = member(&family, 32, 1, ACTIVATION_SILU);
    b = conv_activated(&family.graph, family.x, 32, 40, 1, 1, ACTIVATION_SILU);
    int c = member(&family, 32, 1, ACTIVATION_SILU);
    net_last(&family.graph)->window.pad[0] = 2;
    net_last(&family.graph)->window.pad[2] = 0;
    net_head(&family.graph, CONCAT(&family.graph, a, b), c);
    expect(&family, 0, 1, 0);
}

/* The first is done at its own place, so it may have what its siblings may not. */
static void first_of_all(void **state) {
    (void)state;
    if (!have_kernels())
        SKIP("this CPU has none of these kernels");
    for (int built_in = 0; built_in < 2; built_in++) {
        struct family family = family_of(32);
        int before = conv_activated(&family.graph, family.x, 32, 40, 1, 1, ACTIVATION_SILU);
        int a = member(&family, 40, 1, built_in ? ACTIVATION_SILU : ACTIVATION_HARD_SIGMOID);
        net_last(&family.graph)->inputs[net_last(&family.graph)->n_inputs++] = before;
        int b = member(&family, 13, 1, ACTIVATION_SILU);
        net_head(&family.graph, a, b);
        expect(&family, 1, 0, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads), cmocka_unit_test(concatenated), cmocka_unit_test(used_late),
        cmocka_unit_test(many),  cmocka_unit_test(left_alone),   cmocka_unit_test(first_of_all),
    };
    return RUN_TESTS(tests);
}
