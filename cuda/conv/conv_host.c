/* cuda/conv/conv.h in plain loops on host memory, for tests. */
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/conv/conv_plans.h"
#include "cuda/elements/bias_activation.h"

struct conv_library {
    struct conv_plans plans;
    struct weight_store weights;
};

enum status conv_library_make(struct conv_library **out) {
    return memory_zeroed(1, sizeof(struct conv_library), out);
}

void conv_library_free(struct conv_library *library) {
    if (!library)
        return;
    conv_plans_free(&library->plans);
    weight_store_free(&library->weights);
    free(library);
}

stream_handle conv_library_stream(const struct conv_library *library) {
    (void)library;
    return NULL;
}

enum status conv_library_want(struct conv_library *library, const struct conv_shape *shape,
                              struct conv_plan **out) {
    return conv_plans_want(&library->plans, shape, out);
}

enum status conv_library_build(struct conv_library *library) {
    for (size_t i = 0; i < library->plans.n; i++)
        library->plans.items[i]->built = true;
    return STATUS_OK;
}

void conv_library_forget(struct conv_library *library) {
    conv_plans_forget(&library->plans);
}

const char *conv_library_note(const struct conv_library *library) {
    (void)library;
    return NULL;
}

struct weight_store *conv_library_weights(struct conv_library *library) {
    return &library->weights;
}

/* The sum of one output element, in fp32 as on the device. */
static float sum_at(const struct conv_shape *shape, const struct taps *taps, const struct map *src,
                    const void *weights, const struct place *place) {
    size_t group = (size_t)shape->window.group;
    size_t depth = shape->in_channels / group;
    size_t first = place->channel / (shape->out_channels / group) * depth;
    float sum = 0.0f;
    for (int32_t ky = 0; ky < taps->kernel[0]; ky++)
        for (int32_t kx = 0; kx < taps->kernel[1]; kx++) {
            int32_t y = place->y * taps->stride[0] - taps->pad[0] + ky * taps->dilation[0];
            int32_t x = place->x * taps->stride[1] - taps->pad[1] + kx * taps->dilation[1];
            if (!map_has(src, y, x))
                continue;
            size_t from = map_at(src, place->n, y, x, first);
            size_t window = (size_t)taps->kernel[0] * (size_t)taps->kernel[1];
            size_t tap = (size_t)ky * (size_t)taps->kernel[1] + (size_t)kx;
            size_t weight = (place->channel * window + tap) * depth;
            for (size_t c = 0; c < depth; c++)
                sum += element_load(src->data, src->element, from + c) *
                       element_load(weights, src->element, weight + c);
        }
    return sum;
}

enum status conv_run(struct conv_library *library, const struct conv_plan *plan,
                     const struct conv_operands *operands) {
    enum status status = STATUS_OK;
    struct taps taps = taps_of(&plan->shape.window);
    struct finish finish =
        finish_make(operands->bias, operands->residual, &plan->shape.epilogue, operands->dst);
    (void)library;
    TRY(conv_plan_check(plan, operands));
    for (size_t i = 0; i < map_runs(operands->dst, 1); i++) {
        struct place place = map_place(operands->dst, i, 1);
        float sum = sum_at(&plan->shape, &taps, operands->src, operands->weights, &place);
        finish_run(&finish, &place, 1, &sum);
    }
out:
    return status;
}
