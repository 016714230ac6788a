/* Pointwise convolutions of concatenations with upsampled maps: the upsampling is put off where
 * that is possible, and the result is graph_evaluate's either way. */
#include "cpu_rig.h"

#include "unit.h"

static int resize(struct graph *graph, int x, float scale) {
    int y = net_op(graph, OP_RESIZE, x, -1);
    net_last(graph)->scale[0] = net_last(graph)->scale[1] = scale;
    return y;
}

static void count_resizes(void *context, const struct cpu_step *step) {
    *(size_t *)context += strcmp(step->kind, "resize") == 0;
}

static size_t resizes_of(const struct graph *graph, size_t block, size_t height, size_t width) {
    struct cpu_network *network;
    struct head_maps maps;
    size_t resizes = 0;
    float *planes = random_planes(height, width, 3);
    const struct cpu_options options = {
        .threads = 1, .block = block, .convolutions = convolutions_of(block)};
    ASSERT_OK(cpu_network_make(graph, &options, &network));
    ASSERT_OK(cpu_network_trace(network, height, width, planes, &maps,
                                &(struct cpu_trace){count_resizes, &resizes}));
    cpu_network_free(network);
    free(planes);
    return resizes;
}

/* Checks and frees a graph that ends in a map, and that so many maps are upsampled in it in blocks
 * of 8 and of 16. */
static void check_resizes(struct graph *graph, int result, size_t height, size_t width,
                          size_t expected8, size_t expected16) {
    net_head(graph, result, result);
    if (convolutions_of(8))
        assert_int_equal(resizes_of(graph, 8, height, width), expected8);
    if (convolutions_of(16))
        assert_int_equal(resizes_of(graph, 16, height, width), expected16);
    check_head(graph, height, width);
}

/* Channels of up to three parts of a concatenation; those below zero are upsampled. */
struct parts {
    int64_t channels[3];
    size_t resizes[2]; /* in blocks of 8 and of 16 */
};

/* conv(concat(parts)), 10x14 from an input of 20x28. */
static int join(struct graph *graph, const struct parts *parts, int64_t to,
                enum activation activation) {
    int inputs[3];
    int64_t sum = 0;
    size_t n = 0;
    for (; n < 3 && parts->channels[n]; n++) {
        int64_t channels = parts->channels[n];
        int full = stem(graph, channels < 0 ? -channels : channels);
        inputs[n] = full;
        if (channels < 0)
            inputs[n] = resize(
                graph, conv_activated(graph, full, -channels, -channels, 3, 2, ACTIVATION_SILU),
                2.0f);
        sum += channels < 0 ? -channels : channels;
    }
    return conv_activated(graph, concat(graph, 1, n, inputs), sum, to, 1, 1, activation);
}

static void places(void **state) {
    (void)state;
    static const struct parts cases[] = {
        {{-16, 8}, {0, 0}},     {{8, -16}, {0, 1}},    {{8, -13}, {0, 1}},
        {{8, 8, -16}, {0, 0}},  {{-16, 5}, {0, 0}},    {{-8, 8, 3}, {0, 1}},
        {{-32, 8}, {0, 0}},     {{8, -16, 8}, {1, 1}}, {{-13, 8}, {1, 1}},
        {{5, -8}, {1, 1}},      {{-16}, {1, 1}},       {{-16, -8}, {1, 1}},
        {{-8, 16, -8}, {1, 2}}, {{-136, 144}, {0, 1}}, {{140, 4, -8}, {0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int64_t to = 8; to <= 29; to += 21) {
            struct graph graph = net_start();
            int y = join(&graph, &cases[i], to, ACTIVATION_SILU);
            check_resizes(&graph, y, 20, 28, cases[i].resizes[0], cases[i].resizes[1]);
        }
}

/* What follows the sums, and maps that are as small as they can be. */
static void endings(void **state) {
    (void)state;
    static const enum activation activations[] = {ACTIVATION_NONE, ACTIVATION_HARD_SIGMOID,
                                                  ACTIVATION_LEAKY_RELU};
    const struct parts parts = {{-16, 8}, {0, 0}};
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        for (int residual = 0; residual < 2; residual++) {
            struct graph graph = net_start();
            int added = stem(&graph, 11), y = join(&graph, &parts, 11, activations[i]);
            if (residual) {
                net_last(&graph)->inputs[3] = added;
                net_last(&graph)->n_inputs = 4;
            }
            check_resizes(&graph, y, 20, 28, 0, 0);
        }
    struct graph graph = net_start();
    int y = join(&graph, &parts, 11, ACTIVATION_SILU);
    check_resizes(&graph, y, 4, 4, 0, 0);
}

/* Where the upsampled map, or the concatenation, is needed itself. */
static void needed(void **state) {
    (void)state;
    for (int which = 0; which < 5; which++) {
        struct graph graph = net_start();
        int small = conv_activated(&graph, stem(&graph, 16), 16, 16, 3, 2, ACTIVATION_SILU);
        int up = resize(&graph, small, 2.0f), whole = CONCAT(&graph, up, stem(&graph, 8));
        int64_t kernel = which == 0 ? 3 : 1;
        int y = conv_activated(&graph, whole, 24, 16, kernel, 1, ACTIVATION_SILU);
        if (which == 1)
            y = net_binary(&graph, BINARY_ADD, y, up);
        if (which == 2)
            y = CONCAT(&graph, y, whole);
        if (which == 3) { /* another size: one of its cells is sixteen */
            int tiny = conv_activated(&graph, small, 16, 16, 3, 2, ACTIVATION_SILU);
            whole = CONCAT(&graph, resize(&graph, tiny, 4.0f), y);
            y = conv_activated(&graph, whole, 32, 8, 1, 1, ACTIVATION_SILU);
            check_resizes(&graph, y, 40, 56, 1, 1);
            continue;
        }
        if (which == 4) { /* the head's own map */
            net_head(&graph, whole, whole);
            check_head(&graph, 20, 28);
            continue;
        }
        check_resizes(&graph, y, 20, 28, 1, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(endings),
        cmocka_unit_test(needed),
    };
    return RUN_TESTS(tests);
}
