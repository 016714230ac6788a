/* Convolutions by cuda/conv/ over the fake cuDNN, in the emulated device's memory, against
 * conv_host.c's in the host's. */
#ifndef VERIFY_TEST_EMULATED_CUDNN_RIG_H
#define VERIFY_TEST_EMULATED_CUDNN_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cuda_runtime_api.h>

#include "assert_ok.h"
#include "cuda/check.h"
#include "cuda/elements/lanes.h"
#include "cuda/memory.h"
#include "emulated_runtime.h"
#include "fake_cudnn.h"
#include "host_conv.h"

/* A buffer on both sides, and the map that lies in it from a channel on. */
struct both {
    struct map host, device;
    char *bytes; /* of the host, and so many on the device; owned, as the device's */
    void *device_bytes;
    size_t size;
};

static inline uint32_t both_random(uint32_t *state) {
    return *state = *state * 1664525u + 1013904223u;
}

static inline struct both both_make(enum element element, size_t n, size_t height, size_t width,
                                    size_t channels, size_t pitch, size_t alignment) {
    struct both both = {0};
    size_t offset = alignment ? alignment : 0;
    uint32_t state = (uint32_t)(channels * 31 + height);
    size_t elements = n * height * width * pitch;
    both.size = offset + elements * element_size(element);
    both.bytes = aligned_alloc(16, (both.size + 15) / 16 * 16);
    assert_non_null(both.bytes);
    memset(both.bytes, 0, both.size);
    for (size_t i = 0; i < elements; i++)
        element_store(both.bytes + offset, element, i,
                      (float)(both_random(&state) >> 8) / 8388608.0f - 1.0f);
    ASSERT_OK(device_alloc(both.size, &both.device_bytes));
    ASSERT_OK(device_upload(both.bytes, both.size, both.device_bytes));
    both.host = (struct map){both.bytes + offset, element, n, height, width, channels, pitch};
    both.device = both.host;
    both.device.data = (char *)both.device_bytes + offset;
    return both;
}

static inline void both_free(struct both *both) {
    free(both->bytes);
    device_free(both->device_bytes);
}

/* A convolution's operands. */
struct trial {
    struct conv_shape shape;
    struct both src, weights, bias, residual, dst;
};

static inline struct trial trial_make(const struct conv_shape *shape) {
    const struct window *window = &shape->window;
    size_t height = conv_out_size(shape->height, window, 0);
    size_t width = conv_out_size(shape->width, window, 1);
    size_t depth = shape->in_channels / (size_t)window->group;
    size_t taps = (size_t)(window->kernel[0] * window->kernel[1]);
    struct trial trial = {.shape = *shape};
    trial.src = both_make(shape->element, shape->n, shape->height, shape->width, shape->in_channels,
                          shape->in_pitch, shape->in_alignment);
    trial.weights = both_make(shape->element, shape->out_channels, 1, taps, depth, depth, 0);
    trial.bias = both_make(ELEMENT_F32, 1, 1, 1, shape->out_channels, shape->out_channels, 0);
    trial.residual =
        both_make(shape->element, shape->n, height, width, shape->out_channels,
                  shape->residual_pitch ? shape->residual_pitch : 1, shape->residual_alignment);
    trial.dst = both_make(shape->element, shape->n, height, width, shape->out_channels,
                          shape->out_pitch, shape->out_alignment);
    return trial;
}

static inline void trial_free(struct trial *trial) {
    both_free(&trial->src);
    both_free(&trial->weights);
    both_free(&trial->bias);
    both_free(&trial->residual);
    both_free(&trial->dst);
}

static inline struct conv_operands trial_operands(const struct trial *trial, bool device) {
#define SIDE(member) (device ? &trial->member.device : &trial->member.host)
    return (struct conv_operands){.src = SIDE(src),
                                  .weights = SIDE(weights)->data,
                                  .bias = trial->shape.has_bias ? SIDE(bias)->data : NULL,
                                  .residual = trial->shape.residual_pitch ? SIDE(residual) : NULL,
                                  .dst = SIDE(dst)};
#undef SIDE
}

/* Compares the device's output buffer with the host's, which conv_host.c fills: the map's channels
 * nearly, all others to the bit. */
static inline void trial_compare(const struct trial *trial) {
    struct host_conv_library *library;
    struct conv_plan *plan;
    struct conv_operands operands = trial_operands(trial, false);
    const struct map *map = &trial->dst.host;
    char *actual = malloc(trial->dst.size);
    size_t size = element_size(map->element);
    size_t offset = (size_t)((char *)map->data - trial->dst.bytes);
    assert_non_null(actual);
    ASSERT_OK(host_conv_library_make(&library));
    ASSERT_OK(host_conv_library_want(library, &trial->shape, &plan));
    ASSERT_OK(host_conv_library_build(library));
    ASSERT_OK(host_conv_run(library, plan, &operands));
    ASSERT_OK(device_download(trial->dst.device_bytes, trial->dst.size, actual));
    for (size_t i = 0; i < map->n * map->height * map->width * map->pitch; i++) {
        float is = element_load(actual + offset, map->element, i);
        float wanted = element_load(map->data, map->element, i);
        /* Twice half a unit of fp16 where the sum was rounded before the activation. */
        float most = fabsf(wanted) * (size == 2 ? 0x1p-9f : 0x1p-19f) + (size == 2 ? 4e-3f : 1e-5f);
        if (i % map->pitch >= map->channels ? is != wanted : !(fabsf(is - wanted) <= most))
            fail_msg("element %zu is %.9g; %.9g is expected", i, (double)is, (double)wanted);
    }
    host_conv_library_free(library);
    free(actual);
}

/* Runs a plan at once and captured, each on the output that was there at first, and compares. */
static inline void trial_run(struct trial *trial, struct conv_library *library,
                             const struct conv_plan *plan) {
    cudaStream_t stream = conv_library_stream(library);
    struct conv_operands operands = trial_operands(trial, true);
    char *before = malloc(trial->dst.size);
    assert_non_null(before);
    memcpy(before, trial->dst.bytes, trial->dst.size);
    for (int captured = 0; captured < 2; captured++) {
        cudaGraph_t graph = NULL;
        cudaGraphExec_t exec = NULL;
        ASSERT_OK(device_upload(before, trial->dst.size, trial->dst.device_bytes));
        if (captured)
            assert_int_equal(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
                             cudaSuccess);
        ASSERT_OK(conv_run(library, plan, &operands));
        if (captured) {
            assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaSuccess);
            assert_int_equal(cudaGraphInstantiateWithFlags(&exec, graph, 0), cudaSuccess);
            assert_int_equal(cudaGraphDestroy(graph), cudaSuccess);
            assert_int_equal(cudaGraphLaunch(exec, stream), cudaSuccess);
        }
        ASSERT_OK(device_wait(stream));
        trial_compare(trial);
        if (exec)
            assert_int_equal(cudaGraphExecDestroy(exec), cudaSuccess);
    }
    free(before);
}

/* Shapes that are all packed fp16 maps but for what a test makes of them. */
static inline struct conv_shape shape_make(enum element element, size_t channels) {
    return (struct conv_shape){
        .n = 2,
        .height = 6,
        .width = 5,
        .in_channels = channels,
        .out_channels = 8,
        .in_pitch = channels,
        .out_pitch = 8,
        .window = {.kernel = {3, 3},
                   .stride = {1, 1},
                   .dilation = {1, 1},
                   .pad = {1, 1, 1, 1},
                   .group = 1},
        .has_bias = true,
        .epilogue = {ACTIVATION_SILU, 0, 0},
        .element = element,
    };
}

#endif
