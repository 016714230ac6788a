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
