/* Convolutions through cuDNN 9's graph API (C backend API): convolution + bias + activation
 * (+ residual after it) as one plan, candidates timed, the choice kept in a cache file. */
#ifndef VERIFY_CUDA_CONV_H
#define VERIFY_CUDA_CONV_H

#include "base/text.h"
#include "cuda/conv/weight_store.h"
#include "cuda/kernels/kernels.h"

/* What makes two convolutions the same for cuDNN. */
struct conv_shape {
    size_t n, height, width; /* of the input */
    size_t in_channels, out_channels;
    size_t in_pitch, out_pitch, residual_pitch; /* channels of the buffers; residual 0: none */
    /* Bytes that the maps' addresses are multiples of: 16, 8, 4 or 2; 0 means 16. Less than 16 is
     * for channels that begin in the middle of a buffer (conv_alignment). */
    size_t in_alignment, out_alignment, residual_alignment;
    struct window window;
    struct epilogue epilogue;
    bool has_bias;
    enum element element;
};

/* One device's cuDNN handle, stream, workspace, and plans shared by equal shapes. */
struct conv_library;
struct conv_plan; /* owned by the library */

/* On the calling thread's device, with a stream of its own. */
enum status conv_library_make(struct conv_library **out);
/* Waits for the stream; captured graphs with its convolutions must be gone. NULL is allowed. */
void conv_library_free(struct conv_library *library);

/* The stream that convolutions run on, and all else that reads or writes their maps. It waits for
 * no other stream, the default one neither, and can be captured. NULL on the host. */
stream_handle conv_library_stream(const struct conv_library *library);

/* Notes that this shape will be needed; *out is usable after conv_library_build. Channels-last
 * weights (O, kh, kw, I / group), bias fp32. */
enum status conv_library_want(struct conv_library *library, const struct conv_shape *shape,
                              struct conv_plan **out);
/* Builds all that is wanted and not built yet: as chosen already (conv_choices.h); or from the
 * cache file of this kind of device and cuDNN version (XDG_CACHE_HOME or ~/.cache, folder verify)
 * what it knows, the rest anew, in threads, timed on the stream; the file is then written.
 * VERIFY_CUDNN_CANDIDATES, a number, says how many ways of a shape are compiled and timed, instead
 * of 8. Processes of one cache folder that choose take turns, so that all choose alike. A shape for
 * which cuDNN has no fused plan, or a slower one, gets the convolution alone and
 * kernel_bias_activation; one whose wider buffers cuDNN refuses is copied; one that cuDNN cannot do
 * at all is STATUS_FAILED, naming the shape. After a failure, plans that were not built before are
 * gone. */
enum status conv_library_build(struct conv_library *library);
/* What is wanted and not built is no longer wanted: those plans are gone. */
void conv_library_forget(struct conv_library *library);
/* What the user may want to know of the build (slower ways taken, a cache file that cannot be
 * written), or NULL. Valid until the next build. */
const char *conv_library_note(const struct conv_library *library);

/* The weights of the networks that use the library, freed with it. */
struct weight_store *conv_library_weights(struct conv_library *library);

/* Output size of a convolution; 0 where the window does not fit. */
size_t conv_out_size(size_t in, const struct window *window, size_t axis);

/* What a convolution reads and writes, on the device: activation(src * weights + bias) + residual
 * -> dst. Weights (of the shape's element type) and bias lie at multiples of 16; bias is NULL where
 * the shape has none, residual likewise; dst overlaps neither src nor residual. */
struct conv_operands {
    const struct map *src;
    const void *weights;
    const float *bias;
    const struct map *residual, *dst;
};

/* Enqueues a convolution, whose maps are as the plan's shape says, else STATUS_FAILED. One thread
 * at a time. After the build it allocates nothing, so that it can be captured into a CUDA graph;
 * memory that it uses stays in place until the library is freed. */
enum status conv_run(struct conv_library *library, const struct conv_plan *plan,
                     const struct conv_operands *operands);

/* For the two implementations and their tests. */

/* Appends a text, the same for two shapes exactly where one plan serves both, and readable enough
 * for messages. */
void conv_shape_key(const struct conv_shape *shape, struct text *key);
/* STATUS_FAILED where the numbers are no convolution: sizes of 0, channels not divisible by the
 * groups, a pitch below the channels, an alignment that is none. */
enum status conv_shape_check(const struct conv_shape *shape);
/* STATUS_FAILED where conv_run's arguments are not what the shape says. */
enum status conv_check_maps(const struct conv_shape *shape, const struct conv_operands *operands);

#endif
