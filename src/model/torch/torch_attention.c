/* Self-attention, in the operators of which an ONNX export spells it, so that backends recognise
 * both alike. */
#include <inttypes.h>
#include <math.h>

#include "model/torch/torch_module.h"

static enum status add(struct torch_import *import, const struct pickled *module, int a, int b,
                       int *out) {
    return build_binary(import->graph, torch_layer(import, module), BINARY_ADD, a, b, out);
}

static const size_t last_two_swapped[] = {0, 1, 3, 2};

/* Channels of one head, and what its products are scaled by. */
struct attention {
    int64_t key_dim, head_dim;
    double scale;
};

/* Of a stack (areas, heads, channels, cells), the channels of each head being queries', keys' and
 * values': the values, and for each query the mean of the values, weighted by the softmax of its
 * products with the keys. */
static enum status attend(struct torch_import *import, const struct pickled *module, int stack,
                          struct attention attention, int *values, int *out) {
    enum status status;
    int64_t key_dim = attention.key_dim, head_dim = attention.head_dim;
    struct graph *graph = import->graph;
    struct layer layer = torch_layer(import, module);
    int queries, keys, factor, x;
    TRY(build_slice(graph, layer, stack, 2, (struct slice_range){0, key_dim, 1}, &queries));
    TRY(build_slice(graph, layer, stack, 2, (struct slice_range){key_dim, 2 * key_dim, 1}, &keys));
    TRY(build_slice(graph, layer, stack, 2,
                    (struct slice_range){2 * key_dim, 2 * key_dim + head_dim, 1}, values));
    TRY(torch_scalar(import, (float)attention.scale, &factor));
    TRY(build_binary(graph, layer, BINARY_MUL, queries, factor, &queries));
    TRY(build_transpose(graph, layer, queries, 4, last_two_swapped, &queries));
    TRY(build_matmul(graph, layer, queries, keys, &x));
    TRY(build_softmax(graph, layer, x, 3, &x));
    TRY(build_transpose(graph, layer, x, 4, last_two_swapped, &x));
    TRY(build_matmul(graph, layer, *values, x, out));
out:
    return status;
}

static struct reshape_dim fixed(int64_t value) {
    return (struct reshape_dim){.source = DIM_CONSTANT, .value = value};
}

/* Heads and their channels from the attributes, checked against those of the convolution. */
static enum status check_heads(struct torch_import *import, const struct pickled *module, int qkv,
                               int64_t heads, int64_t group) {
    enum status status;
    int64_t channels;
    TRY(torch_channels(import, module, qkv, &channels));
    if (channels != heads * group)
        status = TORCH_FAIL(import, module,
                            "damaged: %" PRId64 " channels for %" PRId64 " heads of %" PRId64,
                            channels, heads, group);
out:
    return status;
}

enum status torch_attention_block(struct torch_import *import, const struct pickled *module, int x,
                                  int *out) {
    enum status status;
    struct graph *graph = import->graph;
    int64_t heads, key_dim, head_dim, stride;
    double scale;
    int values;
    TRY(torch_int(import, module, "num_heads", 1, &heads));
    TRY(torch_int(import, module, "key_dim", 1, &key_dim));
    TRY(torch_int(import, module, "head_dim", 1, &head_dim));
    TRY(torch_number(import, module, "scale", &scale));
    TRY(torch_stride(import, module, x, &stride));
    TRY(torch_run_part(import, module, "qkv", x, &x));
    TRY(check_heads(import, module, x, heads, 2 * key_dim + head_dim));
    const struct reshape_dim stacked[] = {
        fixed(1),
        fixed(heads),
        fixed(2 * key_dim + head_dim),
        {.source = DIM_PRODUCT, .first = 2, .count = 2},
    };
    const struct reshape_dim map[] = {
        fixed(1),
        fixed(heads * head_dim),
        {.source = DIM_HEIGHT, .value = stride},
        {.source = DIM_WIDTH, .value = stride},
    };
    TRY(build_reshape(graph, torch_layer(import, module), x, 4, stacked, &x));
    TRY(attend(import, module, x, (struct attention){key_dim, head_dim, scale}, &values, &x));
    TRY(build_reshape(graph, torch_layer(import, module), x, 4, map, &x));
    TRY(build_reshape(graph, torch_layer(import, module), values, 4, map, &values));
    TRY(torch_run_part(import, module, "pe", values, &values));
    TRY(add(import, module, x, values, &x));
    TRY(torch_run_part(import, module, "proj", x, out));
out:
    return status;
}

