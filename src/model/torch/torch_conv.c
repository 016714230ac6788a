/* Convolutions with what surrounds them. */
#include "model/torch/torch_module.h"

/* Runs a part where there is one. */
static enum status run_optional(struct torch_import *import, const struct pickled *module,
                                const char *name, int x, int *out) {
    const struct pickled *part = torch_part(module, name);
    *out = x;
    return part == NULL ? STATUS_OK : torch_run(import, part, name, &x, 1, out);
}

enum status torch_conv(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    TRY(torch_run_part(import, module, "conv", x, &x));
    TRY(run_optional(import, module, "bn", x, &x)); /* gone where it was fused into the weights */
    TRY(run_optional(import, module, "act", x, out));
out:
    return status;
}

enum status torch_conv_transpose(struct torch_import *import, const struct pickled *module, int x,
                                 int *out) {
    enum status status;
    TRY(torch_run_part(import, module, "conv_transpose", x, &x));
    TRY(run_optional(import, module, "bn", x, &x));
    TRY(run_optional(import, module, "act", x, out));
out:
    return status;
}

enum status torch_focus(struct torch_import *import, const struct pickled *module, int x,
                        int *out) {
    enum status status;
    TRY(torch_reorg(import, module, x, &x));
    TRY(torch_run_part(import, module, "conv", x, out));
out:
    return status;
}

enum status torch_ghost_conv(struct torch_import *import, const struct pickled *module, int x,
                             int *out) {
    enum status status;
    int both[2];
    TRY(torch_run_part(import, module, "cv1", x, &both[0]));
    TRY(torch_run_part(import, module, "cv2", both[0], &both[1]));
    TRY(build_concat(import->graph, torch_layer(import, module), both, 2, 1, out));
out:
    return status;
}

enum status torch_scdown(struct torch_import *import, const struct pickled *module, int x,
                         int *out) {
    enum status status;
    TRY(torch_run_part(import, module, "cv1", x, &x));
    TRY(torch_run_part(import, module, "cv2", x, out));
out:
    return status;
}

enum status torch_light_conv(struct torch_import *import, const struct pickled *module, int x,
                             int *out) {
    enum status status;
    TRY(torch_run_part(import, module, "conv1", x, &x));
    TRY(torch_run_part(import, module, "conv2", x, out));
out:
    return status;
}

enum status torch_ghost_bottleneck(struct torch_import *import, const struct pickled *module, int x,
                                   int *out) {
    enum status status;
    int conv, shortcut;
    TRY(torch_run_part(import, module, "conv", x, &conv));
    TRY(torch_run_part(import, module, "shortcut", x, &shortcut));
    TRY(build_binary(import->graph, torch_layer(import, module), BINARY_ADD, conv, shortcut, out));
out:
    return status;
}

/* The sum of those branches that are there; the first must be. */
static enum status sum_of_branches(struct torch_import *import, const struct pickled *module,
                                   const char *const *names, size_t n_names, int x, int *out) {
    enum status status;
    int sum, branch;
    TRY(torch_run_part(import, module, names[0], x, &sum));
    for (size_t i = 1; i < n_names; i++) {
        const struct pickled *part = torch_part(module, names[i]);
        if (part == NULL)
            continue;
        TRY(torch_run(import, part, names[i], &x, 1, &branch));
        TRY(build_binary(import->graph, torch_layer(import, module), BINARY_ADD, sum, branch,
                         &sum));
    }
    TRY(run_optional(import, module, "act", sum, out));
out:
    return status;
}

/* A 3x3, a 1x1 and an identity with batch normalisation; once fused, one convolution. Names as
 * Ultralytics and v9's repository have them, and v7's and RepVGG. */
enum status torch_rep_conv(struct torch_import *import, const struct pickled *module, int x,
                           int *out) {
    static const char *const names[][3] = {{"conv1", "conv2", "bn"},
                                           {"rbr_dense", "rbr_1x1", "rbr_identity"}};
    static const char *const fused[] = {"conv", "rbr_reparam"};
    enum status status = STATUS_OK;
    size_t old = torch_part(module, "rbr_dense") != NULL || torch_part(module, fused[1]) != NULL;
    bool one = torch_part(module, fused[old]) != NULL;
    TRY(sum_of_branches(import, module, one ? &fused[old] : names[old], one ? 1 : 3, x, &x));
    TRY(run_optional(import, module, "se", x, &x));
    TRY(run_optional(import, module, "nonlinearity", x, out));
out:
    return status;
}

/* A 7x7 and a 3x3 depthwise convolution; once fused, the first alone. */
enum status torch_rep_dw(struct torch_import *import, const struct pickled *module, int x,
                         int *out) {
    static const char *const branches[] = {"conv", "conv1"};
    return sum_of_branches(import, module, branches, 2, x, out);
}

/* The mean of 2x2 neighbours at every cell. */
static enum status neighbours(struct torch_import *import, const struct pickled *module, int x,
                              int *out) {
    const struct window window = {
        .kernel = {2, 2}, .stride = {1, 1}, .dilation = {1, 1}, .group = 1};
    return build_average_pool(import->graph, torch_layer(import, module), x, &window, true, out);
}

enum status torch_aconv(struct torch_import *import, const struct pickled *module, int x,
                        int *out) {
    enum status status;
    TRY(neighbours(import, module, x, &x));
    TRY(torch_run_part(import, module, "cv1", x, out));
out:
    return status;
}

/* One half by a strided convolution, the other by a pool of 3x3. */
enum status torch_adown(struct torch_import *import, const struct pickled *module, int x,
                        int *out) {
    enum status status;
    const struct window window = {
        .kernel = {3, 3}, .stride = {2, 2}, .dilation = {1, 1}, .pad = {1, 1, 1, 1}, .group = 1};
    int halves[2];
    TRY(neighbours(import, module, x, &x));
    TRY(torch_halves(import, module, x, halves));
    TRY(torch_run_part(import, module, "cv1", halves[0], &halves[0]));
    TRY(build_max_pool(import->graph, torch_layer(import, module), halves[1], &window, &halves[1]));
    TRY(torch_run_part(import, module, "cv2", halves[1], &halves[1]));
    TRY(build_concat(import->graph, torch_layer(import, module), halves, 2, 1, out));
out:
    return status;
}
