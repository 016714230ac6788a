/* oneDNN's C API as this backend uses it. Versions 2 and 3 describe memory and create primitives
 * differently; the whole difference is in dnnl_compat.c. */
#ifndef VERIFY_CPU_DNNL_COMPAT_H
#define VERIFY_CPU_DNNL_COMPAT_H

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* A memory descriptor; start with a zeroed struct, release with descriptor_free. */
struct descriptor {
    dnnl_memory_desc_t desc;
};

/* f32 elements of these dimensions in the layout of a format tag. */
enum status descriptor_make(int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag,
                            struct descriptor *out);
enum status descriptor_clone(const struct descriptor *descriptor, struct descriptor *out);
void descriptor_free(struct descriptor *descriptor);
bool descriptor_equal(const struct descriptor *a, const struct descriptor *b);
size_t descriptor_bytes(const struct descriptor *descriptor);

/* What a primitive expects of an argument (DNNL_ARG_WEIGHTS …). */
enum status descriptor_query(const_dnnl_primitive_desc_t primitive_desc, int arg,
                             struct descriptor *out);

/* A memory object over `data`, which stays the caller's; DNNL_MEMORY_NONE where it is set later;
 * DNNL_MEMORY_ALLOCATE for memory of its own. */
enum status memory_make(dnnl_engine_t engine, const struct descriptor *descriptor, void *data,
                        dnnl_memory_t *out);

/* Geometry, height first; dilation 1 is a dense kernel. */
struct geometry {
    dnnl_dims_t kernel, stride, dilation, pad_begin, pad_end;
};

/* Of a convolution's operands. */
struct operand_descriptors {
    const struct descriptor *src, *weights;
    const struct descriptor *bias; /* NULL: there is none */
    const struct descriptor *dst;
};

/* Descriptors of forward primitives, for inference, scratch memory given by the caller. *out is
 * NULL where oneDNN has no implementation for the case. With relu_slope, where it is not NULL, a
 * ReLU of this slope for negative values follows. */
enum status convolution_describe(dnnl_engine_t engine, const struct operand_descriptors *operands,
                                 const struct geometry *geometry, const float *relu_slope,
                                 dnnl_primitive_desc_t *out);
enum status deconvolution_describe(dnnl_engine_t engine, const struct operand_descriptors *operands,
                                   const struct geometry *geometry, dnnl_primitive_desc_t *out);
enum status pooling_describe(dnnl_engine_t engine, dnnl_alg_kind_t algorithm,
                             const struct descriptor *src, const struct descriptor *dst,
                             const struct geometry *geometry, dnnl_primitive_desc_t *out);

/* Copies `src` into `dst`, changing the layout. */
enum status memory_reorder(dnnl_engine_t engine, dnnl_stream_t stream,
                           const struct descriptor *src_descriptor, dnnl_memory_t src,
                           const struct descriptor *dst_descriptor, dnnl_memory_t dst);

/* Converts oneDNN's status: TRY(DNNL(dnnl_...())). */
enum status dnnl_result(dnnl_status_t result);
#define DNNL(call) dnnl_result(call)

#endif
