/* The backend interface on one CUDA device: pinned staging, batches through a network a shape, the
 * raw head copied back in one piece and judged on the host. */
#include <cuda_runtime_api.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cuda/check.h"
#include "cuda/conv.h"
#include "cuda/cuda.h"
#include "cuda/device.h"
#include "cuda/memory.h"
#include "cuda/network.h"

/* Pictures a forward where --batch does not say: at 640 the widest maps of yolov8n still fit an
 * H200's L2 cache. Halved until the device's memory suffices. */
enum { AUTO_BATCH = 32 };

/* A staged picture, as it was read. */
struct slot {
    uint8_t *pixels; /* pinned */
    size_t capacity;
    struct letterbox letterbox;
};

/* A network compiled for one shape, and what a forward of it copies to and fro. */
struct engine {
    size_t height, width;
    struct network *network;
    cudaGraphExec_t graph; /* the forward, captured at its second run; NULL before */
    size_t runs;
    float *maps; /* pinned: the head's maps of a batch, one after the other */
    size_t maps_floats;
};

struct backend {
    const struct backend_interface *interface;
    const struct model *model;
    const struct judge *judge;
    struct device device;
    struct text description, note;
    cudaStream_t stream;
    struct conv_library *library;
    enum element element;
    size_t batch, threads;
    struct judge_scratch **scratch; /* [threads] */
    size_t n_slots;
    struct slot *slots;
    size_t n_engines, engine_capacity;
    struct engine *engines;
    uint8_t *pixels; /* on the device: a batch's pictures */
    size_t pixels_capacity;
    struct kernel_picture *pictures, *device_pictures; /* [batch], pinned and on the device */
};

static enum status available(void) {
    return device_available();
}

static void engine_free(struct engine *engine) {
    if (engine->graph)
        cudaGraphExecDestroy(engine->graph);
    network_free(engine->network);
    device_pinned_free(engine->maps);
}

static void close_backend(struct backend *backend) {
    if (!backend)
        return;
    if (backend->stream)
        cudaStreamSynchronize(backend->stream);
    for (size_t i = 0; i < backend->n_engines; i++)
        engine_free(&backend->engines[i]);
    free(backend->engines);
    for (size_t i = 0; backend->slots && i < backend->n_slots; i++)
        device_pinned_free(backend->slots[i].pixels);
    free(backend->slots);
    for (size_t i = 0; backend->scratch && i < backend->threads; i++)
        judge_scratch_free(backend->scratch[i]);
    free(backend->scratch);
    conv_library_free(backend->library);
    device_free(backend->pixels);
    device_free(backend->device_pictures);
    device_pinned_free(backend->pictures);
    if (backend->stream)
        cudaStreamDestroy(backend->stream);
    text_free(&backend->description);
    text_free(&backend->note);
    free(backend);
}

/* Floats of all head maps of a batch. */
static size_t head_floats(const struct head *head, const struct network_head *maps) {
    size_t floats = 0;
    for (size_t i = 0; i < head->n_levels; i++) {
        const struct map *boxes = &maps->boxes[i], *scores = &maps->scores[i];
        floats += boxes->n * boxes->height * boxes->width * boxes->channels;
        if (scores->data != boxes->data)
            floats += scores->n * scores->height * scores->width * scores->channels;
    }
    return floats;
}

/* The engine for a shape, compiled at its first use. */
static enum status engine_of(struct backend *backend, size_t height, size_t width,
                             struct engine **out) {
    enum status status = STATUS_OK;
    const struct graph *graph = &backend->model->graph;
    for (size_t i = 0; i < backend->n_engines; i++)
        if (backend->engines[i].height == height && backend->engines[i].width == width) {
            *out = &backend->engines[i];
            return STATUS_OK;
        }
    TRY(memory_reserve(&backend->engines, &backend->engine_capacity, backend->n_engines + 1,
                       sizeof *backend->engines));
    struct engine *engine = &backend->engines[backend->n_engines];
    *engine = (struct engine){.height = height, .width = width};
    TRY(network_make(graph, backend->library, backend->element, backend->batch, height, width,
                     &engine->network));
    struct network_head head = network_head(engine->network);
    engine->maps_floats = head_floats(&graph->head, &head);
    status = device_pinned_alloc(engine->maps_floats * sizeof(float), (void **)&engine->maps);
    if (status != STATUS_OK) {
        network_free(engine->network);
        goto out;
    }
    backend->n_engines++;
    *out = engine;
out:
    return status;
}

