/* Convolutions of the fake cuDNN, element by element. */
#include "cudnn_program.h"

#include <cudnn.h>
#include <math.h>
#include <stddef.h>

static float load(const struct program_tensor *tensor, const void *data, int64_t at) {
    return tensor->is_half ? (float)((const _Float16 *)data)[at] : ((const float *)data)[at];
}

static void store(const struct program_tensor *tensor, void *data, int64_t at, float value) {
    if (tensor->is_half)
        ((_Float16 *)data)[at] = (_Float16)value;
    else
        ((float *)data)[at] = value;
}

/* Where an element lies; a dimension of 1 is for all. */
static int64_t place(const struct program_tensor *tensor, const int64_t at[PROGRAM_RANK]) {
    int64_t sum = 0;
    for (size_t i = 0; i < PROGRAM_RANK; i++)
        sum += tensor->dims[i] == 1 ? 0 : at[i] * tensor->strides[i];
    return sum;
}

static float sum_at(const struct program *program, const void *x, const void *w,
                    const int64_t at[PROGRAM_RANK]) {
    const int64_t *size = program->w.dims;
    int64_t groups = program->x.dims[1] / size[1];
    int64_t first = at[1] / (size[0] / groups) * size[1];
    float sum = 0.0f;
    for (int64_t ky = 0; ky < size[2]; ky++)
        for (int64_t kx = 0; kx < size[3]; kx++) {
            int64_t y = at[2] * program->stride[0] - program->pad[0] + ky * program->dilation[0];
            int64_t column =
                at[3] * program->stride[1] - program->pad[1] + kx * program->dilation[1];
            if (y < 0 || y >= program->x.dims[2] || column < 0 || column >= program->x.dims[3])
                continue;
            int64_t from = at[0] * program->x.strides[0] + first * program->x.strides[1] +
                           y * program->x.strides[2] + column * program->x.strides[3];
            int64_t tap = at[1] * program->w.strides[0] + ky * program->w.strides[2] +
                          kx * program->w.strides[3];
            for (int64_t c = 0; c < size[1]; c++)
                sum += load(&program->x, x, from + c * program->x.strides[1]) *
                       load(&program->w, w, tap + c * program->w.strides[1]);
        }
    return sum;
}

static float activate(const struct program_step *step, float x) {
    switch ((cudnnPointwiseMode_t)step->mode) {
    case CUDNN_POINTWISE_RELU_FWD:
        x = x < 0.0f ? x * (float)step->slope : x;
        return x > (float)step->clip ? (float)step->clip : x;
    case CUDNN_POINTWISE_TANH_FWD:
        return tanhf(x);
    case CUDNN_POINTWISE_SIGMOID_FWD:
        return 1.0f / (1.0f + expf(-x));
    case CUDNN_POINTWISE_GELU_FWD:
        return 0.5f * x * (1.0f + erff(x * 0x1.6a09e6p-1f));
    case CUDNN_POINTWISE_SOFTPLUS_FWD:
        return (fmaxf((float)step->softplus * x, 0.0f) +
                log1pf(expf(-fabsf((float)step->softplus * x)))) /
               (float)step->softplus;
    case CUDNN_POINTWISE_SWISH_FWD:
        return x / (1.0f + expf(-(float)step->swish * x));
    case CUDNN_POINTWISE_ADD:
        break;
    }
    return NAN;
}

/* `compute` false: not-a-number everywhere. */
static void run(const struct program *program, void *const pointers[PROGRAM_POINTERS],
                int compute) {
    const int64_t *size = program->y.dims;
    int64_t at[PROGRAM_RANK];
    for (at[0] = 0; at[0] < size[0]; at[0]++)
        for (at[1] = 0; at[1] < size[1]; at[1]++)
            for (at[2] = 0; at[2] < size[2]; at[2]++)
                for (at[3] = 0; at[3] < size[3]; at[3]++) {
                    float value = compute ? sum_at(program, pointers[0], pointers[1], at) : NAN;
                    for (int64_t i = 0; i < program->n_steps; i++) {
                        const struct program_step *step = &program->steps[i];
                        if (step->operand.uid)
                            value +=
                                load(&step->operand, pointers[3 + i], place(&step->operand, at));
                        else
                            value = activate(step, value);
                    }
                    store(&program->y, pointers[2], place(&program->y, at), value);
                }
}

void program_run(const struct program *program, void *const pointers[PROGRAM_POINTERS]) {
    run(program, pointers, 1);
}

void program_spoil(const struct program *program, void *const pointers[PROGRAM_POINTERS]) {
    run(program, pointers, 0);
}
