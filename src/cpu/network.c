#include "cpu/network.h"

#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "cpu/plan.h"
#include "image/image.h"

enum { ARENA_ALIGNMENT = 4096, PACKED_ALIGNMENT = 64, PAGE = 4096 };

struct cpu_network {
    struct runtime runtime;
    size_t n_plans, plan_capacity;
    struct plan **plans; /* one an input size */
    char *arena;         /* of the plan that runs: large enough for each */
    size_t arena_bytes;
    float *planes; /* for plans that do not read levels */
    size_t planes_capacity;
};

/* Maps are read in many places at a time: with pages of 4 KiB the CPU keeps looking for their
 * addresses. Where the kernel has no larger ones, nothing is lost. */
static void ask_huge_pages(void *data, size_t bytes) {
    uintptr_t first = ((uintptr_t)data + PAGE - 1) / PAGE * PAGE;
    uintptr_t end = ((uintptr_t)data + bytes) / PAGE * PAGE;
    if (end > first)
        madvise((char *)data + (first - (uintptr_t)data), end - first, MADV_HUGEPAGE);
}

static void weights_free(struct weights *weights) {
    if (weights->memory)
        dnnl_memory_destroy(weights->memory);
    descriptor_free(&weights->descriptor);
}

enum status runtime_weights(struct runtime *runtime, const struct op *op,
                            const struct descriptor *original, const struct descriptor *wanted,
                            dnnl_memory_t *out) {
    enum status status;
    dnnl_memory_t source = NULL;
    struct weights entry = {.op = op};
    for (size_t i = 0; i < runtime->n_weights; i++)
        if (runtime->weights[i].op == op &&
            descriptor_equal(&runtime->weights[i].descriptor, wanted)) {
            *out = runtime->weights[i].memory;
            return STATUS_OK;
        }
    TRY(memory_reserve(&runtime->weights, &runtime->weight_capacity, runtime->n_weights + 1,
                       sizeof *runtime->weights));
    TRY(descriptor_clone(wanted, &entry.descriptor));
    TRY(memory_make(runtime->engine, wanted, DNNL_MEMORY_ALLOCATE, &entry.memory));
    TRY(memory_make(runtime->engine, original, runtime->graph->tensors[op->inputs[1]].data,
                    &source));
    TRY(memory_reorder(runtime->engine, runtime->stream, original, source, wanted, entry.memory));
    runtime->weights[runtime->n_weights++] = entry;
    *out = entry.memory;
out:
    if (source)
        dnnl_memory_destroy(source);
    if (status != STATUS_OK)
        weights_free(&entry);
    return status;
}

enum status runtime_packed(struct runtime *runtime, const struct op *op, size_t floats, bool *fresh,
                           float **data) {
    enum status status;
    *fresh = false;
    for (size_t i = 0; i < runtime->n_packed; i++)
        if (runtime->packed[i].op == op && runtime->packed[i].floats == floats) {
            *data = runtime->packed[i].data;
            return STATUS_OK;
        }
    TRY(memory_reserve(&runtime->packed, &runtime->packed_capacity, runtime->n_packed + 1,
                       sizeof *runtime->packed));
    size_t bytes = (floats * sizeof **data + PACKED_ALIGNMENT - 1) / PACKED_ALIGNMENT;
    *data = aligned_alloc(PACKED_ALIGNMENT, bytes * PACKED_ALIGNMENT);
    if (!*data) {
        status = FAIL(STATUS_FAILED, "out of memory: %zu floats of weights", floats);
        goto out;
    }
    ask_huge_pages(*data, bytes * PACKED_ALIGNMENT);
    memset(*data, 0, floats * sizeof **data);
    runtime->packed[runtime->n_packed++] = (struct packed){op, floats, *data};
    *fresh = true;
out:
    return status;
}

/* The blocks that oneDNN's kernels for this CPU work on. Elsewhere than on x86 it has fast ones
 * for planes alone. */
static size_t preferred_block(void) {
#if defined(__x86_64__)
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core
               ? 16
               : 8;
#else
    return 1;
#endif
}

