/* ONNX's quantised operators, computed in floats: integers are floats that hold whole numbers, so
 * that rounding and saturation are those of the file. */
#include "model/onnx/onnx_quantised.h"

#include <math.h>
#include <string.h>

#include "model/operators/operator.h"

struct scheme scheme_at(const struct node *node, size_t scale, int64_t axis) {
    return (struct scheme){node_input(node, scale), node_input(node, scale + 1), axis};
}

static enum status make_number(struct importer *importer, float value, int *tensor) {
    enum status status = importer_constant(importer, NULL, DTYPE_F32, &(struct shape){0}, tensor);
    if (status == STATUS_OK)
        *(float *)importer->graph->tensors[*tensor].data = value;
    return status;
}

enum status emit_binary(struct importer *importer, const struct node *node, enum binary binary,
                        int a, int b, const char *output, int *out) {
    const struct op op = {
        .kind = OP_BINARY, .binary = binary, .n_inputs = 2, .inputs = {a, b}, .output = -1};
    return emit(importer, node, &op, false, output, out);
}

enum status emit_unary(struct importer *importer, const struct node *node, const struct op *what,
                       int x, const char *output, int *out) {
    struct op op = *what;
    op.kind = OP_UNARY;
    op.n_inputs = 1;
    op.inputs[0] = x;
    op.output = -1;
    return emit(importer, node, &op, false, output, out);
}

static enum status emit_clip(struct importer *importer, const struct node *node, int x, float low,
                             float high, const char *output, int *out) {
    const struct op clip = {
        .unary = UNARY_ACTIVATION, .activation = ACTIVATION_CLIP, .alpha = low, .beta = high};
    return emit_unary(importer, node, &clip, x, output, out);
}

bool tensor_is_number(const struct importer *importer, int tensor, float *value) {
    const struct tensor *constant = tensor < 0 ? NULL : &importer->graph->tensors[tensor];
    if (constant == NULL || !constant->constant || constant->dtype != DTYPE_F32 ||
        shape_elements(&constant->shape) != 1)
        return false;
    *value = *(const float *)constant->data;
    return true;
}

/* Whether a zero point changes nothing. */
static bool is_zero(const struct importer *importer, int zero) {
    const struct tensor *tensor = zero < 0 ? NULL : &importer->graph->tensors[zero];
    if (tensor != NULL && (!tensor->constant || tensor->dtype != DTYPE_F32))
        return false;
    int64_t count = tensor == NULL ? 0 : shape_elements(&tensor->shape);
    for (int64_t i = 0; i < count; i++)
        if (((const float *)tensor->data)[i] != 0.0f)
            return false;
    return true;
}

/* Makes integers of more than 16 bits, which are integers of ours, floats. */
static enum status as_floats(struct importer *importer, const struct node *node, int *tensor) {
    if (*tensor < 0 || importer->graph->tensors[*tensor].dtype == DTYPE_F32)
        return STATUS_OK;
    const struct op op = {
        .kind = OP_CAST, .cast_to = DTYPE_F32, .n_inputs = 1, .inputs = {*tensor}, .output = -1};
    return emit(importer, node, &op, false, NULL, tensor);
}

enum status scales_spread(struct importer *importer, const struct node *node, int x, int64_t axis,
                          int *tensor) {
    enum status status = STATUS_OK;
    struct op op = {.kind = OP_RESHAPE, .n_inputs = 1, .output = -1};
    if (*tensor < 0)
        return STATUS_OK;
    TRY(as_floats(importer, node, tensor));
    const struct shape *shape = &importer->shapes[*tensor], *to = &importer->shapes[x];
    int64_t count = shape_elements(shape);
    if (count == 1 && shape->rank == 0)
        return STATUS_OK;
    op.inputs[0] = *tensor;
    if (count != 1) {
        TRY(axis_of(axis, to->rank, &axis));
        if (shape->rank != 1 || to->dims[axis] != count)
            return FAIL(STATUS_BAD_INPUT, "scales for blocks of a tensor are not supported");
        op.n_reshape = to->rank - (size_t)axis;
    }
    for (size_t i = 0; i < op.n_reshape; i++)
        op.reshape[i] = (struct reshape_dim){.source = DIM_CONSTANT, .value = i == 0 ? count : 1};
    status = emit(importer, node, &op, false, NULL, tensor);
out:
    return status;
}

