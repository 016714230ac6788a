/* cuda/conv.h in plain loops on host memory, for tests. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cuda/conv.h"
#include "cuda/elements/bias_activation.h"

struct conv_plan {
    struct conv_shape shape;
    struct text key;
    bool built;
};

struct conv_library {
    size_t n_plans, plan_capacity;
    struct conv_plan **plans;
};

enum status conv_library_make(stream_handle stream, struct conv_library **out) {
    (void)stream;
    return memory_zeroed(1, sizeof(struct conv_library), out);
}

static void plan_free(struct conv_plan *plan) {
    if (plan)
        text_free(&plan->key);
    free(plan);
}

void conv_library_free(struct conv_library *library) {
    if (!library)
        return;
    for (size_t i = 0; i < library->n_plans; i++)
        plan_free(library->plans[i]);
    free(library->plans);
    free(library);
}

enum status conv_library_want(struct conv_library *library, const struct conv_shape *shape,
                              struct conv_plan **out) {
    enum status status = STATUS_OK;
    struct conv_plan *plan = NULL;
    *out = NULL;
    TRY(conv_shape_check(shape));
    TRY(memory_zeroed(1, sizeof *plan, &plan));
    plan->shape = *shape;
    conv_shape_key(shape, &plan->key);
    TRY(text_status(&plan->key));
    for (size_t i = 0; i < library->n_plans; i++)
        if (!strcmp(library->plans[i]->key.data, plan->key.data)) {
            *out = library->plans[i];
            goto out;
        }
    TRY(memory_reserve(&library->plans, &library->plan_capacity, library->n_plans + 1,
                       sizeof(void *)));
    library->plans[library->n_plans++] = plan;
    *out = plan;
    plan = NULL;
out:
    plan_free(plan);
    return status;
}

enum status conv_library_build(struct conv_library *library) {
    for (size_t i = 0; i < library->n_plans; i++)
        library->plans[i]->built = true;
    return STATUS_OK;
}

const char *conv_library_note(const struct conv_library *library) {
    (void)library;
    return NULL;
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
                     const struct map *src, const void *weights, const float *bias,
                     const struct map *residual, const struct map *dst) {
    enum status status = STATUS_OK;
    struct taps taps = taps_of(&plan->shape.window);
    struct finish finish = finish_make(bias, residual, &plan->shape.epilogue, dst);
    (void)library;
    if (!plan->built)
        return FAIL(STATUS_FAILED, "convolution %s was not built", plan->key.data);
    TRY(conv_check_maps(&plan->shape, src, weights, bias, residual, dst));
    for (size_t i = 0; i < map_runs(dst, 1); i++) {
        struct place place = map_place(dst, i, 1);
        float sum = sum_at(&plan->shape, &taps, src, weights, &place);
        finish_run(&finish, &place, 1, &sum);
    }
out:
    return status;
}
