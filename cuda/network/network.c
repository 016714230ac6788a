/* A compiled network: making it, and running its steps. */
#include "cuda/network/network.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cuda/network/network_plan.h"

static void forget_graph(struct network *network) {
    for (size_t i = 0; network->contents && i < network->graph->n_tensors; i++)
        free(network->contents[i].index);
    free(network->contents);
    free(network->shapes);
    free(network->host_weights);
    network->contents = NULL;
    network->shapes = NULL;
    network->host_weights = NULL;
}

static enum status make_input(struct network *network, size_t height, size_t width) {
    enum status status;
    struct feature input = {
        .channels = (size_t)network->shapes[network->graph->input].dims[1],
        .height = height,
        .width = width,
        .element = network->element,
        .parent = NO_FEATURE,
        .home = HOME_ENDS,
    };
    input.pitch = channels_aligned(network->element, input.channels);
    TRY(feature_add(network, &input, &network->input));
    network->contents[network->graph->input] =
        (struct content){.role = ROLE_MAP, .feature = network->input};
out:
    return status;
}

static enum status allocate(struct network *network) {
    enum status status;
    TRY(device_alloc(network->weight_bytes, &network->weights));
    TRY(device_upload(network->host_weights, network->weight_bytes, network->weights));
    TRY(device_alloc(network->bytes[HOME_OWN], &network->memory[HOME_OWN]));
out:
    return status;
}

/* A convolution without groups computes the channels that fill up its rows, too: with weights of
 * zero they are multiples of what the hardware wants. */
static void pad_channels(struct map *map) {
    if (map->pitch)
        map->channels = channels_aligned(map->element, map->channels);
}

static enum status want_conv(struct network *network, struct step *step) {
    struct conv_shape shape = {
        .n = network->n,
        .height = step->src_map.height,
        .width = step->src_map.width,
        .in_channels = step->src_map.channels,
        .out_channels = step->dst_map[0].channels,
        .in_pitch = step->src_map.pitch,
        .out_pitch = step->dst_map[0].pitch,
        .residual_pitch = step->other_map.pitch,
        .window = step->window,
        .epilogue = step->epilogue,
        .has_bias = step->has_bias,
        .element = network->element,
    };
    return conv_library_want(network->library, &shape, &step->plan);
}

/* Where its maps, weights and bias are. */
static void bind_step(struct network *network, struct step *step) {
    char *weights = network->weights;
    step->src_map = feature_map(network, step->src);
    if (step->src_map.data)
        step->src_map.data = (char *)step->src_map.data + step->shift * step->src_map.pitch *
                                                              element_size(step->src_map.element);
    if (step->other != NO_FEATURE)
        step->other_map = feature_map(network, step->other);
    for (size_t i = 0; i < STEP_OUTPUTS; i++)
        if (step->dst[i] != NO_FEATURE)
            step->dst_map[i] = feature_map(network, step->dst[i]);
    if (step->has_weights && !step->weights_data)
        step->weights_data = weights + step->weights;
    if (step->has_bias)
        step->bias_data = (const float *)(const void *)(weights + step->bias);
    if (step->constant_channels)
        step->other_map = (struct map){weights + step->weights, network->element,       1, 1, 1,
                                       step->constant_channels, step->constant_channels};
    if (step->kind == STEP_CONV && step->window.group == 1) {
        pad_channels(&step->src_map);
        pad_channels(&step->other_map);
        pad_channels(&step->dst_map[0]);
    }
}

void network_bind(struct network *network, const struct network_memory *memory) {
    network->memory[HOME_ARENA] = memory->arena;
    network->memory[HOME_ENDS] = memory->ends;
    for (size_t i = 0; i < network->n_steps; i++)
        bind_step(network, &network->steps[i]);
}

struct network_bytes network_bytes(const struct network *network) {
    return (struct network_bytes){network->bytes[HOME_ARENA], network->bytes[HOME_ENDS]};
}