static enum status scheme_spread(struct importer *importer, const struct node *node, int x,
                                 struct scheme *scheme) {
    enum status status;
    if (x < 0 || scheme->scale < 0)
        return FAIL(STATUS_BAD_INPUT, "an input or a scale is missing");
    TRY(scales_spread(importer, node, x, scheme->axis, &scheme->scale));
    TRY(scales_spread(importer, node, x, scheme->axis, &scheme->zero));
out:
    return status;
}

/* The integers without their zero point. Where they were made by adding it, what it was added
 * to. */
enum status integers_centre(struct importer *importer, const struct node *node, int x, int zero,
                            int *out) {
    float added, wanted;
    size_t maker = importer->states[x].maker;
    const struct op *op = maker == 0 ? NULL : &importer->graph->ops[maker - 1];
    *out = x;
    if (is_zero(importer, zero))
        return STATUS_OK;
    if (op != NULL && op->kind == OP_BINARY && op->binary == BINARY_ADD &&
        (op->inputs[1] == zero || (tensor_is_number(importer, op->inputs[1], &added) &&
                                   tensor_is_number(importer, zero, &wanted) && added == wanted))) {
        *out = op->inputs[0];
        return STATUS_OK;
    }
    return emit_binary(importer, node, BINARY_SUB, x, zero, NULL, out);
}

/* Where the scale and the zero of an element stand. */
struct parts {
    const float *scale, *zero;
    uint64_t scales, zeros; /* how many; zeros 0: none */
    uint64_t inner;         /* elements that follow each other with the same */
};

static struct parts parts_of(const struct importer *importer, const struct shape *shape,
                             const struct scheme *scheme) {
    const struct tensor *scale = &importer->graph->tensors[scheme->scale];
    const struct tensor *zero = scheme->zero < 0 ? NULL : &importer->graph->tensors[scheme->zero];
    struct parts parts = {scale->data, NULL, (uint64_t)shape_elements(&scale->shape), 0, 1};
    size_t rank = scale->shape.rank;
    if (zero != NULL) {
        parts.zero = zero->data;
        parts.zeros = (uint64_t)shape_elements(&zero->shape);
        rank = parts.zeros > 1 ? zero->shape.rank : rank;
    }
    for (size_t i = shape->rank - rank + 1; i < shape->rank; i++)
        parts.inner *= (uint64_t)shape->dims[i];
    return parts;
}

static float scale_at(const struct parts *parts, uint64_t element) {
    return parts->scale[element / parts->inner % parts->scales];
}

static float zero_at(const struct parts *parts, uint64_t element) {
    return parts->zeros == 0 ? 0.0f : parts->zero[element / parts->inner % parts->zeros];
}

/* Whether a tensor and its scheme are constants: what they make is then computed in one step. */
static bool is_constant(const struct importer *importer, int x, const struct scheme *scheme) {
    const struct tensor *tensors = importer->graph->tensors;
    return tensors[x].constant && tensors[scheme->scale].constant &&
           tensors[scheme->scale].dtype == DTYPE_F32 &&
           (scheme->zero < 0 ||
            (tensors[scheme->zero].constant && tensors[scheme->zero].dtype == DTYPE_F32));
}

