/* Self-attention recognised in the operators that it is exported as. */
#include "cuda_network_rig.h"
#include "unit.h"

enum { HEADS = 2, KEY_DIM = 8, HEAD_DIM = 16, CHANNELS = HEADS * (2 * KEY_DIM + HEAD_DIM) };

/* As in C2PSA: queries scaled, values . weights transposed, and the values as a map for the
 * positional convolution. */
static int attention_by_channels(struct graph *graph, int qkv, int64_t rows, int64_t columns) {
    int split = RESHAPE(graph, qkv, 1, HEADS, CHANNELS / HEADS, rows * columns);
    int query = slice(graph, split, 2, 0, KEY_DIM, 1);
    int key = slice(graph, split, 2, KEY_DIM, 2 * KEY_DIM, 1);
    int value = slice(graph, split, 2, 2 * KEY_DIM, INT64_MAX, 1);
    int scaled = net_binary(graph, BINARY_MUL, query, scalar(graph, 0.25f));
    int scores = net_op(graph, OP_MATMUL, transpose(graph, scaled, 0, 1, 3, 2), key);
    int weights = net_op(graph, OP_SOFTMAX, scores, -1);
    net_last(graph)->axis = 3;
    int result = net_op(graph, OP_MATMUL, value, transpose(graph, weights, 0, 1, 3, 2));
    int map = RESHAPE(graph, result, 1, HEADS * HEAD_DIM, rows, columns);
    int values = RESHAPE(graph, value, 1, HEADS * HEAD_DIM, rows, columns);
    int position = net_conv(graph, values, HEADS * HEAD_DIM, HEADS * HEAD_DIM, 3, 1, true);
    set_group(graph, HEADS * HEAD_DIM, HEADS * HEAD_DIM, HEADS * HEAD_DIM, 3);
    set_residual(graph, map);
    return position;
}

/* Area attention: cells before channels, areas as a batch, scores divided, weights . values. */
static int attention_by_cells(struct graph *graph, int qkv, int64_t rows, int64_t columns,
                              int64_t areas) {
    int64_t run = rows * columns / areas;
    int split = RESHAPE(graph, qkv, 1, 1, CHANNELS, rows * columns);
    int turned = transpose(graph, split, 0, 1, 3, 2);
    int cut = RESHAPE(graph, turned, areas, run, HEADS, CHANNELS / HEADS);
    int heads = transpose(graph, cut, 0, 2, 1, 3);
    int query = slice(graph, heads, 3, 0, KEY_DIM, 1);
    int key = slice(graph, heads, 3, KEY_DIM, 2 * KEY_DIM, 1);
    int value = slice(graph, heads, 3, 2 * KEY_DIM, INT64_MAX, 1);
    int scores = net_op(graph, OP_MATMUL, query, transpose(graph, key, 0, 1, 3, 2));
    int divided = net_binary(graph, BINARY_DIV, scores, scalar(graph, 4.0f));
    int weights = net_op(graph, OP_SOFTMAX, divided, -1);
    net_last(graph)->axis = 3;
    int result = net_op(graph, OP_MATMUL, weights, value);
    int back =
        RESHAPE(graph, transpose(graph, result, 0, 2, 1, 3), 1, rows, columns, HEADS * HEAD_DIM);
    return transpose(graph, back, 0, 3, 1, 2);
}

static void attention(void **state) {
    (void)state;
    struct graph graph = net_start();
    int x = attention_by_channels(&graph, stem(&graph, CHANNELS), 16, 16);
    assert_int_equal(steps_of(&graph, x, STEP_ATTENTION), 1);
    assert_int_equal(steps_of(&graph, x, STEP_GATHER), 1);
    check(&graph, x, 32, 32);
    for (int64_t areas = 1; areas <= 4; areas *= 2) {
        graph = net_start();
        x = attention_by_cells(&graph, stem(&graph, CHANNELS), 8, 12, areas);
        check(&graph, conv_silu(&graph, x, HEADS * HEAD_DIM, 4, 1, 1), 16, 24);
    }
}

/* One head of 8 channels each for query, key and value, from parts in this order. */
static int one_head(struct graph *graph, const int64_t order[3], int64_t softmax_axis,
                    bool transposed) {
    int all = RESHAPE(graph, stem(graph, 24), 1, 3, 8, 256), part[3];
    for (size_t i = 0; i < 3; i++)
        part[i] = slice(graph, all, 1, order[i], order[i] + 1, 1);
    int scores = net_op(graph, OP_MATMUL, transpose(graph, part[0], 0, 1, 3, 2), part[1]);
    int weights = net_op(graph, OP_SOFTMAX, scores, -1);
    net_last(graph)->axis = softmax_axis;
    if (transposed)
        weights = transpose(graph, weights, 0, 1, 3, 2);
    return RESHAPE(graph, net_op(graph, OP_MATMUL, part[2], weights), 1, 8, 16, 16);
}

/* What only resembles attention, or has heads laid out otherwise, is not computed wrongly. */
static void refused_attention(void **state) {
    (void)state;
    const int64_t in_order[3] = {0, 1, 2}, key_first[3] = {1, 0, 2}, key_as_value[3] = {0, 1, 1};
    struct graph graph = net_start();
    check(&graph, one_head(&graph, in_order, 3, true), 32, 32);
    graph = net_start();
    refuse(&graph, one_head(&graph, key_first, 3, true));
    graph = net_start();
    refuse(&graph, one_head(&graph, key_as_value, 3, true));
    graph = net_start();
    refuse(&graph, one_head(&graph, in_order, 2, true));
    graph = net_start();
    refuse(&graph, one_head(&graph, in_order, 3, false));
}

int main(void) {
    if (!rig_has_device())
        return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention),
        cmocka_unit_test(refused_attention),
    };
    return RUN_TESTS(tests);
}
