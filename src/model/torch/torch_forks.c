/* Modules of other YOLO repositories: v5-Face, v5-Lite, v7, v9. */
#include <inttypes.h>

#include "model/torch/torch_module.h"

/* Runs those of a module's parts that are there, one after the other; the first must be. */
static enum status run_in_a_row(struct torch_import *import, const struct pickled *module,
                                const char *const *names, size_t count, int x, int *out) {
    enum status status;
    TRY(torch_run_part(import, module, names[0], x, out));
    for (size_t i = 1; i < count; i++)
        if (torch_part(module, names[i]) != NULL)
            TRY(torch_run_part(import, module, names[i], *out, out));
out:
    return status;
}

#define IN_A_ROW(...)                                                                              \
    run_in_a_row(import, module, (const char *const[]){__VA_ARGS__},                               \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), x, out)

enum status torch_pooled_conv(struct torch_import *import, const struct pickled *module, int x,
                              int *out) {
    return IN_A_ROW("conv", "maxpool");
}

enum status torch_cbh(struct torch_import *import, const struct pickled *module, int x, int *out) {
    return IN_A_ROW("conv", "bn", "hardswish");
}

enum status torch_lc_block(struct torch_import *import, const struct pickled *module, int x,
                           int *out) {
    return IN_A_ROW("dw_conv", "se", "pw_conv");
}

enum status torch_dense(struct torch_import *import, const struct pickled *module, int x,
                        int *out) {
    return IN_A_ROW("dense_conv", "hardswish", "dropout");
}

/* Each channel times a factor that is made of the means of all. */
enum status torch_lc_se(struct torch_import *import, const struct pickled *module, int x,
                        int *out) {
    static const char *const parts[] = {"avg_pool", "conv1", "relu", "conv2", "SiLU"};
    enum status status;
    int factors;
    TRY(run_in_a_row(import, module, parts, sizeof parts / sizeof parts[0], x, &factors));
    TRY(build_binary(import->graph, torch_layer(import, module), BINARY_MUL, x, factors, out));
out:
    return status;
}

/* A pool. */
enum status torch_pool(struct torch_import *import, const struct pickled *module, int x, int *out) {
    return IN_A_ROW("m");
}

/* A depthwise and a 1x1 convolution. */
enum status torch_dw_block(struct torch_import *import, const struct pickled *module, int x,
                           int *out) {
    static const char *const parts[2][2] = {{"conv1", "bn1"}, {"conv2", "bn2"}};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < 2; i++) {
        TRY(run_in_a_row(import, module, parts[i], 2, x, &x));
        TRY(build_activation(import->graph, torch_layer(import, module), x, ACTIVATION_RELU, 0.0f,
                             0.0f, &x));
    }
    *out = x;
out:
    return status;
}

static enum status join_two(struct torch_import *import, const struct pickled *module, int a, int b,
                            int *out) {
    return build_concat(import->graph, torch_layer(import, module), (int[]){a, b}, 2, 1, out);
}

/* A convolution, then two side by side: through two more, and through a pool. */
enum status torch_stem_block(struct torch_import *import, const struct pickled *module, int x,
                             int *out) {
    enum status status;
    int deep, pooled;
    TRY(torch_run_part(import, module, "stem_1", x, &x));
    TRY(torch_run_part(import, module, "stem_2a", x, &deep));
    TRY(torch_run_part(import, module, "stem_2b", deep, &deep));
    TRY(torch_run_part(import, module, "stem_2p", x, &pooled));
    TRY(join_two(import, module, deep, pooled, &x));
    TRY(torch_run_part(import, module, "stem_3", x, out));
out:
    return status;
}

/* Takes the channels of two halves in turn. */
static enum status shuffle(struct torch_import *import, const struct pickled *module, int x,
                           int *out) {
    enum status status;
    int64_t channels;
    struct layer layer = torch_layer(import, module);
    TRY(torch_channels(import, module, x, &channels));
    if (channels % 2 != 0)
        return TORCH_FAIL(import, module, "%" PRId64 " channels cannot be shuffled", channels);
    const struct reshape_dim height = {DIM_PRODUCT, 0, 2, 1}, width = {DIM_PRODUCT, 0, 3, 1};
    const struct reshape_dim apart[] = {{DIM_CONSTANT, 1, 0, 0},
                                        {DIM_CONSTANT, 2, 0, 0},
                                        {DIM_CONSTANT, channels / 2, 0, 0},
                                        height,
                                        width};
    const struct reshape_dim together[] = {{DIM_CONSTANT, 1, 0, 0},
                                           {DIM_CONSTANT, channels, 0, 0},
                                           {DIM_PRODUCT, 0, 3, 1},
                                           {DIM_PRODUCT, 0, 4, 1}};
    TRY(build_reshape(import->graph, layer, x, 5, apart, &x));
    TRY(build_transpose(import->graph, layer, x, 5, (const size_t[]){0, 2, 1, 3, 4}, &x));
    TRY(build_reshape(import->graph, layer, x, 4, together, out));
out:
    return status;
}