/* Adds a constant of the same shape, which the file accounts for where it does so for `x`. */
static enum status derive(struct importer *importer, int x, const char *name, int *out) {
    enum status status;
    const struct shape shape = importer->shapes[x];
    uint64_t count = (uint64_t)shape_elements(&shape);
    unsigned credits = importer->states[x].credits;
    if (*importer->work_left <= count)
        return FAIL(STATUS_BAD_INPUT, "its constants take too long to compute");
    *importer->work_left -= count;
    if (credits > 0)
        importer->memory_left += count * sizeof(float);
    importer->states[x].credits = 0;
    TRY(importer_constant(importer, name, DTYPE_F32, &shape, out));
    importer->states[*out].credits = credits > 0 ? credits - 1 : 0;
    if (name != NULL)
        TRY(importer_bind(importer, name, *out));
out:
    return status;
}

/* A constant's numbers, or with a range the integers of numbers. */
static enum status convert_constant(struct importer *importer, int x, const struct scheme *scheme,
                                    const float *range, const char *name, int *out) {
    enum status status = derive(importer, x, name, out);
    if (status != STATUS_OK)
        return status;
    const struct shape *shape = &importer->shapes[x];
    const struct parts parts = parts_of(importer, shape, scheme);
    const float *from = importer->graph->tensors[x].data;
    float *to = importer->graph->tensors[*out].data;
    uint64_t count = (uint64_t)shape_elements(shape);
    for (uint64_t i = 0; i < count; i++) {
        float scale = scale_at(&parts, i), zero = zero_at(&parts, i);
        float whole = nearbyintf(from[i] / scale) + zero;
        if (range == NULL)
            to[i] = (from[i] - zero) * scale;
        else
            to[i] = whole < range[0] ? range[0] : whole > range[1] ? range[1] : whole;
    }
    return STATUS_OK;
}

/* Integers to numbers. What they are made of is kept for a convolution of them: integers around 0
 * and the scales as the file has them, which are constants. */
enum status integers_dequantise(struct importer *importer, const struct node *node, int x,
                                struct scheme scheme, const char *output, int *out) {
    enum status status;
    float one;
    int scale = scheme.scale;
    TRY(as_floats(importer, node, &x));
    TRY(scheme_spread(importer, node, x, &scheme));
    bool constant = is_constant(importer, x, &scheme);
    bool keeps =
        constant ? is_zero(importer, scheme.zero) : tensor_is_number(importer, scale, &one);
    if (constant) {
        TRY(convert_constant(importer, x, &scheme, NULL, output, out));
    } else {
        TRY(integers_centre(importer, node, x, scheme.zero, &x));
        TRY(emit_binary(importer, node, BINARY_MUL, x, scheme.scale, output, out));
    }
    if (keeps) {
        importer->states[*out].whole = x;
        importer->states[*out].scale = scale;
    }
out:
    return status;
}

/* What integers of a type hold. */
static enum status range_of(int64_t type, float range[2]) {
    static const struct {
        int64_t type;
        float low, high;
    } types[] = {{ONNX_UINT8, 0, 255},
                 {ONNX_INT8, -128, 127},
                 {ONNX_UINT16, 0, 65535},
                 {ONNX_INT16, -32768, 32767}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].type == type) {
            range[0] = types[i].low;
            range[1] = types[i].high;
            return STATUS_OK;
        }
    return FAIL(STATUS_BAD_INPUT, "quantisation to ONNX's type %d is not supported", (int)type);
}

/* Numbers to integers of a type: by rounding, halves to even, and saturation. The bounds are
 * integers, so they may come first. */
