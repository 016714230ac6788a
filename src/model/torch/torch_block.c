/* Blocks of convolutions: split, run one part, join. */
#include <inttypes.h>

#include "base/memory.h"
#include "model/torch/torch_module.h"

/* What is to be joined. */
struct pieces {
    size_t count;
    int tensors[GRAPH_INPUTS];
};

static enum status add_piece(const struct torch_import *import, const struct pickled *module,
                             struct pieces *pieces, int tensor) {
    if (pieces->count == GRAPH_INPUTS)
        return TORCH_FAIL(import, module, "joins more than %d maps", GRAPH_INPUTS);
    pieces->tensors[pieces->count++] = tensor;
    return STATUS_OK;
}

/* Joins the pieces and runs a part on them. */
static enum status join(struct torch_import *import, const struct pickled *module,
                        const struct pieces *pieces, const char *name, int *out) {
    enum status status;
    int joined;
    TRY(build_concat(import->graph, torch_layer(import, module), pieces->tensors, pieces->count, 1,
                     &joined));
    TRY(torch_run_part(import, module, name, joined, out));
out:
    return status;
}

static enum status add(struct torch_import *import, const struct pickled *module, int a, int b,
                       int *out) {
    return build_binary(import->graph, torch_layer(import, module), BINARY_ADD, a, b, out);
}

/* Adds the block's input where its attribute says so. */
static enum status add_shortcut(struct torch_import *import, const struct pickled *module, int x,
                                bool fallback, int y, int *out) {
    enum status status;
    bool shortcut;
    TRY(torch_flag_or(import, module, "add", fallback, &shortcut));
    *out = y;
    if (shortcut)
        TRY(add(import, module, x, y, out));
out:
    return status;
}

enum status torch_bottleneck(struct torch_import *import, const struct pickled *module, int x,
                             int *out) {
    enum status status;
    const struct pickled *shortcut = pickled_get(module, "add");
    int y;
    if (shortcut == NULL)
        return TORCH_FAIL(import, module, "damaged: has no attribute 'add'");
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(torch_run_part(import, module, "cv2", y, &y));
    TRY(add_shortcut(import, module, x, false, y, out));
out:
    return status;
}

enum status torch_cib(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    int y;
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(add_shortcut(import, module, x, false, y, out));
out:
    return status;
}

enum status torch_bottleneck_csp(struct torch_import *import, const struct pickled *module, int x,
                                 int *out) {
    enum status status;
    int both[2], y;
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(torch_run_part(import, module, "m", y, &y));
    TRY(torch_run_part(import, module, "cv3", y, &both[0]));
    TRY(torch_run_part(import, module, "cv2", x, &both[1]));
    TRY(build_concat(import->graph, torch_layer(import, module), both, 2, 1, &y));
    TRY(torch_run_part(import, module, "bn", y, &y));
    TRY(torch_run_part(import, module, "act", y, &y));
    TRY(torch_run_part(import, module, "cv4", y, out));
out:
    return status;
}

enum status torch_c1(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    int y;
    TRY(torch_run_part(import, module, "cv1", x, &x));
    TRY(torch_run_part(import, module, "m", x, &y));
    TRY(add(import, module, y, x, out));
out:
    return status;
}

/* Two halves of a convolution, one through `m`. In C2 that one comes first, in C2PSA last. */
static enum status two_halves(struct torch_import *import, const struct pickled *module, int x,
                              size_t through, int *out) {
    enum status status;
    int y, halves[2];
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(torch_halves(import, module, y, halves));
    TRY(torch_run_part(import, module, "m", halves[through], &halves[through]));
    struct pieces pieces = {2, {halves[0], halves[1]}};
    TRY(join(import, module, &pieces, "cv2", out));
out:
    return status;
}

enum status torch_c2(struct torch_import *import, const struct pickled *module, int x, int *out) {
    return two_halves(import, module, x, 0, out);
}

enum status torch_c2psa(struct torch_import *import, const struct pickled *module, int x,
                        int *out) {
    return two_halves(import, module, x, 1, out);
}

