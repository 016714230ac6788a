/* Our kernels, each launched on a stream and asynchronous. Every one exists twice over the same
 * per-element functions (cuda/elements/): as CUDA C (kernels_*.cu), and as plain loops
 * (kernels_host*.c) on host memory, fp32 and fp16, so that index arithmetic is tested without a
 * GPU. A program links one of the two.
 *
 * Arithmetic is in fp32, whatever the maps' element types; each map may have its own. Sources and
 * destinations do not overlap unless a comment allows it; shapes are the caller's duty. A map
 * without elements is fine. STATUS_FAILED where a launch fails, naming the kernel. */
#ifndef VERIFY_CUDA_KERNELS_H
#define VERIFY_CUDA_KERNELS_H

#ifdef __cplusplus
extern "C" {
#endif

#include "base/status.h"
#include "cuda/map.h"
#include "image/image.h"
#include "model/graph.h"

/* A CUDA stream (cudaStream_t); ignored by the plain loops. */
typedef void *stream_handle;

/* What is done to a value after the sum of a layer. */
struct epilogue {
    enum activation activation;
    float alpha, beta;
};

/* dst = activation(src + bias) + residual. bias: per channel, fp32, on the device, or NULL;
 * residual: a map or NULL. src or residual may be dst. Shapes are equal. */
enum status kernel_bias_activation(const struct map *src, const float *bias,
                                   const struct map *residual, const struct epilogue *epilogue,
                                   const struct map *dst, stream_handle stream);

enum kernel_binary { KERNEL_ADD, KERNEL_MUL, KERNEL_SUB, KERNEL_DIV };
/* dst = a op b; a has dst's shape, and so has b, or 1 in any of its dimensions. dst may be a, or b
 * of the same shape. */
enum status kernel_binary(enum kernel_binary op, const struct map *a, const struct map *b,
                          const struct map *dst, stream_handle stream);

/* A layer with a window of weights: dst = activation(sum(src, weights) + bias) + residual. Weights
 * are of src's element type. */
struct kernel_layer {
    const struct map *src;
    const void *weights;
    const struct window *window;
    const float *bias; /* NULL: none */
    const struct epilogue *epilogue;
    const struct map *residual; /* NULL: none; may be dst */
    const struct map *dst;
};

/* Depthwise convolution. weights: (kh, kw, C); group == channels == weights' C. */
enum status kernel_depthwise(const struct kernel_layer *layer, stream_handle stream);

enum status kernel_max_pool(const struct map *src, const struct window *window,
                            const struct map *dst, stream_handle stream);
enum status kernel_average_pool(const struct map *src, const struct window *window,
                                bool count_padding, const struct map *dst, stream_handle stream);
/* SPPF's three: dst[0] = pool(src), dst[1] = pool(dst[0]), dst[2] = pool(dst[1]), with one square
 * window of stride 1 and odd side that keeps the size, in one pass over src. */
enum status kernel_sppf(const struct map *src, size_t window, const struct map dst[3],
                        stream_handle stream);

/* Nearest neighbour; source index = min(floor(out / scale), in - 1). */
enum status kernel_resize(const struct map *src, const float scale[2], const struct map *dst,
                          stream_handle stream);
/* dst cell (y, x) = src cell (y - top, x - left), or `value` where there is none. */
enum status kernel_pad(const struct map *src, int64_t top, int64_t left, float value,
                       const struct map *dst, stream_handle stream);
/* Equal shapes; element types and pitches may differ. */
enum status kernel_copy(const struct map *src, const struct map *dst, stream_handle stream);
/* dst channel c = src channel first + (c / run) * step + c % run. */
enum status kernel_gather_channels(const struct map *src, size_t first, size_t run, size_t step,
                                   const struct map *dst, stream_handle stream);

/* Transposed convolution 2x2 stride 2 and any other, in plain form: weights (kh, kw, I, O), group
 * 1, no residual. */
enum status kernel_deconvolution(const struct kernel_layer *layer, stream_handle stream);

/* Multi-head self-attention over the H W cells of each picture. qkv: `heads` groups of channels,
 * each key_dim of q, key_dim of k, head_dim of v; per head softmax_j(scale q_i . k_j) v_j, sums in
 * fp32. dst: heads * head_dim channels. `areas`: cells are split into that many equal runs that
 * attend within themselves (1: all to all); STATUS_BAD_INPUT where that leaves a rest. */
struct attention {
    size_t heads, key_dim, head_dim, areas;
    float scale;
};
enum status kernel_attention(const struct map *qkv, const struct attention *attention,
                             const struct map *dst, stream_handle stream);

/* A picture in device memory, to be letterboxed into picture `index` of the batch's input. */
struct kernel_picture {
    const uint8_t *pixels; /* (height, width, 3) RGB */
    struct letterbox letterbox;
};
/* dst (n, net_height, net_width, channels >= 3): RGB / 255 in channels 0 to 2, 0 in the others.
 * Or, recognised by fewer rows than net_height, cells of 2x2 pixels: dst (n, net_height / 2 + r,
 * net_width / 2 + c, channels >= 12): pixel (dy,dx) of a cell in the channels from 3 (2 dy + dx)
 * on, 0 in the others and in the first r rows and c columns, net sizes even. `pictures` is on the
 * device. */
enum status kernel_letterbox(const struct kernel_picture *pictures, const struct map *dst,
                             stream_handle stream);

#ifdef __cplusplus
}
#endif

#endif