/* Attention within each of several bands of rows: (1,C,H,W) as cells of `areas` bands. */
enum status torch_area_attention(struct torch_import *import, const struct pickled *module, int x,
                                 int *out) {
    enum status status;
    struct graph *graph = import->graph;
    int64_t areas, heads, head_dim, stride;
    int parts[2];
    static const size_t cells_first[] = {0, 2, 1}, cells_last[] = {0, 2, 3, 1},
                        channels_second[] = {0, 3, 1, 2};
    TRY(torch_int(import, module, "area", 1, &areas));
    TRY(torch_int(import, module, "num_heads", 1, &heads));
    TRY(torch_int(import, module, "head_dim", 1, &head_dim));
    TRY(torch_stride(import, module, x, &stride));
    TRY(torch_run_part(import, module, "qkv", x, &x));
    TRY(check_heads(import, module, x, heads, 3 * head_dim));
    const struct reshape_dim flat[] = {
        fixed(1),
        fixed(3 * heads * head_dim),
        {.source = DIM_PRODUCT, .first = 2, .count = 2},
    };
    const struct reshape_dim stacked[] = {
        fixed(areas), {.source = DIM_REST}, fixed(heads), fixed(3 * head_dim)};
    const struct reshape_dim map[] = {
        fixed(1),
        {.source = DIM_HEIGHT, .value = stride},
        {.source = DIM_WIDTH, .value = stride},
        fixed(heads * head_dim),
    };
    struct layer layer = torch_layer(import, module);
    TRY(build_reshape(graph, layer, x, 3, flat, &x));
    TRY(build_transpose(graph, layer, x, 3, cells_first, &x));
    TRY(build_reshape(graph, layer, x, 4, stacked, &x));
    TRY(build_transpose(graph, layer, x, 4, cells_last, &x));
    /* No attribute says how products are scaled: it is by 1 / sqrt(channels), as usual. */
    const struct attention attention = {head_dim, head_dim, 1.0 / sqrt((double)head_dim)};
    TRY(attend(import, module, x, attention, &parts[1], &parts[0]));
    for (size_t i = 0; i < 2; i++) {
        TRY(build_transpose(graph, layer, parts[i], 4, channels_second, &parts[i]));
        TRY(build_reshape(graph, layer, parts[i], 4, map, &parts[i]));
        TRY(build_transpose(graph, layer, parts[i], 4, channels_second, &parts[i]));
    }
    TRY(torch_run_part(import, module, "pe", parts[1], &parts[1]));
    TRY(add(import, module, parts[0], parts[1], &x));
    TRY(torch_run_part(import, module, "proj", x, out));
out:
    return status;
}

/* x + attn(x), then x + `second`(x); without additions where `shortcut` is false. */
static enum status two_steps(struct torch_import *import, const struct pickled *module,
                             const char *second, bool shortcut, int x, int *out) {
    enum status status;
    const char *const names[] = {"attn", second};
    for (size_t i = 0; i < 2; i++) {
        int y;
        TRY(torch_run_part(import, module, names[i], x, &y));
        if (shortcut)
            TRY(add(import, module, x, y, &y));
        x = y;
    }
    *out = x;
out:
    return status;
}

enum status torch_psa_block(struct torch_import *import, const struct pickled *module, int x,
                            int *out) {
    enum status status;
    bool shortcut;
    TRY(torch_flag_or(import, module, "add", true, &shortcut));
    TRY(two_steps(import, module, "ffn", shortcut, x, out));
out:
    return status;
}

enum status torch_psa(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    int halves[2];
    TRY(torch_run_part(import, module, "cv1", x, &x));
    TRY(torch_halves(import, module, x, halves));
    TRY(two_steps(import, module, "ffn", true, halves[1], &halves[1]));
    TRY(build_concat(import->graph, torch_layer(import, module), halves, 2, 1, &x));
    TRY(torch_run_part(import, module, "cv2", x, out));
out:
    return status;
}

enum status torch_area_block(struct torch_import *import, const struct pickled *module, int x,
                             int *out) {
    return two_steps(import, module, "mlp", true, x, out);
}

/* The block's input, and its result times a factor for each channel. */
static enum status add_scaled(struct torch_import *import, const struct pickled *module,
                              const struct pickled *gamma, int x, int y, int *out) {
    enum status status;
    int factors;
    struct tensor *tensor;
    TRY(torch_constant(import, module, gamma, 1, &factors));
    tensor = &import->graph->tensors[factors];
    tensor->shape = (struct shape){4, {1, tensor->shape.dims[0], 1, 1}};
    TRY(build_binary(import->graph, torch_layer(import, module), BINARY_MUL, factors, y, &y));
    TRY(add(import, module, x, y, out));
out:
    return status;
}

enum status torch_a2c2f(struct torch_import *import, const struct pickled *module, int x,
                        int *out) {
    enum status status;
    const struct pickled *gamma = torch_parameter(module, "gamma");
    struct torch_parts parts;
    int pieces[GRAPH_INPUTS], y;
    TRY(torch_parts(import, module, "m", &parts));
    if (parts.count >= GRAPH_INPUTS) {
        status = TORCH_FAIL(import, module, "joins more than %d maps", GRAPH_INPUTS);
        goto out;
    }
    TRY(torch_run_part(import, module, "cv1", x, &pieces[0]));
    for (size_t i = 0; i < parts.count; i++)
        TRY(torch_run_item(import, &parts, i, pieces[i], &pieces[i + 1]));
    TRY(build_concat(import->graph, torch_layer(import, module), pieces, parts.count + 1, 1, &y));
    TRY(torch_run_part(import, module, "cv2", y, out));
    if (gamma != NULL)
        TRY(add_scaled(import, module, gamma, x, *out, out));
out:
    return status;
}
