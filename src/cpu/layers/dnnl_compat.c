/* The calls that differ between oneDNN's versions. */
#include "cpu/layers/dnnl_compat.h"

#include <oneapi/dnnl/dnnl_debug.h>
#include <string.h>

enum status dnnl_result(dnnl_status_t result) {
    if (result == dnnl_success)
        return STATUS_OK;
    return FAIL(STATUS_FAILED, "oneDNN: %s", dnnl_status2str(result));
}

/* A case that has no implementation is no error: *out stays NULL. */
static enum status described(dnnl_status_t result, dnnl_primitive_desc_t *out) {
    if (result == dnnl_success)
        return STATUS_OK;
    *out = NULL;
    return result == dnnl_unimplemented ? STATUS_OK : dnnl_result(result);
}
#define DESCRIBED(call, out) described((call), (out))

static enum status attributes_make(const float *relu_slope, dnnl_primitive_attr_t *out) {
    enum status status = STATUS_OK;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t post_ops = NULL;
    TRY(DNNL(dnnl_primitive_attr_create(&attributes)));
    TRY(DNNL(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user)));
    if (relu_slope) {
        TRY(DNNL(dnnl_post_ops_create(&post_ops)));
#if DNNL_VERSION_MAJOR >= 3
        TRY(DNNL(dnnl_post_ops_append_eltwise(post_ops, dnnl_eltwise_relu, *relu_slope, 0.0f)));
#else
        TRY(DNNL(
            dnnl_post_ops_append_eltwise(post_ops, 1.0f, dnnl_eltwise_relu, *relu_slope, 0.0f)));
#endif
        TRY(DNNL(dnnl_primitive_attr_set_post_ops(attributes, post_ops)));
    }
    *out = attributes;
    attributes = NULL;
out:
    if (post_ops)
        dnnl_post_ops_destroy(post_ops);
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    return status;
}

enum status memory_reorder(dnnl_engine_t engine, dnnl_stream_t stream,
                           const struct descriptor *src_descriptor, dnnl_memory_t src,
                           const struct descriptor *dst_descriptor, dnnl_memory_t dst) {
    enum status status = STATUS_OK;
    dnnl_primitive_desc_t primitive_desc = NULL;
    dnnl_primitive_t primitive = NULL;
#if DNNL_VERSION_MAJOR >= 3
    TRY(DNNL(dnnl_reorder_primitive_desc_create(&primitive_desc, src_descriptor->desc, engine,
                                                dst_descriptor->desc, engine, NULL)));
#else
    TRY(DNNL(dnnl_reorder_primitive_desc_create(&primitive_desc, &src_descriptor->desc, engine,
                                                &dst_descriptor->desc, engine, NULL)));
#endif
    TRY(DNNL(dnnl_primitive_create(&primitive, primitive_desc)));
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, src}, {DNNL_ARG_TO, dst}};
    TRY(DNNL(dnnl_primitive_execute(primitive, stream, 2, args)));
    TRY(DNNL(dnnl_stream_wait(stream)));
out:
    if (primitive)
        dnnl_primitive_destroy(primitive);
    if (primitive_desc)
        dnnl_primitive_desc_destroy(primitive_desc);
    return status;
}

/* oneDNN counts the zeros between a kernel's taps. */
static void gaps(const struct geometry *geometry, dnnl_dims_t out) {
    out[0] = geometry->dilation[0] - 1;
    out[1] = geometry->dilation[1] - 1;
}

#if DNNL_VERSION_MAJOR >= 3

enum status descriptor_make(int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag,
                            struct descriptor *out) {
    dnnl_dims_t copy = {0};
    memcpy(copy, dims, (size_t)rank * sizeof *dims);
    return DNNL(dnnl_memory_desc_create_with_tag(&out->desc, rank, copy, dnnl_f32, tag));
}

enum status descriptor_clone(const struct descriptor *descriptor, struct descriptor *out) {
    return DNNL(dnnl_memory_desc_clone(&out->desc, descriptor->desc));
}

void descriptor_free(struct descriptor *descriptor) {
    if (descriptor->desc)
        dnnl_memory_desc_destroy(descriptor->desc);
    descriptor->desc = NULL;
}

