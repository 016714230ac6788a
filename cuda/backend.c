/* The backend interface on one CUDA device. Three things go on at a time: readers stage pictures,
 * which are copied to the device at once; the device works on batches that were submitted; and the
 * small results of finished ones are read back. */
#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cuda/check.h"
#include "cuda/conv/conv.h"
#include "cuda/cuda.h"
#include "cuda/device.h"
#include "cuda/engines.h"
#include "cuda/judge/judge_device.h"
#include "cuda/memory.h"
#include "cuda/staging.h"
#include "cuda/wait.h"

/* Pictures a forward where --batch does not say: at 640 the widest maps of yolov8n still fit an
 * H200's L2 cache. Halved until the device's memory suffices. */
enum { AUTO_BATCH = 32 };
/* Batches submitted and not collected: one that the device works on and one that waits for it. */
enum { DEPTH = 2 };
/* Labels of a picture for which there is room from the start. */
enum { ORDINARY_LABELS = 16 };

/* Pictures of the same views, each of one shape, on their way through the device. */
struct run {
    struct picture *pictures; /* the caller's */
    size_t n;
    enum element element;          /* that they are forwarded in */
    struct kernel_picture *inputs; /* (views, batch), pinned */
    struct judgement *judgement;
    cudaEvent_t done;
};

struct backend {
    const struct backend_interface *interface;
    struct device device;
    struct text description, note;
    cudaStream_t stream; /* the library's: forwards and judging */
    struct conv_library *library;
    struct engines engines;
    enum element element; /* that pictures are forwarded in at first */
    struct staging *staging;
    struct device_judge *judge;
    const struct backend_network *networks; /* the caller's */
    size_t n_networks;
    size_t most_views;         /* of a picture */
    struct judged_view *views; /* [most_views]: of the batch at hand */
    size_t batch;
    double hang_seconds;           /* of a batch, after which the device hangs; 0: never */
    bool hung;                     /* it does: nothing may wait for it any more */
    struct kernel_picture *inputs; /* (views, batch), on the device */
    /* Runs are begun and finished in one order: run r is runs[r % DEPTH]. */
    struct run runs[DEPTH];
    uint64_t begun, finished;
    /* Batches likewise: batch b is done when run ends[b % DEPTH] - 1 is. */
    uint64_t submitted, collected, ends[DEPTH];
};

static void run_free(struct run *run) {
    device_pinned_free(run->inputs);
    judgement_free(run->judgement);
    if (run->done)
        cuda_forget(cudaEventDestroy(run->done));
}

static enum status run_make(struct backend *backend, struct run *run) {
    enum status status;
    size_t n = backend->most_views * backend->batch;
    TRY(device_pinned_alloc(n * sizeof *run->inputs, (void **)&run->inputs));
    TRY(judgement_make(backend->judge, &run->judgement));
    CUDA_TRY(cudaEventCreateWithFlags(&run->done, cudaEventDisableTiming));
out:
    return status;
}

/* A batch of nothing, so that all that a batch takes of the device's memory is there from now on,
 * and what goes wrong goes wrong before the first picture. */
static enum status rehearse(struct backend *backend, const struct judge *judge) {
    enum status status;
    const struct target targets[ORDINARY_LABELS] = {{0}};
    struct picture_view *views = NULL;
    struct picture *pictures = NULL;
    TRY(memory_zeroed(backend->most_views, sizeof *views, &views));
    TRY(memory_zeroed(backend->batch, sizeof *pictures, &pictures));
    for (size_t v = 0; v < backend->most_views; v++)
        views[v] = (struct picture_view){v, {.gain = 1, .gain_x = 1, .gain_y = 1}};
    for (size_t i = 0; i < backend->batch; i++)
        pictures[i] = (struct picture){.n_views = backend->most_views,
                                       .views = views,
                                       .n_labels = ORDINARY_LABELS,
                                       .targets = targets,
                                       .n_planted = ORDINARY_LABELS,
                                       .planted = judge->self_test ? targets : NULL};
    for (size_t i = 0; i < backend->engines.count; i++) {
        struct engine *engine = &backend->engines.items[i];
        TRY(engine_forward(&backend->engines, engine));
        if (i < backend->most_views)
            backend->views[i] = (struct judged_view){i, network_head(engine->network)};
    }
    for (size_t i = 0; i < DEPTH; i++) {
        struct judgement *judgement = backend->runs[i].judgement;
        TRY(judgement_describe(judgement, backend->views, backend->most_views, pictures,
                               backend->batch));
        TRY(judgement_enqueue(judgement, backend->stream));
    }
    CUDA_TRY(cudaStreamSynchronize(backend->stream));
out:
    free(views);
    free(pictures);
    return status;
}