/* Runs the modules of list `m` one after the other, each result a piece. */
static enum status run_list(struct torch_import *import, const struct pickled *module, int x,
                            struct pieces *pieces) {
    enum status status;
    struct torch_parts parts;
    TRY(torch_parts(import, module, "m", &parts));
    for (size_t i = 0; i < parts.count; i++) {
        TRY(torch_run_item(import, &parts, i, x, &x));
        TRY(add_piece(import, module, pieces, x));
    }
out:
    return status;
}

enum status torch_c2f(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    int y, halves[2];
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(torch_halves(import, module, y, halves));
    struct pieces pieces = {2, {halves[0], halves[1]}};
    TRY(run_list(import, module, halves[1], &pieces));
    TRY(join(import, module, &pieces, "cv2", out));
out:
    return status;
}

enum status torch_c3(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    int y, other;
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(torch_run_part(import, module, "m", y, &y));
    TRY(torch_run_part(import, module, "cv2", x, &other));
    struct pieces pieces = {2, {y, other}};
    TRY(join(import, module, &pieces, "cv3", out));
out:
    return status;
}

enum status torch_spp(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    struct torch_parts pools;
    struct pieces pieces = {0};
    int y, pooled;
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(add_piece(import, module, &pieces, y));
    TRY(torch_parts(import, module, "m", &pools));
    for (size_t i = 0; i < pools.count; i++) {
        TRY(torch_run_item(import, &pools, i, y, &pooled));
        TRY(add_piece(import, module, &pieces, pooled));
    }
    TRY(join(import, module, &pieces, "cv2", out));
out:
    return status;
}

/* One pool several times: three where the file, of an older version, does not say how often. */
enum status torch_sppf(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    struct pieces pieces = {0};
    int64_t times;
    int y;
    TRY(torch_int_or(import, module, "n", 1, 3, &times));
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(add_piece(import, module, &pieces, y));
    for (int64_t i = 0; i < times; i++) {
        TRY(torch_run_part(import, module, "m", y, &y));
        TRY(add_piece(import, module, &pieces, y));
    }
    TRY(join(import, module, &pieces, "cv2", &y));
    TRY(add_shortcut(import, module, x, false, y, out));
out:
    return status;
}

enum status torch_rep_c3(struct torch_import *import, const struct pickled *module, int x,
                         int *out) {
    enum status status;
    int y, other;
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(torch_run_part(import, module, "m", y, &y));
    TRY(torch_run_part(import, module, "cv2", x, &other));
    TRY(add(import, module, y, other, &y));
    TRY(torch_run_part(import, module, "cv3", y, out));
out:
    return status;
}

/* Two halves, the second through two parts in a row, all four joined. */
enum status torch_elan(struct torch_import *import, const struct pickled *module, int x, int *out) {
    enum status status;
    int y, halves[2], deeper[2];
    TRY(torch_run_part(import, module, "cv1", x, &y));
    TRY(torch_halves(import, module, y, halves));
    TRY(torch_run_part(import, module, "cv2", halves[1], &deeper[0]));
    TRY(torch_run_part(import, module, "cv3", deeper[0], &deeper[1]));
    struct pieces pieces = {4, {halves[0], halves[1], deeper[0], deeper[1]}};
    TRY(join(import, module, &pieces, "cv4", out));
out:
    return status;
}

enum status torch_sppelan(struct torch_import *import, const struct pickled *module, int x,
                          int *out) {
    enum status status;
    static const char *const parts[] = {"cv1", "cv2", "cv3", "cv4"};
    struct pieces pieces = {0};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        TRY(torch_run_part(import, module, parts[i], x, &x));
        TRY(add_piece(import, module, &pieces, x));
    }
    TRY(join(import, module, &pieces, "cv5", out));
out:
    return status;
}

enum status torch_concat(struct torch_import *import, const struct pickled *module,
                         const int *inputs, size_t n_inputs, int *out) {
    enum status status;
    int64_t axis;
    TRY(torch_int(import, module, "d", 1, &axis));
    TRY(build_concat(import->graph, torch_layer(import, module), inputs, n_inputs, axis, out));
out:
    return status;
}