/* ShuffleNetV2's: with a stride two branches, without one branch on half of the channels. */
enum status torch_shuffle_block(struct torch_import *import, const struct pickled *module, int x,
                                int *out) {
    enum status status;
    int halves[2];
    int64_t stride;
    TRY(torch_int(import, module, "stride", 1, &stride));
    if (stride == 1) {
        TRY(torch_halves(import, module, x, halves));
    } else {
        halves[1] = x;
        TRY(torch_run_part(import, module, "branch1", x, &halves[0]));
    }
    TRY(torch_run_part(import, module, "branch2", halves[1], &halves[1]));
    TRY(join_two(import, module, halves[0], halves[1], &x));
    TRY(shuffle(import, module, x, out));
out:
    return status;
}

/* A branch and the input, which is pooled where there is a stride. */
enum status torch_blaze_block(struct torch_import *import, const struct pickled *module, int x,
                              int *out) {
    enum status status;
    bool pooled;
    int branch;
    TRY(torch_flag_or(import, module, "use_pool", false, &pooled));
    TRY(torch_run_part(import, module, "branch1", x, &branch));
    if (pooled)
        TRY(torch_run_part(import, module, "shortcut", x, &x));
    TRY(build_binary(import->graph, torch_layer(import, module), BINARY_ADD, branch, x, &x));
    TRY(torch_run_part(import, module, "relu", x, out));
out:
    return status;
}

/* The first map, and the second times a factor: 1 where the module has none. */
enum status torch_sum(struct torch_import *import, const struct pickled *module, const int *inputs,
                      size_t n_inputs, int *out) {
    enum status status = STATUS_OK;
    double factor = 1.0;
    int constant, second;
    if (n_inputs != 2)
        return TORCH_FAIL(import, module, "damaged: adds %zu maps", n_inputs);
    second = inputs[1];
    if (pickled_get(module, "a") != NULL)
        TRY(torch_number(import, module, "a", &factor));
    if (factor != 1.0) {
        TRY(torch_scalar(import, (float)factor, &constant));
        TRY(build_binary(import->graph, torch_layer(import, module), BINARY_MUL, second, constant,
                         &second));
    }
    TRY(build_binary(import->graph, torch_layer(import, module), BINARY_ADD, inputs[0], second,
                     out));
out:
    return status;
}

/* Every second row and column, four times, as channels. */
enum status torch_reorg(struct torch_import *import, const struct pickled *module, int x,
                        int *out) {
    enum status status = STATUS_OK;
    struct layer layer = torch_layer(import, module);
    int parts[4];
    for (int i = 0; i < 4; i++) {
        int rows;
        TRY(build_slice(import->graph, layer, x, 2, (struct slice_range){i % 2, INT64_MAX, 2},
                        &rows));
        TRY(build_slice(import->graph, layer, rows, 3, (struct slice_range){i / 2, INT64_MAX, 2},
                        &parts[i]));
    }
    TRY(build_concat(import->graph, layer, parts, 4, 1, out));
out:
    return status;
}

/* One half by two convolutions, the other by a pool and one. */
enum status torch_down_c(struct torch_import *import, const struct pickled *module, int x,
                         int *out) {
    enum status status;
    int conv, pooled;
    TRY(torch_run_part(import, module, "cv1", x, &conv));
    TRY(torch_run_part(import, module, "cv2", conv, &conv));
    TRY(torch_run_part(import, module, "mp", x, &pooled));
    TRY(torch_run_part(import, module, "cv3", pooled, &pooled));
    TRY(join_two(import, module, conv, pooled, out));
out:
    return status;
}

/* Pools of several sizes in one of two branches. */
enum status torch_sppcspc(struct torch_import *import, const struct pickled *module, int x,
                          int *out) {
    enum status status;
    struct torch_parts pools;
    int pieces[GRAPH_INPUTS], y, other;
    static const char *const before[] = {"cv1", "cv3", "cv4"}, *const after[] = {"cv5", "cv6"};
    TRY(run_in_a_row(import, module, before, 3, x, &pieces[0]));
    TRY(torch_parts(import, module, "m", &pools));
    if (pools.count >= GRAPH_INPUTS)
        return TORCH_FAIL(import, module, "joins more than %d maps", GRAPH_INPUTS);
    for (size_t i = 0; i < pools.count; i++)
        TRY(torch_run_item(import, &pools, i, pieces[0], &pieces[1 + i]));
    TRY(build_concat(import->graph, torch_layer(import, module), pieces, 1 + pools.count, 1, &y));
    TRY(run_in_a_row(import, module, after, 2, y, &y));
    TRY(torch_run_part(import, module, "cv2", x, &other));
    TRY(join_two(import, module, y, other, &y));
    TRY(torch_run_part(import, module, "cv7", y, out));
out:
    return status;
}