static enum status compile_all(struct backend *backend) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < backend->n_networks; i++) {
        const struct backend_network *network = &backend->networks[i];
        const struct graph *graph = &network->model->graph;
        size_t height = graph->fixed_height ? (size_t)graph->fixed_height : network->imgsz;
        size_t width = graph->fixed_width ? (size_t)graph->fixed_width : network->imgsz;
        status = engines_compile(&backend->engines, backend->element, i, height, width);
        if (status == STATUS_BAD_INPUT && network->path)
            status_prefix(status, "%s: ", network->path);
        TRY(status);
    }
out:
    return status;
}

static enum status make_judge(struct backend *backend, const struct judge *judge) {
    enum status status;
    struct judged_network *networks;
    TRY(memory_zeroed(backend->n_networks, sizeof *networks, &networks));
    for (size_t i = 0; i < backend->n_networks; i++)
        networks[i] = (struct judged_network){&backend->networks[i].model->graph.head,
                                              backend->networks[i].classes};
    status =
        device_judge_make(judge, networks, backend->n_networks, backend->batch, &backend->judge);
out:
    free(networks);
    return status;
}

/* What depends on the batch. */
static enum status batch_make(struct backend *backend, const struct judge *judge) {
    enum status status;
    size_t n_inputs = backend->most_views * backend->batch;
    backend->engines.batch = backend->batch;
    TRY(compile_all(backend));
    TRY(device_alloc(n_inputs * sizeof *backend->inputs, (void **)&backend->inputs));
    TRY(make_judge(backend, judge));
    for (size_t i = 0; i < DEPTH; i++)
        TRY(run_make(backend, &backend->runs[i]));
    TRY(rehearse(backend, judge));
out:
    return status;
}

static void batch_free(struct backend *backend) {
    if (backend->stream)
        cuda_forget(cudaStreamSynchronize(backend->stream));
    engines_clear(&backend->engines);
    for (size_t i = 0; i < DEPTH; i++)
        run_free(&backend->runs[i]);
    device_judge_free(backend->judge);
    device_free(backend->inputs);
    memset(backend->runs, 0, sizeof backend->runs);
    backend->judge = NULL;
    backend->inputs = NULL;
}

/* Where the device's memory does not suffice, with half the batch. */
static enum status largest_batch_make(struct backend *backend, const struct judge *judge) {
    enum status status;
    while (status_is_for(REASON_MEMORY, status = batch_make(backend, judge)) &&
           backend->batch > 1) {
        batch_free(backend);
        backend->batch /= 2;
    }
    return status;
}

static void close_backend(struct backend *backend) {
    /* Releasing would wait for a device that hangs: the end of the process does it. */
    if (!backend || backend->hung)
        return;
    batch_free(backend);
    staging_free(backend->staging);
    conv_library_free(backend->library);
    engines_free(&backend->engines);
    free(backend->views);
    text_free(&backend->description);
    text_free(&backend->note);
    free(backend);
}

/* What the user should know: a smaller batch, slower convolutions. */
static enum status take_notes(struct backend *backend, const struct backend_options *options) {
    const char *library = conv_library_note(backend->library);
    if (options->batch && backend->batch < options->batch)
        text_format(&backend->note, "batch lowered from %zu to %zu for lack of device memory; ",
                    options->batch, backend->batch);
    if (library)
        text_format(&backend->note, "%s; ", library);
    if (backend->note.length)
        backend->note.data[backend->note.length - 2] = '\0';
    return text_status(&backend->note);
}

static enum status open_backend(const struct backend_network *networks, size_t n_networks,
                                const struct judge *judge, const struct backend_options *options,
                                struct backend **out) {
    enum status status;
    struct backend *backend = NULL;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *backend, &backend));
    backend->interface = &backend_cuda;
    backend->batch = options->batch ? options->batch : AUTO_BATCH;
    backend->networks = networks;
    backend->n_networks = n_networks;
    backend->most_views = options->views;
    TRY(memory_zeroed(options->views, sizeof *backend->views, &backend->views));
    TRY(device_bind(options->local_rank, options->devices, options->n_devices, &backend->device));
    backend->hang_seconds = options->hang_seconds;
    text_format(&backend->description, "%s (%s)", backend->device.name, backend->device.uuid);
    TRY(text_status(&backend->description));
    TRY(conv_library_make(&backend->library));
    backend->stream = conv_library_stream(backend->library);
    TRY(engines_make(n_networks, &backend->engines));
    backend->engines.library = backend->library;
    backend->element = options->half ? ELEMENT_F16 : ELEMENT_F32;
    for (size_t i = 0; i < n_networks; i++)
        backend->engines.graphs[i] = &networks[i].model->graph;
    TRY(largest_batch_make(backend, judge));
    /* A slot for each view of a picture. */
    TRY(staging_make(backend->device.index, options->slots * options->views, options->image_memory,
                     &backend->staging));
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