/* The first engine; where the device's memory does not suffice, half the batch. */
static enum status first_engine(struct backend *backend, size_t height, size_t width) {
    struct engine *engine;
    enum status status;
    while ((status = engine_of(backend, height, width, &engine)) == STATUS_FAILED &&
           backend->batch > 1 && strstr(status_message(), DEVICE_MEMORY_SHORT))
        backend->batch /= 2;
    return status;
}

/* What the user should know: a device that ranks share, a smaller batch, slower convolutions. */
static enum status take_notes(struct backend *backend, const struct backend_options *options) {
    const struct device *device = &backend->device;
    const char *library = conv_library_note(backend->library);
    if (device->shared)
        text_format(&backend->note, "shares device %d (%s) with local rank %d: %d visible; ",
                    device->index, device->uuid, options->local_rank % device->visible,
                    device->visible);
    if (options->batch && backend->batch < options->batch)
        text_format(&backend->note, "batch lowered from %zu to %zu for lack of device memory; ",
                    options->batch, backend->batch);
    if (library)
        text_format(&backend->note, "%s; ", library);
    if (backend->note.length)
        backend->note.data[backend->note.length - 2] = '\0';
    return text_status(&backend->note);
}

static enum status open_backend(const struct model *model, const struct judge *judge,
                                const struct backend_options *options, struct backend **out) {
    enum status status;
    struct backend *backend = NULL;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *backend, &backend));
    backend->interface = &backend_cuda;
    backend->model = model;
    backend->judge = judge;
    backend->batch = options->batch ? options->batch : AUTO_BATCH;
    backend->threads = options->threads ? options->threads : 1;
    backend->element = options->half ? ELEMENT_F16 : ELEMENT_F32;
    backend->n_slots = options->slots;
    TRY(memory_zeroed(backend->n_slots, sizeof *backend->slots, &backend->slots));
    TRY(memory_zeroed(backend->threads, sizeof(void *), &backend->scratch));
    for (size_t i = 0; i < backend->threads; i++)
        TRY(judge_scratch_make(&backend->scratch[i]));
    TRY(device_bind(options->local_rank, &backend->device));
    text_format(&backend->description, "%s (%s)", backend->device.name, backend->device.uuid);
    TRY(text_status(&backend->description));
    CUDA_TRY(cudaStreamCreateWithFlags(&backend->stream, cudaStreamNonBlocking));
    TRY(conv_library_make(backend->stream, &backend->library));
    TRY(device_pinned_alloc(backend->batch * sizeof *backend->pictures,
                            (void **)&backend->pictures));
    TRY(device_alloc(backend->batch * sizeof *backend->pictures,
                     (void **)&backend->device_pictures));
    TRY(first_engine(backend,
                     model->graph.fixed_height ? (size_t)model->graph.fixed_height : options->imgsz,
                     model->graph.fixed_width ? (size_t)model->graph.fixed_width : options->imgsz));
    TRY(take_notes(backend, options));
    *out = backend;
    backend = NULL;
out:
    close_backend(backend);
    return status;
}

static const char *note(const struct backend *backend) {
    return backend->note.length ? backend->note.data : NULL;
}

static const char *device(const struct backend *backend) {
    return backend->description.data;
}

static size_t batch(const struct backend *backend) {
    return backend->batch;
}