bool descriptor_equal(const struct descriptor *a, const struct descriptor *b) {
    return dnnl_memory_desc_equal(a->desc, b->desc);
}

size_t descriptor_bytes(const struct descriptor *descriptor) {
    return dnnl_memory_desc_get_size(descriptor->desc);
}

enum status descriptor_query(const_dnnl_primitive_desc_t primitive_desc, int arg,
                             struct descriptor *out) {
    const_dnnl_memory_desc_t found =
        dnnl_primitive_desc_query_md(primitive_desc, dnnl_query_exec_arg_md, arg);
    if (!found)
        return FAIL(STATUS_FAILED, "oneDNN: a primitive without the argument %d", arg);
    return DNNL(dnnl_memory_desc_clone(&out->desc, found));
}

enum status memory_make(dnnl_engine_t engine, const struct descriptor *descriptor, void *data,
                        dnnl_memory_t *out) {
    return DNNL(dnnl_memory_create(out, descriptor->desc, engine, data));
}

enum status convolution_describe(dnnl_engine_t engine, const struct operand_descriptors *operands,
                                 const struct geometry *geometry, const float *relu_slope,
                                 dnnl_primitive_desc_t *out) {
    const struct descriptor *src = operands->src, *weights = operands->weights;
    const struct descriptor *bias = operands->bias, *dst = operands->dst;
    enum status status = STATUS_OK;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_dims_t dilates;
    gaps(geometry, dilates);
    *out = NULL;
    TRY(attributes_make(relu_slope, &attributes));
    TRY(DESCRIBED(dnnl_convolution_forward_primitive_desc_create(
                      out, engine, dnnl_forward_inference, dnnl_convolution_direct, src->desc,
                      weights->desc, bias ? bias->desc : NULL, dst->desc, geometry->stride, dilates,
                      geometry->pad_begin, geometry->pad_end, attributes),
                  out));
out:
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    return status;
}

enum status deconvolution_describe(dnnl_engine_t engine, const struct operand_descriptors *operands,
                                   const struct geometry *geometry, dnnl_primitive_desc_t *out) {
    const struct descriptor *src = operands->src, *weights = operands->weights;
    const struct descriptor *bias = operands->bias, *dst = operands->dst;
    enum status status = STATUS_OK;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_dims_t dilates;
    gaps(geometry, dilates);
    *out = NULL;
    TRY(attributes_make(NULL, &attributes));
    TRY(DESCRIBED(dnnl_deconvolution_forward_primitive_desc_create(
                      out, engine, dnnl_forward_inference, dnnl_deconvolution_direct, src->desc,
                      weights->desc, bias ? bias->desc : NULL, dst->desc, geometry->stride, dilates,
                      geometry->pad_begin, geometry->pad_end, attributes),
                  out));
out:
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    return status;
}

enum status pooling_describe(dnnl_engine_t engine, dnnl_alg_kind_t algorithm,
                             const struct descriptor *src, const struct descriptor *dst,
                             const struct geometry *geometry, dnnl_primitive_desc_t *out) {
    enum status status = STATUS_OK;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_dims_t dilates;
    gaps(geometry, dilates);
    *out = NULL;
    TRY(attributes_make(NULL, &attributes));
    TRY(DESCRIBED(dnnl_pooling_forward_primitive_desc_create(
                      out, engine, dnnl_forward_inference, algorithm, src->desc, dst->desc,
                      geometry->stride, geometry->kernel, dilates, geometry->pad_begin,
                      geometry->pad_end, attributes),
                  out));
out:
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    return status;
}

#else

enum status descriptor_make(int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag,
                            struct descriptor *out) {
    dnnl_dims_t copy = {0};
    memcpy(copy, dims, (size_t)rank * sizeof *dims);
    return DNNL(dnnl_memory_desc_init_by_tag(&out->desc, rank, copy, dnnl_f32, tag));
}

enum status descriptor_clone(const struct descriptor *descriptor, struct descriptor *out) {
    *out = *descriptor;
    return STATUS_OK;
}

void descriptor_free(struct descriptor *descriptor) {
    memset(descriptor, 0, sizeof *descriptor);
}