static enum status stage(struct backend *backend, size_t slot, const struct image *image,
                         const struct picture_view *views, size_t n_views) {
    enum status status = STATUS_OK;
    for (size_t v = 0; v < n_views; v++)
        TRY(staging_put(backend->staging, slot * backend->most_views + v, image,
                        &views[v].letterbox));
out:
    return status;
}

static enum status wait_for(struct backend *backend, const struct run *run) {
    enum status status = event_wait(run->done, backend->hang_seconds, &backend->hung);
    return backend->hung ? hang_failure(backend->device.index, backend->description.data,
                                        backend->hang_seconds)
                         : status;
}

/* Until nothing is in flight; results are read later. */
static enum status wait_for_all(struct backend *backend) {
    return backend->begun == backend->finished
               ? STATUS_OK
               : wait_for(backend, &backend->runs[(backend->begun - 1) % DEPTH]);
}

static struct engine *find_engine(struct backend *backend, const struct run *run, size_t v) {
    const struct picture_view *view = &run->pictures[0].views[v];
    return engines_find(&backend->engines, run->element, view->network, view->letterbox.net_height,
                        view->letterbox.net_width);
}

/* Compiles what the run's views need and is not there yet. */
static enum status need_engines(struct backend *backend, const struct run *run) {
    enum status status = STATUS_OK;
    const struct picture *first = &run->pictures[0];
    engines_release(&backend->engines);
    for (size_t v = 0; v < first->n_views; v++) {
        struct engine *engine = find_engine(backend, run, v);
        if (engine)
            engine->needed = true;
    }
    for (size_t v = 0; v < first->n_views; v++) {
        const struct picture_view *view = &first->views[v];
        if (find_engine(backend, run, v))
            continue;
        TRY(wait_for_all(backend));
        TRY(engines_compile(&backend->engines, run->element, view->network,
                            view->letterbox.net_height, view->letterbox.net_width));
    }
out:
    return status;
}

/* Sets backend->views. */
static void view_maps(struct backend *backend, const struct run *run) {
    for (size_t v = 0; v < run->pictures[0].n_views; v++) {
        const struct picture_view *from = &run->pictures[0].views[v];
        struct judged_view *view = &backend->views[v];
        *view = (struct judged_view){from->network,
                                     network_head(find_engine(backend, run, v)->network)};
        for (size_t i = 0; i < backend->engines.graphs[view->network]->head.n_levels; i++)
            view->maps.boxes[i].n = view->maps.scores[i].n = run->n;
    }
}

static enum status describe(struct backend *backend, const struct run *run) {
    view_maps(backend, run);
    return judgement_describe(run->judgement, backend->views, run->pictures[0].n_views,
                              run->pictures, run->n);
}

static enum status reserve(struct backend *backend, const struct run *run) {
    enum status status = judgement_reserve(run->judgement, backend->stream);
    return status == STATUS_OK ? engines_settle(&backend->engines) : status;
}

/* Room for more labels than there were before. Making it waits for the device without a limit: only
 * once what is in flight has ended, and before anything is enqueued. Where there is none, engines
 * of other shapes make some, and the maps may lie elsewhere then. */
static enum status make_room(struct backend *backend, const struct run *run) {
    enum status status;
    TRY(describe(backend, run));
    if (judgement_fits(run->judgement))
        return STATUS_OK;
    TRY(wait_for_all(backend));
    do
        status = reserve(backend, run);
    while (status_is_for(REASON_MEMORY, status) && engines_make_room(&backend->engines));
    TRY(status);
    TRY(describe(backend, run));
out:
    return status;
}

/* The run's pictures to the device, view by view. */
static enum status upload_inputs(struct backend *backend, struct run *run) {
    enum status status = STATUS_OK;
    size_t n_views = run->pictures[0].n_views;
    for (size_t v = 0; v < n_views; v++)
        for (size_t i = 0; i < run->n; i++)
            TRY(staging_get(backend->staging, run->pictures[i].slot * backend->most_views + v,
                            backend->stream, &run->inputs[v * run->n + i]));
    CUDA_TRY(cudaMemcpyAsync(backend->inputs, run->inputs, n_views * run->n * sizeof *run->inputs,
                             cudaMemcpyHostToDevice, backend->stream));
out:
    return status;
}

