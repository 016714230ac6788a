/* Networks made as YOLO's are: yolov5, yolov8 and yolo11 of any width and depth, for their shapes;
 * what makes boxes of the heads' maps is left out. */
#ifndef VERIFY_TEST_YOLO_NETS_H
#define VERIFY_TEST_YOLO_NETS_H

#include "cuda_network_rig.h"

enum yolo_family { YOLO_V5, YOLO_V8, YOLO_11 };

struct yolo {
    enum yolo_family family;
    int64_t width;   /* channels behind the stem */
    int64_t repeats; /* of bottlenecks where the family's smallest network has one */
    int64_t most;    /* channels of any map */
};

enum { YOLO_CLASSES = 80, YOLO_LEVELS = 3 };

static inline int64_t yolo_channels(const struct yolo *yolo, int64_t times) {
    int64_t channels = yolo->width * times;
    return channels < yolo->most ? channels : yolo->most;
}

/* Two convolutions, and their input added: kernels first and second, `hidden` channels between. */
static inline int yolo_bottleneck(struct graph *graph, int x, int64_t channels, int64_t hidden,
                                  int64_t first, bool add) {
    int y = conv_silu(graph, x, channels, hidden, first, 1);
    y = conv_silu(graph, y, hidden, channels, 3, 1);
    if (add)
        set_residual(graph, x);
    return y;
}

static inline int yolo_c3(struct graph *graph, int x, int64_t from, int64_t to, int64_t n,
                          int64_t first, bool add) {
    int64_t half = to / 2;
    int a = conv_silu(graph, x, from, half, 1, 1);
    for (int64_t i = 0; i < n; i++)
        a = yolo_bottleneck(graph, a, half, half, first, add);
    int b = conv_silu(graph, x, from, half, 1, 1);
    return conv_silu(graph, CONCAT(graph, a, b), 2 * half, to, 1, 1);
}

/* Of yolo11's deep ones, a C3 stands in the place of each bottleneck. */
struct yolo_block {
    int64_t from, to, n; /* channels in and out, bottlenecks */
    bool backbone, deep;
};

static inline int yolo_c2f(struct graph *graph, const struct yolo *yolo, int x,
                           const struct yolo_block *block) {
    bool v11 = yolo->family == YOLO_11;
    bool add = block->backbone || v11;
    int64_t half =
        v11 && !block->deep && block->from == block->to / 2 ? block->to / 4 : block->to / 2;
    int64_t n = v11 ? yolo->repeats : block->n;
    int parts[16];
    size_t n_parts = 2;
    x = conv_silu(graph, x, block->from, 2 * half, 1, 1);
    parts[0] = slice(graph, x, 1, 0, half, 1);
    parts[1] = slice(graph, x, 1, half, INT64_MAX, 1);
    for (int64_t i = 0; i < n; i++, n_parts++) {
        int last = parts[n_parts - 1];
        parts[n_parts] = v11 && block->deep
                             ? yolo_c3(graph, last, half, half, 2, 3, add)
                             : yolo_bottleneck(graph, last, half, v11 ? half / 2 : half, 3, add);
    }
    return conv_silu(graph, concat(graph, n_parts, parts), (int64_t)n_parts * half, block->to, 1,
                     1);
}

static inline int yolo_stage(struct graph *graph, const struct yolo *yolo, int x,
                             const struct yolo_block *block) {
    if (yolo->family == YOLO_V5)
        return yolo_c3(graph, x, block->from, block->to, block->n, 1, block->backbone);
    return yolo_c2f(graph, yolo, x, block);
}

static inline int yolo_sppf(struct graph *graph, int x, int64_t channels) {
    int a = conv_silu(graph, x, channels, channels / 2, 1, 1);
    int b = pool(graph, OP_MAX_POOL, a, 5, 1, 2), c = pool(graph, OP_MAX_POOL, b, 5, 1, 2);
    int d = pool(graph, OP_MAX_POOL, c, 5, 1, 2);
    return conv_silu(graph, CONCAT(graph, a, b, c, d), 2 * channels, channels, 1, 1);
}

/* yolo11's block with attention, whose own arithmetic is no convolution and left out. */
static inline int yolo_c2psa(struct graph *graph, int x, int64_t channels) {
    int64_t half = channels / 2;
    x = conv_silu(graph, x, channels, channels, 1, 1);
    int a = slice(graph, x, 1, 0, half, 1), b = slice(graph, x, 1, half, INT64_MAX, 1);
    int y = net_conv(graph, b, half, 2 * half, 1, 1, true);
    y = net_conv(graph, slice(graph, y, 1, 0, half, 1), half, half, 1, 1, true);
    set_residual(graph, b);
    int z = net_conv(graph, conv_silu(graph, y, half, 2 * half, 1, 1), 2 * half, half, 1, 1, true);
    set_residual(graph, y);
    return conv_silu(graph, CONCAT(graph, a, z), channels, channels, 1, 1);
}