enum status network_make(const struct graph *graph, struct conv_library *library,
                         enum element element, size_t n, size_t height, size_t width,
                         struct network **out) {
    enum status status;
    struct network *network;
    TRY(memory_zeroed(1, sizeof *network, &network));
    network->graph = graph;
    network->library = library;
    network->element = element;
    network->n = n;
    TRY(memory_zeroed(graph->n_tensors, sizeof *network->shapes, &network->shapes));
    TRY(memory_zeroed(graph->n_tensors, sizeof *network->contents, &network->contents));
    TRY(graph_shapes(graph, (int64_t)height, (int64_t)width, network->shapes));
    TRY(make_input(network, height, width));
    TRY(steps_compile(network));
    TRY(arena_place(network));
    TRY(allocate(network));
    network_bind(network, &(struct network_memory){0}); /* for the shapes */
    for (size_t i = 0; i < network->n_steps; i++)
        if (network->steps[i].kind == STEP_CONV)
            TRY(want_conv(network, &network->steps[i]));
    forget_graph(network);
out:
    if (status != STATUS_OK) {
        network_free(network);
        network = NULL;
    }
    *out = network;
    return status;
}

void network_free(struct network *network) {
    if (!network)
        return;
    forget_graph(network);
    device_free(network->weights);
    device_free(network->memory[HOME_OWN]);
    free(network->features);
    free(network->steps);
    free(network);
}

struct map network_input(const struct network *network) {
    struct map input = feature_map(network, network->input);
    input.channels = input.pitch;
    return input;
}

size_t network_n_steps(const struct network *network) {
    return network->n_steps;
}

enum status network_step_run(struct network *network, size_t index) {
    stream_handle stream = conv_library_stream(network->library);
    const struct step *step = &network->steps[index];
    const struct map *src = &step->src_map, *dst = step->dst_map;
    const struct map *other = step->other_map.data ? &step->other_map : NULL;
    const struct conv_operands operands = {src, step->weights_data, step->bias_data, other, dst};
    const struct kernel_layer layer = {
        src, step->weights_data, &step->window, step->bias_data, &step->epilogue, other, dst};
    switch (step->kind) {
    case STEP_CONV:
        return conv_run(network->library, step->plan, &operands);
    case STEP_DEPTHWISE:
        return kernel_depthwise(&layer, stream);
    case STEP_DECONVOLUTION:
        return kernel_deconvolution(&layer, stream);
    case STEP_MAX_POOL:
        return kernel_max_pool(src, &step->window, dst, stream);
    case STEP_AVERAGE_POOL:
        return kernel_average_pool(src, &step->window, step->count_padding, dst, stream);
    case STEP_SPPF:
        return kernel_sppf(src, (size_t)step->window.kernel[0], dst, stream);
    case STEP_RESIZE:
        return kernel_resize(src, step->scale, dst, stream);
    case STEP_PAD:
        return kernel_pad(src, step->pad.top, step->pad.left, step->pad.value, dst, stream);
    case STEP_COPY:
        return kernel_copy(src, dst, stream);
    case STEP_GATHER:
        return kernel_gather_channels(src, step->gather.first, step->gather.run, step->gather.step,
                                      dst, stream);
    case STEP_ACTIVATION:
        return kernel_bias_activation(src, NULL, NULL, &step->epilogue, dst, stream);
    case STEP_BINARY:
        return kernel_binary(step->binary, src, other, dst, stream);
    case STEP_ATTENTION:
        return kernel_attention(src, &step->attention, dst, stream);
    }
    return STATUS_OK;
}

enum status network_forward(struct network *network) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < network->n_steps; i++)
        TRY(network_step_run(network, i));
out:
    return status;
}

struct network_head network_head(const struct network *network) {
    struct network_head head = {0};
    for (size_t i = 0; i < network->graph->head.n_levels; i++) {
        head.boxes[i] = feature_map(network, network->boxes[i]);
        head.scores[i] = feature_map(network, network->scores[i]);
    }
    return head;
}
