/* A rank without MPI. */
#include "rank.h"

#include <stdlib.h>

#include "cpu/cpu.h"
#include "output/clear.h"

enum status rank_open(struct rank *rank, const char *model, const char *data, const char *imgsz,
                      size_t threads, size_t slots, const char *output) {
    enum status status;
    struct dataset *dataset = &rank->dataset;
    struct verify_job *job = &rank->job;
    long size = strtol(imgsz, NULL, 10);
    if (size < 32 || threads < 1)
        return FAIL(STATUS_BAD_INPUT, "IMGSZ and THREADS are numbers from 32 and 1 on");
    TRY(model_read(model, NULL, size, &rank->model));
    TRY(dataset_open(data, NULL, NULL, dataset));
    TRY(class_map_make((const char *const *)dataset->names, dataset->n_names,
                       (const char *const *)rank->model.names, rank->model.n_classes,
                       &rank->classes));
    TRY(tally_make(rank->classes.n_data, &rank->tally));
    rank->judge = (struct judge){.n_classes = rank->model.graph.head.n_classes};
    rank->network = (struct backend_network){.model = &rank->model, .imgsz = (uint32_t)size};
    *job = (struct verify_job){
        .interface = &backend_cpu,
        .judge = &rank->judge,
        .classes = &rank->classes,
        .thresholds = {3.5f, 3, 7.5f, 0.15f, 0.7f, 0.5f},
        .root = dataset->root,
        .labels = dataset_labels(dataset, rank->classes.n_data),
        .networks = &rank->network,
        .n_views = 1,
        .imgsz = (uint32_t)size,
        .readers = 1,
        .placers = 1,
        .slots = slots,
    };
    struct backend_options opening = {.threads = threads, .slots = slots, .batch = 1, .views = 1};
    TRY(backend_cpu.open(&rank->network, 1, &rank->judge, &opening, &job->backend));
    if (output) {
        uint64_t kept;
        TRY(output_clear(output, &kept));
        TRY(placer_open(output, dataset->common, PLACE_HARDLINK, &job->placer));
        TRY(journal_create(output, 0, 0, streams_wanted(NULL, NULL), &job->journal));
    }
out:
    return status;
}

void rank_close(struct rank *rank) {
    if (rank->job.backend)
        backend_cpu.close(rank->job.backend);
    placer_close(rank->job.placer);
    journal_close(&rank->job.journal);
    tally_free(&rank->tally);
    class_map_free(&rank->classes);
    dataset_free(&rank->dataset);
    model_free(&rank->model);
}
