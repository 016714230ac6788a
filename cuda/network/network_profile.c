/* What each step of a network is and costs at least. */
#include <inttypes.h>
#include <stdio.h>

#include "cuda/network/network_plan.h"

static const char *kind_name(enum step_kind kind) {
    switch (kind) {
    case STEP_CONV:
        return "conv";
    case STEP_DEPTHWISE:
        return "depthwise";
    case STEP_DECONVOLUTION:
        return "deconvolution";
    case STEP_MAX_POOL:
        return "max pool";
    case STEP_AVERAGE_POOL:
        return "average pool";
    case STEP_SPPF:
        return "sppf";
    case STEP_RESIZE:
        return "resize";
    case STEP_PAD:
        return "pad";
    case STEP_COPY:
        return "copy";
    case STEP_GATHER:
        return "gather";
    case STEP_ACTIVATION:
        return "activation";
    case STEP_BINARY:
        return "binary";
    case STEP_ATTENTION:
        return "attention";
    }
    return "";
}

static uint64_t cells(const struct network *network, const struct feature *map) {
    return (uint64_t)network->n * feature_cells(map);
}

static uint64_t map_bytes(const struct network *network, const struct feature *map) {
    return cells(network, map) * map->channels * element_size(map->element);
}

static bool has_window(const struct step *step) {
    return step->window.kernel[0] > 0;
}

static uint64_t window_cells(const struct step *step) {
    return (uint64_t)(step->window.kernel[0] * step->window.kernel[1]);
}

/* Of the model: those that a step adds to fill its rows are none of what it has to do. */
static uint64_t weight_elements(const struct network *network, const struct step *step) {
    if (!step->has_weights || !step->op)
        return 0;
    if (step->kind == STEP_BINARY)
        return step->constant_channels;
    return (uint64_t)shape_elements(&network->graph->tensors[step->op->inputs[1]].shape);
}

static uint64_t step_flop(const struct network *network, const struct step *step,
                          const struct feature *src, const struct feature *dst) {
    switch (step->kind) {
    case STEP_CONV:
    case STEP_DEPTHWISE:
        return 2 * cells(network, dst) * weight_elements(network, step);
    case STEP_DECONVOLUTION:
        return 2 * cells(network, src) * weight_elements(network, step);
    case STEP_ATTENTION: {
        const struct attention *attention = &step->attention;
        uint64_t keys = feature_cells(src) / attention->areas;
        uint64_t products = attention->heads * (attention->key_dim + attention->head_dim);
        return 2 * cells(network, src) * keys * products;
    }
    case STEP_MAX_POOL:
    case STEP_AVERAGE_POOL:
    case STEP_SPPF:
    case STEP_RESIZE:
    case STEP_PAD:
    case STEP_COPY:
    case STEP_GATHER:
    case STEP_ACTIVATION:
    case STEP_BINARY:
        return 0;
    }
    return 0;
}

/* Windows or steps that pass over cells or channels do not read them. */
static uint64_t read_bytes(const struct network *network, const struct step *step,
                           const struct feature *src, const struct feature *dst) {
    uint64_t all = map_bytes(network, src);
    uint64_t size = element_size(src->element);
    uint64_t wanted = all;
    if (step->kind == STEP_MAX_POOL || step->kind == STEP_AVERAGE_POOL)
        wanted = cells(network, dst) * dst->channels * window_cells(step) * size;
    else if (step->kind == STEP_GATHER || step->kind == STEP_RESIZE)
        wanted = cells(network, dst) * dst->channels * size;
    return wanted < all ? wanted : all;
}

static void write_shape(const struct step *step, const struct feature *src,
                        const struct feature *dst, char *text, size_t size) {
    int at = 0;
    if (has_window(step)) {
        const int64_t *kernel = step->window.kernel;
        at = snprintf(text, size, "%" PRId64 "x%" PRId64 "/%" PRId64 " ", kernel[0], kernel[1],
                      step->window.stride[0]);
    }
    if (at >= 0 && (size_t)at < size)
        snprintf(text + at, size - (size_t)at, "%zux%zux%zu > %zux%zux%zu", src->channels,
                 src->height, src->width, dst->channels, dst->height, dst->width);
}

struct network_step network_step(const struct network *network, size_t index) {
    const struct step *step = &network->steps[index];
    const struct feature *src = &network->features[step->src];
    const struct feature *dst = &network->features[step->dst[0]];
    struct network_step out = {.kind = kind_name(step->kind),
                               .name = step->op ? step->op->name : "",
                               .flop = step_flop(network, step, src, dst)};
    write_shape(step, src, dst, out.shape, sizeof out.shape);
    out.bytes = read_bytes(network, step, src, dst) +
                weight_elements(network, step) * element_size(network->element);
    if (step->other != NO_FEATURE)
        out.bytes += map_bytes(network, &network->features[step->other]);
    if (step->has_bias)
        out.bytes += dst->channels * sizeof(float);
    for (size_t i = 0; i < STEP_OUTPUTS; i++)
        if (step->dst[i] != NO_FEATURE)
            out.bytes += map_bytes(network, &network->features[step->dst[i]]);
    return out;
}
