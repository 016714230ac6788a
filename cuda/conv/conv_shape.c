/* What is the same for convolutions on the device and on the host: sizes, keys, checks. */
#include "cuda/conv/conv.h"

#include <inttypes.h>

enum { FULL_ALIGNMENT = 16 };

static size_t alignment_of(size_t declared) {
    return declared ? declared : FULL_ALIGNMENT;
}

size_t conv_out_size(size_t in, const struct window *window, size_t axis) {
    int64_t span = window->dilation[axis] * (window->kernel[axis] - 1) + 1;
    int64_t room = (int64_t)in + window->pad[axis] + window->pad[axis + 2] - span;
    return room < 0 ? 0 : (size_t)(room / window->stride[axis]) + 1;
}

void conv_shape_key(const struct conv_shape *shape, struct text *key) {
    const struct window *w = &shape->window;
    text_format(key, "%s n%zu h%zu w%zu c%zu/%zu k%zu/%zu r%zu a%zu/%zu/%zu",
                shape->element == ELEMENT_F16 ? "f16" : "f32", shape->n, shape->height,
                shape->width, shape->in_channels, shape->in_pitch, shape->out_channels,
                shape->out_pitch, shape->residual_pitch, alignment_of(shape->in_alignment),
                alignment_of(shape->out_alignment),
                shape->residual_pitch ? alignment_of(shape->residual_alignment) : 0);
    text_format(key,
                " f%" PRId64 "x%" PRId64 " s%" PRId64 "x%" PRId64 " d%" PRId64 "x%" PRId64
                " p%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 " g%" PRId64,
                w->kernel[0], w->kernel[1], w->stride[0], w->stride[1], w->dilation[0],
                w->dilation[1], w->pad[0], w->pad[1], w->pad[2], w->pad[3], w->group);
    text_format(key, " b%d act%d,%a,%a", shape->has_bias ? 1 : 0, (int)shape->epilogue.activation,
                (double)shape->epilogue.alpha, (double)shape->epilogue.beta);
}

static bool alignment_valid(size_t alignment) {
    return alignment == 0 || alignment == 2 || alignment == 4 || alignment == 8 ||
           alignment == FULL_ALIGNMENT;
}

static bool window_valid(const struct window *window) {
    for (size_t axis = 0; axis < 2; axis++)
        if (window->kernel[axis] < 1 || window->stride[axis] < 1 || window->dilation[axis] < 1 ||
            window->pad[axis] < 0 || window->pad[axis + 2] < 0)
            return false;
    return window->group >= 1;
}

enum status conv_shape_check(const struct conv_shape *shape) {
    enum status status = STATUS_OK;
    struct text key = {0};
    bool valid = window_valid(&shape->window) && shape->n && shape->in_channels &&
                 shape->out_channels && shape->in_pitch >= shape->in_channels &&
                 shape->out_pitch >= shape->out_channels &&
                 (!shape->residual_pitch || shape->residual_pitch >= shape->out_channels) &&
                 alignment_valid(shape->in_alignment) && alignment_valid(shape->out_alignment) &&
                 alignment_valid(shape->residual_alignment);
    if (valid)
        valid = shape->in_channels % (size_t)shape->window.group == 0 &&
                shape->out_channels % (size_t)shape->window.group == 0 &&
                conv_out_size(shape->height, &shape->window, 0) &&
                conv_out_size(shape->width, &shape->window, 1);
    if (valid)
        return STATUS_OK;
    conv_shape_key(shape, &key);
    status = FAIL(STATUS_FAILED, "no convolution: %s", key.data ? key.data : "out of memory");
    text_free(&key);
    return status;
}

static bool map_matches(const struct map *map, const struct conv_shape *shape, size_t height,
                        size_t width, size_t channels, size_t pitch, size_t alignment) {
    return map->element == shape->element && map->n == shape->n && map->height == height &&
           map->width == width && map->channels == channels && map->pitch == pitch &&
           (uintptr_t)map->data % alignment_of(alignment) == 0;
}

enum status conv_check_maps(const struct conv_shape *shape, const struct conv_operands *operands) {
    enum status status = STATUS_OK;
    size_t height = conv_out_size(shape->height, &shape->window, 0);
    size_t width = conv_out_size(shape->width, &shape->window, 1);
    const char *wrong = NULL;
    struct text key = {0};
    if (!map_matches(operands->src, shape, shape->height, shape->width, shape->in_channels,
                     shape->in_pitch, shape->in_alignment))
        wrong = "input";
    else if (!map_matches(operands->dst, shape, height, width, shape->out_channels,
                          shape->out_pitch, shape->out_alignment))
        wrong = "output";
    else if ((operands->residual != NULL) != (shape->residual_pitch != 0) ||
             (operands->residual &&
              !map_matches(operands->residual, shape, height, width, shape->out_channels,
                           shape->residual_pitch, shape->residual_alignment)))
        wrong = "residual";
    else if ((operands->bias != NULL) != shape->has_bias ||
             (uintptr_t)operands->bias % FULL_ALIGNMENT)
        wrong = "bias";
    else if (!operands->weights || (uintptr_t)operands->weights % FULL_ALIGNMENT)
        wrong = "weights";
    if (!wrong)
        return STATUS_OK;
    conv_shape_key(shape, &key);
    status = FAIL(STATUS_FAILED, "the %s is not what the convolution was built for: %s", wrong,
                  key.data ? key.data : "out of memory");
    text_free(&key);
    return status;
}