bool descriptor_equal(const struct descriptor *a, const struct descriptor *b) {
    return dnnl_memory_desc_equal(&a->desc, &b->desc);
}

size_t descriptor_bytes(const struct descriptor *descriptor) {
    return dnnl_memory_desc_get_size(&descriptor->desc);
}

enum status descriptor_query(const_dnnl_primitive_desc_t primitive_desc, int arg,
                             struct descriptor *out) {
    const dnnl_memory_desc_t *found =
        dnnl_primitive_desc_query_md(primitive_desc, dnnl_query_exec_arg_md, arg);
    if (!found)
        return FAIL(STATUS_FAILED, "oneDNN: a primitive without the argument %d", arg);
    out->desc = *found;
    return STATUS_OK;
}

enum status memory_make(dnnl_engine_t engine, const struct descriptor *descriptor, void *data,
                        dnnl_memory_t *out) {
    return DNNL(dnnl_memory_create(out, &descriptor->desc, engine, data));
}

static enum status describe(dnnl_engine_t engine, const_dnnl_op_desc_t op_desc,
                            const float *relu_slope, dnnl_primitive_desc_t *out) {
    enum status status = STATUS_OK;
    dnnl_primitive_attr_t attributes = NULL;
    *out = NULL;
    TRY(attributes_make(relu_slope, &attributes));
    TRY(DESCRIBED(dnnl_primitive_desc_create(out, op_desc, attributes, engine, NULL), out));
out:
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    return status;
}

enum status convolution_describe(dnnl_engine_t engine, const struct operand_descriptors *operands,
                                 const struct geometry *geometry, const float *relu_slope,
                                 dnnl_primitive_desc_t *out) {
    const struct descriptor *src = operands->src, *weights = operands->weights;
    const struct descriptor *bias = operands->bias, *dst = operands->dst;
    enum status status = STATUS_OK;
    dnnl_convolution_desc_t op_desc;
    dnnl_dims_t dilates;
    gaps(geometry, dilates);
    TRY(DNNL(dnnl_dilated_convolution_forward_desc_init(
        &op_desc, dnnl_forward_inference, dnnl_convolution_direct, &src->desc, &weights->desc,
        bias ? &bias->desc : NULL, &dst->desc, geometry->stride, dilates, geometry->pad_begin,
        geometry->pad_end)));
    TRY(describe(engine, &op_desc, relu_slope, out));
out:
    return status;
}

enum status deconvolution_describe(dnnl_engine_t engine, const struct operand_descriptors *operands,
                                   const struct geometry *geometry, dnnl_primitive_desc_t *out) {
    const struct descriptor *src = operands->src, *weights = operands->weights;
    const struct descriptor *bias = operands->bias, *dst = operands->dst;
    enum status status = STATUS_OK;
    dnnl_deconvolution_desc_t op_desc;
    dnnl_dims_t dilates;
    gaps(geometry, dilates);
    TRY(DNNL(dnnl_dilated_deconvolution_forward_desc_init(
        &op_desc, dnnl_forward_inference, dnnl_deconvolution_direct, &src->desc, &weights->desc,
        bias ? &bias->desc : NULL, &dst->desc, geometry->stride, dilates, geometry->pad_begin,
        geometry->pad_end)));
    TRY(describe(engine, &op_desc, NULL, out));
out:
    return status;
}

enum status pooling_describe(dnnl_engine_t engine, dnnl_alg_kind_t algorithm,
                             const struct descriptor *src, const struct descriptor *dst,
                             const struct geometry *geometry, dnnl_primitive_desc_t *out) {
    enum status status = STATUS_OK;
    dnnl_pooling_v2_desc_t op_desc;
    dnnl_dims_t dilates;
    gaps(geometry, dilates);
    TRY(DNNL(dnnl_pooling_v2_forward_desc_init(
        &op_desc, dnnl_forward_inference, algorithm, &src->desc, &dst->desc, geometry->stride,
        geometry->kernel, dilates, geometry->pad_begin, geometry->pad_end)));
    TRY(describe(engine, &op_desc, NULL, out));
out:
    return status;
}

#endif