enum status numbers_quantise(struct importer *importer, const struct node *node, int x,
                             struct scheme scheme, int64_t type, const char *output, int *out) {
    static const struct op round = {.unary = UNARY_ROUND};
    enum status status;
    float range[2], zero = 0.0f;
    if (type == 0)
        type = scheme.zero < 0 ? ONNX_UINT8 : importer->states[scheme.zero].element;
    TRY(range_of(type, range));
    TRY(as_floats(importer, node, &x));
    TRY(scheme_spread(importer, node, x, &scheme));
    if (is_constant(importer, x, &scheme))
        return convert_constant(importer, x, &scheme, range, output, out);
    TRY(emit_binary(importer, node, BINARY_DIV, x, scheme.scale, NULL, &x));
    bool plain = is_zero(importer, scheme.zero) || tensor_is_number(importer, scheme.zero, &zero);
    if (plain)
        TRY(emit_clip(importer, node, x, range[0] - zero, range[1] - zero, NULL, &x));
    bool last = plain && zero == 0.0f;
    TRY(emit_unary(importer, node, &round, x, last ? output : NULL, &x));
    if (!last)
        TRY(emit_binary(importer, node, BINARY_ADD, x, scheme.zero, plain ? output : NULL, &x));
    if (!plain)
        TRY(emit_clip(importer, node, x, range[0], range[1], output, &x));
    *out = x;
out:
    return status;
}

enum status translate_quantise(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    int out;
    return numbers_quantise(importer, node, node_input(node, 0),
                            scheme_at(node, 1, node_int(node, "axis", 1)),
                            node_int(node, "output_dtype", 0), node->message->output[0], &out);
}

enum status translate_dequantise(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    int out;
    return integers_dequantise(importer, node, node_input(node, 0),
                               scheme_at(node, 1, node_int(node, "axis", 1)),
                               node->message->output[0], &out);
}

/* The largest or smallest number of a tensor, or 0 where that is beyond it. */
static enum status extreme(struct importer *importer, const struct node *node, bool largest,
                           int nought, int *out) {
    enum status status;
    struct op op = node_op(node, OP_REDUCE, 1);
    op.reduce = largest ? REDUCE_MAX : REDUCE_MIN;
    TRY(emit(importer, node, &op, false, NULL, out));
    TRY(emit_binary(importer, node, largest ? BINARY_MAX : BINARY_MIN, *out, nought, NULL, out));
out:
    return status;
}

/* Gives one of several outputs its name, where the file uses it. */
static enum status bind_output(struct importer *importer, const struct node *node, size_t output,
                               int tensor) {
    if (output >= node->message->n_output || node->message->output[output][0] == '\0')
        return STATUS_OK;
    return importer_bind(importer, node->message->output[output], tensor);
}

/* To 8 bits, by the range of each picture's own numbers. */
enum status translate_dynamic_quantise(struct importer *importer, const struct node *node,
                                       int detail) {
    (void)detail;
    enum status status;
    int least, high, low, steps, smallest, scale, zero, x = node_input(node, 0);
    const struct op round = {.unary = UNARY_ROUND};
    if (x < 0)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    TRY(make_number(importer, 0.0f, &least));
    TRY(make_number(importer, 255.0f, &steps));
    TRY(make_number(importer, 1e-30f, &smallest)); /* a picture of zeros is not divided by 0 */
    TRY(extreme(importer, node, true, least, &high));
    TRY(extreme(importer, node, false, least, &low));
    TRY(emit_binary(importer, node, BINARY_SUB, high, low, NULL, &scale));
    TRY(emit_binary(importer, node, BINARY_DIV, scale, steps, NULL, &scale));
    TRY(emit_binary(importer, node, BINARY_MAX, scale, smallest, NULL, &scale));
    TRY(emit_binary(importer, node, BINARY_DIV, low, scale, NULL, &zero));
    TRY(emit_binary(importer, node, BINARY_SUB, least, zero, NULL, &zero));
    TRY(emit_clip(importer, node, zero, 0.0f, 255.0f, NULL, &zero));
    TRY(emit_unary(importer, node, &round, zero, NULL, &zero));
    TRY(bind_output(importer, node, 1, scale));
    TRY(bind_output(importer, node, 2, zero));
    status = numbers_quantise(importer, node, x, (struct scheme){scale, zero, 0}, ONNX_UINT8,
                              node->message->output[0], &x);
out:
    return status;
}
