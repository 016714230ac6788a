/* What depends on the size of a batch: made and tried, and made smaller where memory is short. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cuda/backend_parts.h"
#include "cuda/check.h"
#include "cuda/memory.h"

/* Labels of a picture for which there is room from the start. */
enum { ORDINARY_LABELS = 16 };

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

/* A batch of nothing. */
struct mock {
    struct target targets[ORDINARY_LABELS];
    struct picture_view *views;
    struct picture *pictures;
};

static void mock_free(struct mock *mock) {
    free(mock->views);
    free(mock->pictures);
}

static enum status mock_make(const struct backend *backend, const struct judge *judge,
                             struct mock *mock) {
    enum status status;
    *mock = (struct mock){0};
    TRY(memory_zeroed(backend->most_views, sizeof *mock->views, &mock->views));
    TRY(memory_zeroed(backend->batch, sizeof *mock->pictures, &mock->pictures));
    for (size_t v = 0; v < backend->most_views; v++) {
        mock->views[v] = (struct picture_view){v, {.gain = 1, .gain_x = 1, .gain_y = 1}};
        backend->views[v] =
            (struct judged_view){v, network_head(backend->engines.items[v].network)};
    }
    for (size_t i = 0; i < backend->batch; i++)
        mock->pictures[i] = (struct picture){.n_views = backend->most_views,
                                             .views = mock->views,
                                             .n_labels = ORDINARY_LABELS,
                                             .targets = mock->targets,
                                             .n_planted = ORDINARY_LABELS,
                                             .planted = judge->self_test ? mock->targets : NULL};
out:
    return status;
}

static enum status describe_mock(struct backend *backend, const struct mock *mock, size_t run) {
    return judgement_describe(backend->runs[run].judgement, backend->views, backend->most_views,
                              mock->pictures, backend->batch);
}

/* Room for judging, before it is found how convolutions are computed: that takes long, and is in
 * vain for a batch that is too large. */
static enum status reserve_judging(struct backend *backend, const struct mock *mock) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < DEPTH; i++) {
        TRY(describe_mock(backend, mock, i));
        TRY(judgement_reserve(backend->runs[i].judgement, backend->stream));
    }
out:
    return status;
}

/* So that all that a batch takes of the device's memory is there from now on, and what goes wrong
 * goes wrong before the first picture. */
static enum status rehearse(struct backend *backend, const struct mock *mock) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < backend->engines.count; i++)
        TRY(engine_rehearse(&backend->engines, &backend->engines.items[i]));
    for (size_t i = 0; i < DEPTH; i++) {
        TRY(describe_mock(backend, mock, i));
        TRY(judgement_enqueue(backend->runs[i].judgement, backend->stream));
    }
    CUDA_TRY(cudaEventRecord(backend->runs[0].done, backend->stream));
    TRY(run_wait(backend, &backend->runs[0]));
out:
    return status;
}

static enum status add_all(struct backend *backend) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < backend->n_networks; i++) {
        const struct backend_network *network = &backend->networks[i];
        const struct graph *graph = &network->model->graph;
        size_t height = graph->fixed_height ? (size_t)graph->fixed_height : network->imgsz;
        size_t width = graph->fixed_width ? (size_t)graph->fixed_width : network->imgsz;
        status = engines_add(&backend->engines, backend->element, i, height, width);
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
    struct mock mock = {0};
    size_t n_inputs = backend->most_views * backend->batch;
    backend->engines.batch = backend->batch;
    TRY(add_all(backend));
    TRY(device_alloc(n_inputs * sizeof *backend->inputs, (void **)&backend->inputs));
    TRY(make_judge(backend, judge));
    for (size_t i = 0; i < DEPTH; i++)
        TRY(run_make(backend, &backend->runs[i]));
    TRY(mock_make(backend, judge, &mock));
    TRY(reserve_judging(backend, &mock));
    TRY(engines_build(&backend->engines));
    TRY(rehearse(backend, &mock));
out:
    mock_free(&mock);
    return status;
}

void batch_free(struct backend *backend) {
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

enum status largest_batch_make(struct backend *backend, const struct judge *judge) {
    enum status status;
    while (status_is_for(REASON_MEMORY, status = batch_make(backend, judge)) &&
           backend->batch > 1) {
        batch_free(backend);
        backend->batch /= 2;
    }
    return status;
}
