/* Resize, of pictures and to the nearest neighbour. */
#include <inttypes.h>
#include <math.h>

#include "model/operators/operator.h"

static enum status shape_resize(const struct op *op, const struct shape_inputs *inputs,
                                struct shape *out) {
    const struct shape *x = inputs->in[0];
    if (x->rank != 4)
        return OP_FAIL(op, "its input has rank %zu; only images (rank 4) are supported", x->rank);
    *out = *x;
    for (size_t i = 0; i < 2; i++) {
        float size = (float)x->dims[2 + i] * op->scale[i];
        if (!(op->scale[i] > 0.0f) || !(size >= 1.0f) || !(size <= 0x1p40f))
            return OP_FAIL(op, "a scale of %g on a size of %" PRId64, (double)op->scale[i],
                           x->dims[2 + i]);
        out->dims[2 + i] = (int64_t)floorf(size);
    }
    return STATUS_OK;
}

/* The pixel that pixel `at` of the result comes from. */
static int64_t source(int64_t at, float scale, int64_t size) {
    int64_t from = (int64_t)floorf((float)at / scale);
    return from < size - 1 ? from : size - 1;
}

static enum status evaluate_resize(const struct op *op, const struct value *in, struct value *out) {
    const int64_t *dims = out->shape.dims;
    int64_t height = in[0].shape.dims[2], width = in[0].shape.dims[3];
    float *to = out->data;
    for (int64_t plane = 0; plane < dims[0] * dims[1]; plane++)
        for (int64_t y = 0; y < dims[2]; y++) {
            int64_t from_y = source(y, op->scale[0], height);
            const float *from = (const float *)in[0].data + (plane * height + from_y) * width;
            for (int64_t x = 0; x < dims[3]; x++)
                *to++ = from[source(x, op->scale[1], width)];
        }
    return STATUS_OK;
}

const struct operator_row operator_resize = {
    .name = "Resize",
    .least = 1,
    .most = 1,
    .dtype = op_dtype_float,
    .shape = shape_resize,
    .evaluate = evaluate_resize,
    .element_steps = 10.0,
};