/* Enqueues all that is done for the run's pictures. */
static enum status enqueue(struct backend *backend, struct run *run) {
    enum status status;
    TRY(upload_inputs(backend, run));
    for (size_t v = 0; v < run->pictures[0].n_views; v++) {
        struct engine *engine = find_engine(backend, run, v);
        struct map input = network_input(engine->network);
        input.n = run->n; /* the rest of the batch keeps what it held */
        TRY(kernel_letterbox(backend->inputs + v * run->n, &input, backend->stream));
        TRY(engine_forward(&backend->engines, engine));
    }
    TRY(judgement_enqueue(run->judgement, backend->stream));
    CUDA_TRY(cudaEventRecord(run->done, backend->stream));
out:
    return status;
}

static enum status forward(struct backend *backend, struct run *run) {
    enum status status;
    TRY(need_engines(backend, run));
    TRY(make_room(backend, run));
    TRY(enqueue(backend, run));
out:
    return status;
}

/* Moves the pictures to the front for which fp16 was too small; returns how many they are. */
static size_t gather_not_finite(struct run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->n; i++) {
        struct picture moved = run->pictures[i];
        moved.findings->widened = run->element == ELEMENT_F16 && moved.findings->not_finite;
        if (moved.findings->widened) {
            run->pictures[i] = run->pictures[count];
            run->pictures[count++] = moved;
        }
    }
    return count;
}

/* Waits for the oldest run, and for its pictures to be forwarded again where need be. Each picture
 * for itself, so that what is found in it does not depend on others. */
static enum status finish(struct backend *backend) {
    enum status status;
    struct run *run = &backend->runs[backend->finished % DEPTH];
    TRY(wait_for(backend, run));
    TRY(judgement_finish(run->judgement, run->pictures, run->n));
    run->n = gather_not_finite(run);
    if (run->n) {
        run->element = ELEMENT_F32;
        TRY(wait_for_all(backend));
        TRY(forward(backend, run));
        TRY(wait_for(backend, run));
        TRY(judgement_finish(run->judgement, run->pictures, run->n));
    }
    backend->finished++;
out:
    return status;
}

static enum status finish_until(struct backend *backend, uint64_t end) {
    enum status status = STATUS_OK;
    while (backend->finished < end)
        TRY(finish(backend));
out:
    return status;
}

/* Begins a run with `n` pictures of the same views and shapes. */
static enum status begin(struct backend *backend, struct picture *pictures, size_t n) {
    enum status status = STATUS_OK;
    if (backend->begun - backend->finished == DEPTH)
        TRY(finish(backend));
    struct run *run = &backend->runs[backend->begun % DEPTH];
    run->pictures = pictures;
    run->n = n;
    run->element = backend->element;
    TRY(forward(backend, run));
    backend->begun++;
out:
    return status;
}

/* Moves the pictures like the first one to the front; returns how many they are. */
static size_t gather_alike(struct picture *pictures, size_t n) {
    size_t count = 1;
    for (size_t i = 1; i < n; i++)
        if (picture_views_alike(pictures->views, pictures->n_views, pictures[i].views,
                                pictures[i].n_views)) {
            struct picture moved = pictures[count];
            pictures[count++] = pictures[i];
            pictures[i] = moved;
        }
    return count;
}

static enum status submit(struct backend *backend, struct picture *pictures, size_t n) {
    enum status status = STATUS_OK;
    CUDA_TRY(cudaSetDevice(backend->device.index)); /* the choice is a thread's own */
    for (size_t first = 0, count; first < n; first += count) {
        count = gather_alike(pictures + first, n - first);
        TRY(begin(backend, pictures + first, count));
    }
    backend->ends[backend->submitted++ % DEPTH] = backend->begun;
out:
    return status;
}

static enum status collect(struct backend *backend) {
    return finish_until(backend, backend->ends[backend->collected++ % DEPTH]);
}

const struct backend_interface backend_cuda = {
    .name = "cuda",
    .prefix = "GPU",
    .uses_gpus = true,
    .self_tests = true,
    .wants_alike = true,
    .auto_batch = AUTO_BATCH,
    .depth = DEPTH,
    .available = device_available,
    .open = open_backend,
    .device = device,
    .note = note,
    .batch = batch,
    .stage = stage,
    .submit = submit,
    .collect = collect,
    .close = close_backend,
};
