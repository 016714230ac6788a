/* Depthwise convolutions against graph_evaluate: windows that reach beyond the map on every side,
 * rows and channels that fill neither groups nor blocks, what comes behind the sum. */
#include "cpu_rig.h"

#include "unit.h"

static int depthwise(struct graph *graph, int x, int64_t channels, int64_t kernel, int64_t stride) {
    int y = net_conv(graph, x, 1, channels, kernel, stride, true);
    net_last(graph)->window.group = channels;
    return y;
}

static void windows(void **state) {
    (void)state;
    const int64_t channels[] = {4, 8, 16, 20, 33};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (int64_t kernel = 1; kernel <= 7; kernel += 2)
            for (int64_t stride = 1; stride <= 2; stride++) {
                struct graph graph = net_start();
                int x = stem(&graph, channels[i]);
                check(&graph, depthwise(&graph, x, channels[i], kernel, stride), 18, 38);
            }
}

/* Maps smaller than the window, and so small that a row is one group or less. */
static void small_maps(void **state) {
    (void)state;
    for (size_t width = 2; width <= 22; width += 2) {
        struct graph graph = net_start();
        int x = stem(&graph, 16);
        check(&graph, depthwise(&graph, x, 16, 7, 1), 4, width);
    }
}

static void geometry(void **state) {
    (void)state;
    /* Padding above, on the left, below, on the right; dilation; stride. */
    const int64_t cases[][8] = {{0, 0, 0, 0, 1, 1, 1, 1},
                                {2, 0, 0, 3, 1, 1, 1, 2},
                                {0, 2, 3, 1, 2, 3, 2, 1},
                                {4, 5, 4, 5, 1, 1, 3, 4},
                                {6, 6, 6, 6, 3, 3, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct graph graph = net_start();
        int y = depthwise(&graph, stem(&graph, 20), 20, 3, 1);
        struct window *window = &net_last(&graph)->window;
        memcpy(window->pad, cases[i], sizeof window->pad);
        memcpy(window->dilation, cases[i] + 4, sizeof window->dilation);
        memcpy(window->stride, cases[i] + 6, sizeof window->stride);
        check(&graph, y, 30, 40);
    }
}

static void endings(void **state) {
    (void)state;
    for (int kind = ACTIVATION_NONE; kind <= ACTIVATION_SOFTPLUS; kind++)
        for (int residual = 0; residual < 2; residual++) {
            struct graph graph = net_start();
            int x = stem(&graph, 20);
            int y = depthwise(&graph, x, 20, 3, 1);
            struct op *op = net_last(&graph);
            op->activation = (enum activation)kind;
            op->alpha = 0.1f;
            op->beta = 0.5f;
            if (residual)
                op->inputs[op->n_inputs++] = x;
            check(&graph, y, 18, 38);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows),
        cmocka_unit_test(small_maps),
        cmocka_unit_test(geometry),
        cmocka_unit_test(endings),
    };
    return RUN_TESTS(tests);
}
