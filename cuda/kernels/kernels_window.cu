/* Kernels whose elements depend on a window of the source. Neighbouring threads read neighbouring
 * channels; what windows share is left to the caches. */
#include "cuda/elements/deconvolution.h"
#include "cuda/elements/depthwise.h"
#include "cuda/elements/pool.h"
#include "cuda/kernels/kernels_launch.h"

enum status kernel_depthwise(const struct kernel_layer *layer, stream_handle stream) {
    struct depthwise args = {*layer->src, layer->weights, taps_of(layer->window),
                             layer_finish(layer)};
    return launch_elements<struct depthwise, depthwise_run>("kernel depthwise", &args, layer->dst,
                                                            depthwise_lanes(&args), stream);
}

enum status kernel_max_pool(const struct map *src, const struct window *window,
                            const struct map *dst, stream_handle stream) {
    struct pool args = {*src, *dst, taps_of(window), false};
    return launch_elements<struct pool, pool_max_run>("kernel max_pool", &args, dst,
                                                      pool_lanes(&args), stream);
}

enum status kernel_average_pool(const struct map *src, const struct window *window,
                                bool count_padding, const struct map *dst, stream_handle stream) {
    struct pool args = {*src, *dst, taps_of(window), count_padding};
    return launch_elements<struct pool, pool_average_run>("kernel average_pool", &args, dst,
                                                          pool_lanes(&args), stream);
}

enum status kernel_sppf(const struct map *src, size_t window, const struct map dst[3],
                        stream_handle stream) {
    struct sppf args = {*src, dst[0], dst[1], dst[2], (int32_t)(window / 2)};
    return launch_elements<struct sppf, sppf_run>("kernel sppf", &args, src, sppf_lanes(&args),
                                                  stream);
}

enum status kernel_deconvolution(const struct kernel_layer *layer, stream_handle stream) {
    struct deconvolution args = {*layer->src, layer->weights, taps_of(layer->window),
                                 layer_finish(layer)};
    return launch_elements<struct deconvolution, deconvolution_run>(
        "kernel deconvolution", &args, layer->dst, deconvolution_lanes(&args), stream);
}
