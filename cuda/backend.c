/* The backend interface on one CUDA device. Three things go on at a time: readers stage pictures,
 * which are copied to the device at once; the device works on batches that were submitted; and the
 * small results of finished ones are read back. */
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/backend_parts.h"
#include "cuda/conv/conv_choices.h"

/* Pictures a forward where --batch does not say: at 640 the widest maps of yolov8n still fit an
 * H200's L2 cache. */
enum { AUTO_BATCH = 32 };

static void close_backend(struct backend *backend) {
    /* Releasing would wait for a device that hangs: the end of the process does it. */
    if (!backend || backend->hung)
        return;
    batch_free(backend);
    staging_free(backend->staging);
    engines_free(&backend->engines);
    conv_library_free(backend->library);
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

static enum status kind(const struct backend_options *options, struct text *text) {
    enum status status;
    struct device device;
    TRY(device_bind(options->local_rank, options->devices, options->n_devices, &device));
    TRY(conv_choices_kind(text));
out:
    return status;
}

static enum status choices(const struct backend *backend, struct text *bytes) {
    return conv_choices_give(backend->library, bytes);
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
    if (options->choices)
        TRY(conv_choices_take(backend->library, options->choices, options->n_choices));
    TRY(largest_batch_make(backend, judge));
    conv_choices_settle(backend->library);
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
    .kind = kind,
    .choices = choices,
    .device = device,
    .note = note,
    .batch = batch,
    .stage = stage,
    .submit = runs_submit,
    .collect = runs_collect,
    .close = close_backend,
};
