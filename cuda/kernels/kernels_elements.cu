/* Element-wise kernels and those that move channels. All are bound by memory. */
#include "cuda/elements/bias_activation.h"
#include "cuda/elements/binary.h"
#include "cuda/elements/channels.h"
#include "cuda/elements/pad.h"
#include "cuda/elements/resize.h"
#include "cuda/kernels/kernels_launch.h"

enum status kernel_bias_activation(const struct map *src, const float *bias,
                                   const struct map *residual, const struct epilogue *epilogue,
                                   const struct map *dst, stream_handle stream) {
    struct bias_activation args = {*src, finish_make(bias, residual, epilogue, dst)};
    return launch_elements<struct bias_activation, bias_activation_run>(
        "kernel bias_activation", &args, dst, bias_activation_lanes(&args), stream);
}

enum status kernel_binary(enum kernel_binary op, const struct map *a, const struct map *b,
                          const struct map *dst, stream_handle stream) {
    struct binary_maps args = {op, *a, *b, *dst};
    return launch_elements<struct binary_maps, binary_run>("kernel binary", &args, dst,
                                                           binary_lanes(&args), stream);
}

enum status kernel_resize(const struct map *src, const float scale[2], const struct map *dst,
                          stream_handle stream) {
    struct resize args = {*src, *dst, {scale[0], scale[1]}};
    return launch_elements<struct resize, resize_run>("kernel resize", &args, dst,
                                                      resize_lanes(&args), stream);
}

enum status kernel_pad(const struct map *src, int64_t top, int64_t left, float value,
                       const struct map *dst, stream_handle stream) {
    struct pad args = {*src, *dst, (int32_t)top, (int32_t)left, value};
    return launch_elements<struct pad, pad_run>("kernel pad", &args, dst, pad_lanes(&args), stream);
}

enum status kernel_copy(const struct map *src, const struct map *dst, stream_handle stream) {
    struct gather args = gather_all(src, dst);
    return launch_elements<struct gather, gather_run>("kernel copy", &args, dst,
                                                      gather_lanes(&args), stream);
}

enum status kernel_gather_channels(const struct map *src, size_t first, size_t run, size_t step,
                                   const struct map *dst, stream_handle stream) {
    struct gather args = {*src, *dst, first, run, step};
    return launch_elements<struct gather, gather_run>("kernel gather_channels", &args, dst,
                                                      gather_lanes(&args), stream);
}
