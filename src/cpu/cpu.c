/* The backend on the CPU: a picture at a time through the network, and then the judge. */
#include "cpu/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cpu/network.h"

/* One picture's input. */
struct slot {
    uint8_t *levels; /* planes of 0 to 255 */
    size_t capacity;
    struct letterbox letterbox;
};

struct backend {
    const struct backend_interface *interface;
    const struct judge *judge;
    struct judge_scratch *scratch;
    struct cpu_network *network;
    const struct head *head;
    struct text device;
    size_t batch;
    size_t n_slots;
    struct slot *slots;
};

static enum status available(const int *devices, size_t n_devices) {
    (void)devices;
    (void)n_devices;
    return STATUS_OK;
}

/* "AMD EPYC 7763, 2 threads"; Linux tells the name on x86 alone. */
static enum status describe_device(struct text *text, size_t threads) {
    char line[256];
    const char *name = "CPU";
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "model name", strlen("model name")) != 0 || !strchr(line, ':'))
            continue;
        name = strchr(line, ':') + 1;
        name += strspn(name, " \t");
        line[strcspn(line, "\n")] = '\0';
        break;
    }
    text_format(text, "%s, %zu thread%s", name, threads, threads == 1 ? "" : "s");
    if (file)
        fclose(file);
    return text_status(text);
}

static void close_backend(struct backend *backend) {
    if (!backend)
        return;
    for (size_t i = 0; backend->slots && i < backend->n_slots; i++)
        free(backend->slots[i].levels);
    free(backend->slots);
    text_free(&backend->device);
    judge_scratch_free(backend->scratch);
    cpu_network_free(backend->network);
    free(backend);
}

static enum status open_backend(const struct model *model, const struct judge *judge,
                                const struct backend_options *options, struct backend **out) {
    enum status status;
    struct backend *backend;
    size_t threads = options->threads ? options->threads : 1;
    size_t height = model->graph.fixed_height ? (size_t)model->graph.fixed_height : options->imgsz;
    size_t width = model->graph.fixed_width ? (size_t)model->graph.fixed_width : options->imgsz;
    TRY(memory_zeroed(1, sizeof *backend, &backend));
    backend->interface = &backend_cpu;
    backend->judge = judge;
    backend->head = &model->graph.head;
    backend->n_slots = options->slots ? options->slots : 1;
    /* A picture at a time: a batch is no faster on a CPU. */
    backend->batch = options->batch ? options->batch : 1;
    TRY(memory_zeroed(backend->n_slots, sizeof *backend->slots, &backend->slots));
    TRY(describe_device(&backend->device, threads));
    TRY(judge_scratch_make(&backend->scratch));
    TRY(cpu_network_make(&model->graph, &(struct cpu_options){.threads = threads},
                         &backend->network));
    /* Here, so that a model that cannot be run is refused before the first picture. */
    status = cpu_network_compile(backend->network, height, width);
    if (status != STATUS_OK)
        status_prefix(status, "the %s model cannot be run on the CPU: ", model->format);
    if (status == STATUS_BAD_INPUT && options->model)
        status_prefix(status, "%s: ", options->model);
out:
    if (status != STATUS_OK) {
        close_backend(backend);
        backend = NULL;
    }
    *out = backend;
    return status;
}

static const char *device(const struct backend *backend) {
    return backend->device.data;
}

static size_t batch(const struct backend *backend) {
    return backend->batch;
}

static enum status stage(struct backend *backend, size_t slot_index, const struct image *image,
                         const struct letterbox *letterbox) {
    enum status status;
    struct slot *slot = &backend->slots[slot_index];
    size_t needed = 3 * (size_t)letterbox->net_width * letterbox->net_height;
    TRY(memory_reserve(&slot->levels, &slot->capacity, needed, 1));
    TRY(letterbox_levels(image, letterbox, &slot->letterbox, slot->levels));
    slot->letterbox = *letterbox;
out:
    return status;
}

static enum status judge(const struct backend *backend, const struct head_maps *maps,
                         const struct picture *picture) {
    const struct view view = {
        .head = backend->head, .maps = maps, .letterbox = &picture->letterbox};
    const struct labelling labellings[] = {
        {picture->targets, picture->n_labels, picture->findings},
        {picture->planted, picture->n_planted, picture->planted_findings},
    };
    return judge_labellings(backend->judge, &view, 1, labellings, picture->planted ? 2 : 1,
                            backend->scratch);
}

static enum status submit(struct backend *backend, struct picture *pictures, size_t n) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n; i++) {
        const struct picture *picture = &pictures[i];
        const struct slot *slot = &backend->slots[picture->slot];
        struct head_maps maps;
        TRY(cpu_network_forward_levels(backend->network, slot->letterbox.net_height,
                                       slot->letterbox.net_width, slot->levels, &maps));
        TRY(judge(backend, &maps, picture));
    }
out:
    return status;
}

/* Nothing is left to wait for. */
static enum status collect(struct backend *backend) {
    (void)backend;
    return STATUS_OK;
}

const struct backend_interface backend_cpu = {
    .name = "cpu",
    .prefix = "CPU",
    .self_tests = true,
    .auto_batch = 1,
    .depth = 1,
    .available = available,
    .open = open_backend,
    .device = device,
    .batch = batch,
    .stage = stage,
    .submit = submit,
    .collect = collect,
    .close = close_backend,
};
