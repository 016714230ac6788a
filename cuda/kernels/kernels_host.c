/* The kernels as plain loops over host memory. */
#include "cuda/elements/attention.h"
#include "cuda/elements/bias_activation.h"
#include "cuda/elements/binary.h"
#include "cuda/elements/channels.h"
#include "cuda/elements/deconvolution.h"
#include "cuda/elements/depthwise.h"
#include "cuda/elements/letterbox_element.h"
#include "cuda/elements/pad.h"
#include "cuda/elements/pool.h"
#include "cuda/elements/resize.h"

enum status kernel_bias_activation(const struct map *src, const float *bias,
                                   const struct map *residual, const struct epilogue *epilogue,
                                   const struct map *dst, stream_handle stream) {
    (void)stream;
    struct bias_activation args = {*src, finish_make(bias, residual, epilogue, dst)};
    int lanes = bias_activation_lanes(&args);
    for (size_t i = 0; i < map_runs(dst, lanes); i++)
        bias_activation_run(&args, i, lanes);
    return STATUS_OK;
}

enum status kernel_binary(enum kernel_binary op, const struct map *a, const struct map *b,
                          const struct map *dst, stream_handle stream) {
    (void)stream;
    struct binary_maps args = {op, *a, *b, *dst};
    int lanes = binary_lanes(&args);
    for (size_t i = 0; i < map_runs(dst, lanes); i++)
        binary_run(&args, i, lanes);
    return STATUS_OK;
}

enum status kernel_depthwise(const struct kernel_layer *layer, stream_handle stream) {
    (void)stream;
    struct depthwise args = {*layer->src, layer->weights, taps_of(layer->window),
                             layer_finish(layer)};
    int lanes = depthwise_lanes(&args);
    for (size_t i = 0; i < map_runs(layer->dst, lanes); i++)
        depthwise_run(&args, i, lanes);
    return STATUS_OK;
}

enum status kernel_max_pool(const struct map *src, const struct window *window,
                            const struct map *dst, stream_handle stream) {
    (void)stream;
    struct pool args = {*src, *dst, taps_of(window), false};
    int lanes = pool_lanes(&args);
    for (size_t i = 0; i < map_runs(dst, lanes); i++)
        pool_max_run(&args, i, lanes);
    return STATUS_OK;
}

enum status kernel_average_pool(const struct map *src, const struct window *window,
                                bool count_padding, const struct map *dst, stream_handle stream) {
    (void)stream;
    struct pool args = {*src, *dst, taps_of(window), count_padding};
    int lanes = pool_lanes(&args);
    for (size_t i = 0; i < map_runs(dst, lanes); i++)
        pool_average_run(&args, i, lanes);
    return STATUS_OK;
}

enum status kernel_sppf(const struct map *src, size_t window, const struct map dst[3],
                        stream_handle stream) {
    (void)stream;
    struct sppf args = {*src, dst[0], dst[1], dst[2], (int32_t)(window / 2)};
    int lanes = sppf_lanes(&args);
    for (size_t i = 0; i < map_runs(src, lanes); i++)
        sppf_run(&args, i, lanes);
    return STATUS_OK;
}

enum status kernel_resize(const struct map *src, const float scale[2], const struct map *dst,
                          stream_handle stream) {
    (void)stream;
    struct resize args = {*src, *dst, {scale[0], scale[1]}};
    int lanes = resize_lanes(&args);
    for (size_t i = 0; i < map_runs(dst, lanes); i++)
        resize_run(&args, i, lanes);
    return STATUS_OK;
}

enum status kernel_pad(const struct map *src, int64_t top, int64_t left, float value,
                       const struct map *dst, stream_handle stream) {
    (void)stream;
    struct pad args = {*src, *dst, (int32_t)top, (int32_t)left, value};
    int lanes = pad_lanes(&args);
    for (size_t i = 0; i < map_runs(dst, lanes); i++)
        pad_run(&args, i, lanes);
    return STATUS_OK;
}

static void gather(const struct gather *args) {
    int lanes = gather_lanes(args);
    for (size_t i = 0; i < map_runs(&args->dst, lanes); i++)
        gather_run(args, i, lanes);
}

enum status kernel_copy(const struct map *src, const struct map *dst, stream_handle stream) {
    (void)stream;
    struct gather args = gather_all(src, dst);
    gather(&args);
    return STATUS_OK;
}

enum status kernel_gather_channels(const struct map *src, size_t first, size_t run, size_t step,
                                   const struct map *dst, stream_handle stream) {
    (void)stream;
    struct gather args = {*src, *dst, first, run, step};
    gather(&args);
    return STATUS_OK;
}

enum status kernel_deconvolution(const struct kernel_layer *layer, stream_handle stream) {
    (void)stream;
    struct deconvolution args = {*layer->src, layer->weights, taps_of(layer->window),
                                 layer_finish(layer)};
    int lanes = deconvolution_lanes(&args);
    for (size_t i = 0; i < map_runs(layer->dst, lanes); i++)
        deconvolution_run(&args, i, lanes);
    return STATUS_OK;
}

enum status kernel_attention(const struct map *qkv, const struct attention *attention,
                             const struct map *dst, stream_handle stream) {
    (void)stream;
    struct attention_maps args = {*qkv, *dst, *attention};
    enum status status = attention_check(&args);
    if (status != STATUS_OK)
        return status;
    int lanes = attention_lanes(&args);
    for (size_t i = 0; i < map_runs(dst, lanes); i++)
        attention_run(&args, i, lanes);
    return STATUS_OK;
}

enum status kernel_letterbox(const struct kernel_picture *pictures, const struct map *dst,
                             stream_handle stream) {
    (void)stream;
    int lanes = lanes_of_map(dst);
    for (size_t n = 0; n < dst->n; n++) {
        struct letterbox_view view = letterbox_view_of(&pictures[n]);
        for (size_t i = 0; i < dst->height * dst->width; i++)
            letterbox_run(&view, dst, n, i, lanes);
    }
    return STATUS_OK;
}