enum status cpu_network_make(const struct graph *graph, const struct cpu_options *options,
                             struct cpu_network **out) {
    enum status status;
    struct cpu_network *network;
    TRY(memory_zeroed(1, sizeof *network, &network));
    struct runtime *runtime = &network->runtime;
    runtime->graph = graph;
    runtime->threads = options->threads ? options->threads : 1;
    runtime->block = options->block ? options->block : preferred_block();
    runtime->kernels = kernels_choose();
    runtime->convolutions = options->plain ? NULL : convolutions_choose(runtime->block);
    TRY(DNNL(dnnl_engine_create(&runtime->engine, dnnl_cpu, 0)));
    TRY(DNNL(dnnl_stream_create(&runtime->stream, runtime->engine, dnnl_stream_default_flags)));
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
    struct runtime *runtime = &network->runtime;
    for (size_t i = 0; i < network->n_plans; i++)
        plan_free(network->plans[i]);
    for (size_t i = 0; i < runtime->n_weights; i++)
        weights_free(&runtime->weights[i]);
    for (size_t i = 0; i < runtime->n_packed; i++)
        free(runtime->packed[i].data);
    if (runtime->stream)
        dnnl_stream_destroy(runtime->stream);
    if (runtime->engine)
        dnnl_engine_destroy(runtime->engine);
    free(runtime->packed);
    free(runtime->weights);
    free(network->plans);
    free(network->planes);
    free(network->arena);
    free(network);
}

static enum status find_plan(struct cpu_network *network, size_t height, size_t width,
                             struct plan **out) {
    enum status status;
    for (size_t i = 0; i < network->n_plans; i++)
        if (network->plans[i]->height == height && network->plans[i]->width == width) {
            *out = network->plans[i];
            return STATUS_OK;
        }
    TRY(memory_reserve(&network->plans, &network->plan_capacity, network->n_plans + 1,
                       sizeof(struct plan *)));
    TRY(plan_make(&network->runtime, height, width, out));
    network->plans[network->n_plans++] = *out;
out:
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
    ask_huge_pages(network->arena, bytes);
    network->arena_bytes = bytes;
    return STATUS_OK;
}

/* oneDNN takes the number of threads from OpenMP's setting of the calling thread; it is put back,
 * as the thread is the caller's. */
static int set_threads(const struct cpu_network *network) {
    int before = omp_get_max_threads();
    omp_set_num_threads((int)network->runtime.threads);
    return before;
}

enum status cpu_network_compile(struct cpu_network *network, size_t height, size_t width) {
    struct plan *plan;
    int threads = set_threads(network);
    enum status status = find_plan(network, height, width, &plan);
    omp_set_num_threads(threads);
    return status;
}

static enum status run(struct cpu_network *network, struct plan *plan,
                       const struct plan_input *input, struct head_maps *maps,
                       void (*after)(void *context, const struct cpu_step *step), void *context) {
    enum status status;
    TRY(grow_arena(network, plan->arena_bytes));
    TRY(plan_run(plan, network->arena, input, after, context));
    plan_maps(plan, maps);
out:
    return status;
}

enum status cpu_network_forward(struct cpu_network *network, size_t height, size_t width,
                                const float *planes, struct head_maps *maps) {
    return cpu_network_trace(network, height, width, planes, maps, NULL, NULL);
}

enum status cpu_network_forward_levels(struct cpu_network *network, size_t height, size_t width,
                                       const uint8_t *levels, struct head_maps *maps) {
    enum status status;
    struct plan *plan;
    struct plan_input input = {.levels = levels};
    size_t n = 3 * height * width;
    int threads = set_threads(network);
    TRY(find_plan(network, height, width, &plan));
    if (!plan->reads_levels) {
        TRY(memory_reserve(&network->planes, &network->planes_capacity, n,
                           sizeof *network->planes));
        letterbox_units(levels, n, network->planes);
        input = (struct plan_input){.planes = network->planes};
    }
    TRY(run(network, plan, &input, maps, NULL, NULL));
out:
    omp_set_num_threads(threads);
    return status;
}

enum status cpu_network_trace(struct cpu_network *network, size_t height, size_t width,
                              const float *planes, struct head_maps *maps,
                              void (*after)(void *context, const struct cpu_step *step),
                              void *context) {
    enum status status;
    struct plan *plan;
    int threads = set_threads(network);
    TRY(find_plan(network, height, width, &plan));
    TRY(run(network, plan, &(struct plan_input){.planes = planes}, maps, after, context));
out:
    omp_set_num_threads(threads);
    return status;
}