static enum status stage(struct backend *backend, size_t index, const struct image *image,
                         const struct letterbox *letterbox) {
    enum status status = STATUS_OK;
    struct slot *slot = &backend->slots[index];
    size_t bytes = (size_t)3 * image->width * image->height;
    if (bytes > slot->capacity) {
        CUDA_TRY(cudaSetDevice(backend->device.index)); /* the choice is a thread's own */
        device_pinned_free(slot->pixels);
        slot->pixels = NULL;
        slot->capacity = 0;
        TRY(device_pinned_alloc(bytes + bytes / 4, (void **)&slot->pixels));
        slot->capacity = bytes + bytes / 4;
    }
    memcpy(slot->pixels, image->pixels, bytes);
    slot->letterbox = *letterbox;
out:
    return status;
}

/* Copies the pictures side by side to the device and enqueues their letterboxing. */
static enum status upload(struct backend *backend, const struct picture *pictures, size_t n,
                          const struct engine *engine) {
    enum status status = STATUS_OK;
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        const struct letterbox *box = &pictures[i].letterbox;
        bytes += (size_t)3 * box->image_width * box->image_height;
    }
    if (bytes > backend->pixels_capacity) {
        device_free(backend->pixels);
        backend->pixels = NULL;
        backend->pixels_capacity = 0;
        TRY(device_alloc(bytes + bytes / 4, (void **)&backend->pixels));
        backend->pixels_capacity = bytes + bytes / 4;
    }
    for (size_t i = 0; i < n; i++) {
        const struct slot *slot = &backend->slots[pictures[i].slot];
        const struct letterbox *box = &slot->letterbox;
        size_t size = (size_t)3 * box->image_width * box->image_height;
        backend->pictures[i] = (struct kernel_picture){backend->pixels + at, *box};
        CUDA_TRY(cudaMemcpyAsync(backend->pixels + at, slot->pixels, size, cudaMemcpyHostToDevice,
                                 backend->stream));
        at += size;
    }
    CUDA_TRY(cudaMemcpyAsync(backend->device_pictures, backend->pictures,
                             n * sizeof *backend->pictures, cudaMemcpyHostToDevice,
                             backend->stream));
    struct map input = network_input(engine->network);
    input.n = n; /* the rest of the batch keeps what it held */
    TRY(kernel_letterbox(backend->device_pictures, &input, backend->stream));
out:
    return status;
}

/* Enqueues the forward: the first time as it is, since libraries still set themselves up then; the
 * second time captured; from then on the captured graph in one launch. */
static enum status run(struct backend *backend, struct engine *engine) {
    enum status status;
    cudaGraph_t graph = NULL;
    if (engine->runs++ == 0)
        return network_forward(engine->network, backend->stream);
    if (!engine->graph) {
        CUDA_TRY(cudaStreamBeginCapture(backend->stream, cudaStreamCaptureModeThreadLocal));
        enum status enqueued = network_forward(engine->network, backend->stream);
        CUDA_TRY(cudaStreamEndCapture(backend->stream, &graph));
        TRY(enqueued);
        CUDA_TRY(cudaGraphInstantiate(&engine->graph, graph, 0));
    }
    CUDA_TRY(cudaGraphLaunch(engine->graph, backend->stream));
out:
    if (graph)
        cudaGraphDestroy(graph);
    return status;
}

/* Enqueues the copy of one level's map into `to`, advanced past it; `views` get picture i's part.
 */
static enum status download_map(struct backend *backend, const struct map *map, float **to,
                                struct head_map *view) {
    size_t picture = map->height * map->width * map->channels;
    *view = (struct head_map){.data = *to,
                              .channels = map->channels,
                              .width = map->width,
                              .height = map->height,
                              .block = map->channels};
    *to += map->n * picture;
    enum status status = STATUS_OK;
    CUDA_TRY(cudaMemcpyAsync((void *)view->data, map->data, map->n * picture * sizeof(float),
                             cudaMemcpyDeviceToHost, backend->stream));
out:
    return status;
}