static inline int yolo_up(struct graph *graph, int x) {
    int y = net_op(graph, OP_RESIZE, x, -1);
    net_last(graph)->scale[0] = net_last(graph)->scale[1] = 2.0f;
    return y;
}

static inline int yolo_scores(struct graph *graph, const struct yolo *yolo, int x, int64_t channels,
                              int64_t hidden) {
    for (int i = 0; i < 2; i++) {
        int64_t from = i ? hidden : channels;
        if (yolo->family == YOLO_11) {
            x = conv_silu(graph, x, from, from, 3, 1);
            set_group(graph, from, from, from, 3);
        }
        x = conv_silu(graph, x, from, hidden, yolo->family == YOLO_11 ? 1 : 3, 1);
    }
    return net_conv(graph, x, hidden, YOLO_CLASSES, 1, 1, true);
}

static inline void yolo_detect(struct graph *graph, const struct yolo *yolo,
                               const int x[YOLO_LEVELS], const int64_t channels[YOLO_LEVELS]) {
    int64_t boxes = channels[0] / 4 > 64 ? channels[0] / 4 : 64;
    int64_t scores = channels[0] > YOLO_CLASSES ? channels[0] : YOLO_CLASSES;
    graph->head.kind = HEAD_DISTANCE;
    graph->head.n_levels = YOLO_LEVELS;
    for (size_t i = 0; i < YOLO_LEVELS; i++) {
        struct head_level *level = &graph->head.levels[i];
        if (yolo->family == YOLO_V5) {
            level->boxes = level->scores =
                net_conv(graph, x[i], channels[i], 3 * (5 + YOLO_CLASSES), 1, 1, true);
            continue;
        }
        int y = conv_silu(graph, x[i], channels[i], boxes, 3, 1);
        y = conv_silu(graph, y, boxes, boxes, 3, 1);
        level->boxes = net_conv(graph, y, boxes, 64, 1, 1, true);
        level->scores = yolo_scores(graph, yolo, x[i], channels[i], scores);
    }
}

static inline struct graph yolo_make(const struct yolo *yolo) {
    struct graph graph = net_start();
    int64_t c[5], n = yolo->repeats;
    int maps[5];
    bool v5 = yolo->family == YOLO_V5;
    for (size_t i = 0; i < 5; i++)
        c[i] = yolo_channels(yolo, 1 << i);
    int x = conv_silu(&graph, graph.input, 3, c[0], v5 ? 6 : 3, 2);
    if (v5)
        for (size_t i = 0; i < 4; i++)
            net_last(&graph)->window.pad[i] = 2;
    for (size_t i = 1; i < 5; i++) {
        int64_t repeats = i == 1 || (i == 4 && !v5) ? n : i == 3 && v5 ? 3 * n : 2 * n;
        x = conv_silu(&graph, x, c[i - 1], c[i], 3, 2);
        x = yolo_stage(&graph, yolo, x, &(struct yolo_block){c[i], c[i], repeats, true, i > 2});
        maps[i] = x;
    }
    x = yolo_sppf(&graph, x, c[4]);
    if (yolo->family == YOLO_11)
        x = yolo_c2psa(&graph, x, c[4]);
    int top = x;
    x = yolo_stage(&graph, yolo, CONCAT(&graph, yolo_up(&graph, x), maps[3]),
                   &(struct yolo_block){c[4] + c[3], c[3], n, false, false});
    int middle = x;
    int found[YOLO_LEVELS];
    found[0] = yolo_stage(&graph, yolo, CONCAT(&graph, yolo_up(&graph, x), maps[2]),
                          &(struct yolo_block){c[3] + c[2], c[2], n, false, false});
    x = conv_silu(&graph, found[0], c[2], c[2], 3, 2);
    found[1] = yolo_stage(&graph, yolo, CONCAT(&graph, x, middle),
                          &(struct yolo_block){c[2] + c[3], c[3], n, false, false});
    x = conv_silu(&graph, found[1], c[3], c[3], 3, 2);
    found[2] = yolo_stage(&graph, yolo, CONCAT(&graph, x, top),
                          &(struct yolo_block){c[3] + c[4], c[4], n, false, true});
    yolo_detect(&graph, yolo, found, &c[2]);
    return graph;
}

#endif
