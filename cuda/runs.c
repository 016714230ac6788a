/* Batches in flight: submitted, worked on in order by the device, collected. */
#include "cuda/backend_parts.h"
#include "cuda/check.h"
#include "cuda/wait.h"

enum status run_wait(struct backend *backend, const struct run *run) {
    enum status status = event_wait(run->done, backend->hang_seconds, &backend->hung);
    return backend->hung ? hang_failure(backend->device.index, backend->description.data,
                                        backend->hang_seconds)
                         : status;
}

/* Until nothing is in flight; results are read later. */
static enum status wait_for_all(struct backend *backend) {
    return backend->begun == backend->finished
               ? STATUS_OK
               : run_wait(backend, &backend->runs[(backend->begun - 1) % DEPTH]);
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
    TRY(run_wait(backend, run));
    TRY(judgement_finish(run->judgement, run->pictures, run->n));
    run->n = gather_not_finite(run);
    if (run->n) {
        run->element = ELEMENT_F32;
        TRY(wait_for_all(backend));
        TRY(forward(backend, run));
        TRY(run_wait(backend, run));
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

enum status runs_submit(struct backend *backend, struct picture *pictures, size_t n) {
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

enum status runs_collect(struct backend *backend) {
    return finish_until(backend, backend->ends[backend->collected++ % DEPTH]);
}
