/* The backend on the CPU: a picture at a time through its networks, and then the judge. */
#include "cpu/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cpu/network.h"

/* One picture's input to a network. */
struct input {
    uint8_t *levels; /* planes of 0 to 255 */
    size_t capacity;
    struct letterbox letterbox;
};

struct backend {
    const struct backend_interface *interface;
    const struct judge *judge;
    struct judge_scratch *scratch;
    size_t n_networks;
    const struct backend_network *descriptions; /* [n_networks]; the caller's, as opened */
    struct cpu_network **networks;              /* [n_networks] */
    /* Of the picture at hand, [n_networks]: maps stay where they are until the network's next. */
    struct head_maps *maps;
    struct view *views;
    struct text device;
    size_t batch;
    size_t n_slots;
    struct input *inputs; /* (slot, network) */
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
    for (size_t i = 0; backend->inputs && i < backend->n_slots * backend->n_networks; i++)
        free(backend->inputs[i].levels);
    for (size_t i = 0; backend->networks && i < backend->n_networks; i++)
        cpu_network_free(backend->networks[i]);
    free(backend->inputs);
    free(backend->networks);
    free(backend->maps);
    free(backend->views);
    text_free(&backend->device);
    judge_scratch_free(backend->scratch);
    free(backend);
}

/* Compiles it here, so that a model that cannot be run is refused before the first picture. */
static enum status make_network(const struct backend_network *network, size_t threads,
                                struct cpu_network **out) {
    enum status status;
    const struct graph *graph = &network->model->graph;
    size_t height = graph->fixed_height ? (size_t)graph->fixed_height : network->imgsz;
    size_t width = graph->fixed_width ? (size_t)graph->fixed_width : network->imgsz;
    TRY(cpu_network_make(graph, &(struct cpu_options){.threads = threads}, out));
    status = cpu_network_compile(*out, height, width);
    if (status != STATUS_OK)
        status_prefix(status, "the %s model cannot be run on the CPU: ", network->model->format);
    if (status == STATUS_BAD_INPUT && network->path)
        status_prefix(status, "%s: ", network->path);
out:
    return status;
}

static enum status open_backend(const struct backend_network *networks, size_t n_networks,
                                const struct judge *judge, const struct backend_options *options,
                                struct backend **out) {
    enum status status;
    struct backend *backend;
    size_t threads = options->threads ? options->threads : 1;
    TRY(memory_zeroed(1, sizeof *backend, &backend));
    backend->interface = &backend_cpu;
    backend->judge = judge;
    backend->descriptions = networks;
    backend->n_networks = n_networks;
    backend->n_slots = options->slots ? options->slots : 1;
    /* A picture at a time: a batch is no faster on a CPU. */
    backend->batch = options->batch ? options->batch : 1;
    TRY(memory_zeroed(n_networks, sizeof(void *), &backend->networks));
    TRY(memory_zeroed(n_networks, sizeof *backend->maps, &backend->maps));
    TRY(memory_zeroed(n_networks, sizeof *backend->views, &backend->views));
    TRY(memory_zeroed(backend->n_slots * n_networks, sizeof *backend->inputs, &backend->inputs));
    TRY(describe_device(&backend->device, threads));
    TRY(judge_scratch_make(&backend->scratch));
    for (size_t i = 0; i < n_networks; i++)
        TRY(make_network(&networks[i], threads, &backend->networks[i]));
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

static struct input *input_of(const struct backend *backend, size_t slot, size_t network) {
    return &backend->inputs[slot * backend->n_networks + network];
}

static enum status stage(struct backend *backend, size_t slot, const struct image *image,
                         const struct picture_view *views, size_t n_views) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n_views; i++) {
        struct input *input = input_of(backend, slot, views[i].network);
        const struct letterbox *letterbox = &views[i].letterbox;
        size_t needed = 3 * (size_t)letterbox->net_width * letterbox->net_height;
        TRY(memory_reserve(&input->levels, &input->capacity, needed, 1));
        TRY(letterbox_levels(image, letterbox, &input->letterbox, input->levels));
        input->letterbox = *letterbox;
    }
out:
    return status;
}

/* Runs a picture's networks, one after the other, and fills in its views. */
static enum status forward(struct backend *backend, const struct picture *picture) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < picture->n_views; i++) {
        size_t n = picture->views[i].network;
        const struct letterbox *letterbox = &picture->views[i].letterbox;
        TRY(cpu_network_forward_levels(
            backend->networks[n], letterbox->net_height, letterbox->net_width,
            input_of(backend, picture->slot, n)->levels, &backend->maps[n]));
        backend->views[i] = (struct view){.head = &backend->descriptions[n].model->graph.head,
                                          .maps = &backend->maps[n],
                                          .letterbox = letterbox,
                                          .classes = backend->descriptions[n].classes};
    }
out:
    return status;
}

/* By the views that are filled in. */
static enum status judge(const struct backend *backend, const struct picture *picture) {
    const struct labelling labellings[] = {
        {picture->targets, picture->n_labels, picture->findings},
        {picture->planted, picture->n_planted, picture->planted_findings},
    };
    return judge_labellings(backend->judge, backend->views, picture->n_views, labellings,
                            picture->planted ? 2 : 1, backend->scratch);
}

static enum status submit(struct backend *backend, struct picture *pictures, size_t n) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n; i++) {
        const struct picture *picture = &pictures[i];
        TRY(forward(backend, picture));
        TRY(judge(backend, picture));
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
