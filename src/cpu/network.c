/* A network with its compiled graphs, one an input size, and the memory that they share. */
#include "cpu/network.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cpu/compile/compile.h"
#include "cpu/compile/head.h"
#include "cpu/crew.h"
#include "cpu/kernels/convolutions_choose.h"
#include "cpu/layers/layer_table.h"
#include "cpu/layers/onednn.h"
#include "cpu/run.h"
#include "image/image.h"

enum { ARENA_ALIGNMENT = 4096 };

/* The graph for one input size, and the threads that run it. */
struct compiled {
    struct plan *plan;
    struct team *team;
};

struct cpu_network {
    struct runtime runtime;
    size_t n_sizes, size_capacity;
    struct compiled *sizes; /* one an input size */
    char *arena;            /* of the plan that runs: large enough for each */
    size_t arena_bytes;
    float *planes; /* for plans that do not read levels */
    size_t planes_capacity;
};

enum status cpu_network_make(const struct graph *graph, const struct cpu_options *options,
                             struct cpu_network **out) {
    enum status status;
    struct cpu_network *network;
    TRY(memory_zeroed(1, sizeof *network, &network));
    struct runtime *runtime = &network->runtime;
    runtime->graph = graph;
    runtime->threads = options->threads ? options->threads : 1;
    runtime->block = options->block ? options->block : onednn_block();
    runtime->kernels = kernels_choose();
    if (!options->plain)
        runtime->convolutions =
            options->convolutions ? options->convolutions : convolutions_choose(runtime->block);
    TRY(crew_make(runtime->threads, &runtime->crew));
    TRY(onednn_open(&runtime->onednn));
out:
    if (status != STATUS_OK) {
        cpu_network_free(network);
        network = NULL;
    }
    *out = network;
    return status;
}

void cpu_network_free(struct cpu_network *network) {
    if (!network)
        return;
    for (size_t i = 0; i < network->n_sizes; i++) {
        team_free(network->sizes[i].team);
        plan_free(network->sizes[i].plan);
    }
    runtime_free(&network->runtime);
    crew_free(network->runtime.crew);
    onednn_close(network->runtime.onednn);
    free(network->sizes);
    free(network->planes);
    free(network->arena);
    free(network);
}

static enum status find_size(struct cpu_network *network, size_t height, size_t width,
                             struct compiled *out) {
    enum status status;
    *out = (struct compiled){0};
    for (size_t i = 0; i < network->n_sizes; i++) {
        const struct plan *plan = network->sizes[i].plan;
        if (plan->height == height && plan->width == width) {
            *out = network->sizes[i];
            return STATUS_OK;
        }
    }
    TRY(memory_reserve(&network->sizes, &network->size_capacity, network->n_sizes + 1,
                       sizeof *network->sizes));
    TRY(plan_make(&network->runtime, &layer_table, height, width, &out->plan));
    TRY(team_make(network->runtime.threads, out->plan->n_steps, &out->team));
    network->sizes[network->n_sizes++] = *out;
out:
    if (status != STATUS_OK)
        plan_free(out->plan);
    return status;
}

static enum status grow_arena(struct cpu_network *network, size_t bytes) {
    if (network->arena && network->arena_bytes >= bytes)
        return STATUS_OK;
    free(network->arena);
    network->arena_bytes = 0;
    bytes = (bytes / ARENA_ALIGNMENT + 1) * ARENA_ALIGNMENT; /* never 0 */
    network->arena = aligned_alloc(ARENA_ALIGNMENT, bytes);
    if (!network->arena)
        return FAIL(STATUS_FAILED, "out of memory: %zu bytes for feature maps", bytes);
    runtime_huge_pages(network->arena, bytes);
    network->arena_bytes = bytes;
    return STATUS_OK;
}

enum status cpu_network_compile(struct cpu_network *network, size_t height, size_t width) {
    struct compiled compiled;
    return find_size(network, height, width, &compiled);
}

static enum status run(struct cpu_network *network, const struct compiled *compiled,
                       struct run_memory *memory, struct head_maps *maps,
                       const struct cpu_trace *trace) {
    enum status status;
    TRY(grow_arena(network, compiled->plan->arena_bytes));
    memory->arena = network->arena;
    TRY(run_plan(compiled->plan, compiled->team, memory, trace));
    plan_maps(compiled->plan, maps);
out:
    return status;
}

enum status cpu_network_forward(struct cpu_network *network, size_t height, size_t width,
                                const float *planes, struct head_maps *maps) {
    return cpu_network_trace(network, height, width, planes, maps, &(struct cpu_trace){0});
}

enum status cpu_network_forward_levels(struct cpu_network *network, size_t height, size_t width,
                                       const uint8_t *levels, struct head_maps *maps) {
    enum status status;
    struct compiled compiled;
    struct run_memory memory = {.levels = levels};
    size_t n = 3 * height * width;
    TRY(find_size(network, height, width, &compiled));
    if (!compiled.plan->reads_levels) {
        TRY(memory_reserve(&network->planes, &network->planes_capacity, n,
                           sizeof *network->planes));
        letterbox_units(levels, n, network->planes);
        memory = (struct run_memory){.planes = network->planes};
    }
    TRY(run(network, &compiled, &memory, maps, &(struct cpu_trace){0}));
out:
    return status;
}

enum status cpu_network_trace(struct cpu_network *network, size_t height, size_t width,
                              const float *planes, struct head_maps *maps,
                              const struct cpu_trace *trace) {
    enum status status;
    struct compiled compiled;
    struct run_memory memory = {.planes = planes};
    TRY(find_size(network, height, width, &compiled));
    TRY(run(network, &compiled, &memory, maps, trace));
out:
    return status;
}
