/* Attention against graph_evaluate, and that it is recognised where it is, and nowhere else. */
#include "cpu_rig.h"

#include "cpu/trace.h"
#include "unit.h"

enum { KEYS = 6, VALUES = 11 };

struct count {
    size_t attention, softmax;
};

static void count_step(void *context, const struct cpu_step *step) {
    struct count *count = context;
    count->attention += strcmp(step->kind, "attention") == 0;
    count->softmax += strcmp(step->kind, "softmax") == 0;
}

/* What is done of a graph whose head is complete, in blocks of 8 channels. */
static struct count count_steps(struct graph *graph, size_t height, size_t width) {
    struct count count = {0};
    struct cpu_network *network;
    struct head_maps maps;
    const struct cpu_options options = {
        .threads = 1, .block = 8, .convolutions = convolutions_of(8)};
    float *planes = random_planes(height, width, 3);
    ASSERT_OK(cpu_network_make(graph, &options, &network));
    ASSERT_OK(cpu_network_trace(network, height, width, planes, &maps,
                                &(struct cpu_trace){count_step, &count}));
    cpu_network_free(network);
    free(planes);
    return count;
}

/* What may be otherwise than in Ultralytics' modules. */
struct kind {
    bool scaled, used_twice, other_axis, turned_values, other_rows;
};

static int rows_of(struct graph *graph, int x, int64_t start, int64_t end) {
    int y = net_op(graph, OP_SLICE, x, -1);
    net_last(graph)->slice[2] = (struct slice_range){start, end, 1};
    return y;
}

static int exchange(struct graph *graph, int x) {
    return transpose(graph, x, 4, (size_t[]){0, 1, 3, 2});
}

/* Of a map with two heads' queries, keys and values one below the other. */
static int attention(struct graph *graph, int x, const struct kind *kind) {
    int64_t rows = 2 * KEYS + VALUES;
    int all = RESHAPE(graph, x, 1, 2, rows, -1);
    int query = rows_of(graph, all, 0, KEYS), key = rows_of(graph, all, KEYS, 2 * KEYS);
    int value = rows_of(graph, all, 2 * KEYS, rows);
    int scores = net_op(graph, OP_MATMUL, exchange(graph, query), key);
    if (kind->scaled) {
        int factor = net_constant(graph, SHAPE(1), 1);
        scores = net_binary(graph, BINARY_MUL, scores, factor);
    }
    int weights = net_op(graph, OP_SOFTMAX, scores, -1);
    net_last(graph)->axis = kind->other_axis ? 2 : 3;
    int turned = kind->other_rows ? weights : exchange(graph, weights);
    int seen = net_op(graph, OP_MATMUL, value, turned);
    if (kind->turned_values)
        seen = exchange(graph, net_op(graph, OP_MATMUL, weights, exchange(graph, value)));
    if (kind->used_twice)
        seen = net_binary(graph, BINARY_ADD, seen, rows_of(graph, weights, 0, VALUES));
    return RESHAPE(graph, seen, 1, 2 * VALUES, -1);
}

static void check_kind(const struct kind *kind, size_t height, size_t width, bool found) {
    for (int turn = 0; turn < 2; turn++) {
        struct graph graph = net_start();
        int y = attention(&graph, stem(&graph, 2 * (2 * KEYS + VALUES)), kind);
        if (turn) {
            check_final(&graph, y, false, height, width);
            continue;
        }
        net_head(&graph, y, y);
        graph.head.kind = HEAD_FINAL;
        struct count count = count_steps(&graph, height, width);
        bool can = convolutions_of(8) != NULL;
        assert_int_equal(count.attention, found && can);
        assert_int_equal(count.softmax + count.attention, kind->other_axis ? 0 : 1);
        graph_free(&graph);
    }
}

static void recognised(void **state) {
    (void)state;
    /* Places: fewer than a tile's lanes, one tile, several and a rest of each length class. */
    const size_t sizes[][2] = {{2, 2}, {4, 10}, {8, 8}, {12, 12}, {18, 26}, {34, 22}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int scaled = 0; scaled < 2; scaled++)
            check_kind(&(struct kind){.scaled = scaled}, sizes[i][0], sizes[i][1], true);
}

static void left_alone(void **state) {
    (void)state;
    check_kind(&(struct kind){.used_twice = true}, 16, 24, false);
    check_kind(&(struct kind){.other_axis = true}, 16, 24, false);
    check_kind(&(struct kind){.other_rows = true}, 16, 24, false);
    check_kind(&(struct kind){.turned_values = true}, 16, 24, false);
}

/* Scores far apart: the weights of all but one are next to nothing. */
static void certain(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = stem(&graph, 2 * (2 * KEYS + VALUES));
    int factor = net_constant(&graph, SHAPE(), 0);
    *(float *)graph.tensors[factor].data = 8.0f;
    x = net_binary(&graph, BINARY_MUL, x, factor);
    check_final(&graph, attention(&graph, x, &(struct kind){0}), false, 16, 24);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recognised),
        cmocka_unit_test(left_alone),
        cmocka_unit_test(certain),
    };
    return RUN_TESTS(tests);
}