static enum status download(struct backend *backend, const struct engine *engine, size_t n,
                            struct head_maps *first) {
    enum status status = STATUS_OK;
    struct network_head head = network_head(engine->network);
    float *to = engine->maps;
    for (size_t i = 0; i < backend->model->graph.head.n_levels; i++) {
        head.boxes[i].n = head.scores[i].n = n;
        TRY(download_map(backend, &head.boxes[i], &to, &first->boxes[i]));
        if (head.scores[i].data == head.boxes[i].data)
            first->scores[i] = first->boxes[i];
        else
            TRY(download_map(backend, &head.scores[i], &to, &first->scores[i]));
    }
    CUDA_TRY(cudaStreamSynchronize(backend->stream));
out:
    return status;
}

/* The maps of picture i, given those of the first. */
static struct head_maps maps_of(const struct head *head, const struct head_maps *first, size_t i) {
    struct head_maps maps = *first;
    for (size_t l = 0; l < head->n_levels; l++) {
        const struct head_map *boxes = &first->boxes[l], *scores = &first->scores[l];
        maps.boxes[l].data += i * boxes->height * boxes->width * boxes->channels;
        maps.scores[l].data += i * scores->height * scores->width * scores->channels;
    }
    return maps;
}

static enum status judge_batch(struct backend *backend, const struct head_maps *first,
                               const struct picture *pictures, size_t n) {
    enum status worst = STATUS_OK;
    char message[512] = "";
#pragma omp parallel for schedule(dynamic) num_threads((int)backend->threads)
    for (size_t i = 0; i < n; i++) {
        struct head_maps maps = maps_of(&backend->judge->head, first, i);
        enum status status = judge_picture(
            backend->judge, &maps, &pictures[i].letterbox, pictures[i].targets,
            pictures[i].n_labels, backend->scratch[omp_get_thread_num()], pictures[i].findings);
        if (status == STATUS_OK)
            continue;
#pragma omp critical
        {
            /* Messages are kept per thread: bring it to the caller's. */
            worst = status_worse(worst, status);
            snprintf(message, sizeof message, "%s", status_message());
        }
    }
    return worst == STATUS_OK ? STATUS_OK : FAIL(worst, "%s", message);
}

/* Pictures [0, n) have one shape. */
static enum status forward_shape(struct backend *backend, struct picture *pictures, size_t n) {
    enum status status;
    struct engine *engine;
    struct head_maps first = {0};
    TRY(engine_of(backend, pictures[0].letterbox.net_height, pictures[0].letterbox.net_width,
                  &engine));
    TRY(upload(backend, pictures, n, engine));
    TRY(run(backend, engine));
    TRY(download(backend, engine, n, &first));
    TRY(judge_batch(backend, &first, pictures, n));
out:
    return status;
}

static bool same_shape(const struct picture *a, const struct picture *b) {
    return a->letterbox.net_height == b->letterbox.net_height &&
           a->letterbox.net_width == b->letterbox.net_width;
}

/* Runs of one shape at a time: sorted so that each shape comes once. */
static enum status forward(struct backend *backend, struct picture *pictures, size_t n) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaSetDevice(backend->device.index)); /* the choice is a thread's own */
    for (size_t begin = 0, end; begin < n; begin = end) {
        end = begin + 1;
        for (size_t i = end; i < n; i++)
            if (same_shape(&pictures[begin], &pictures[i])) {
                struct picture moved = pictures[end];
                pictures[end++] = pictures[i];
                pictures[i] = moved;
            }
        TRY(forward_shape(backend, pictures + begin, end - begin));
    }
out:
    return status;
}

const struct backend_interface backend_cuda = {
    .name = "cuda",
    .prefix = "GPU",
    .auto_batch = AUTO_BATCH,
    .available = available,
    .open = open_backend,
    .device = device,
    .note = note,
    .batch = batch,
    .stage = stage,
    .forward = forward,
    .close = close_backend,
};
