/* Times a rank's whole pipeline, without MPI: bench_pipeline MODEL DATA IMGSZ THREADS
 * Prints images a second, and each stage's thread time a picture and share of the forward's. Places
 * nothing and records nothing unless OUTPUT is given as a fifth argument: a folder that is made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "cpu/cpu.h"
#include "job/verify.h"
#include "output/run_file.h"

struct bench {
    struct model model;
    struct dataset dataset;
    struct class_map classes;
    struct tally tally;
    struct backend *backend;
    struct placer *placer;
    struct journal *journal;
    uint64_t *indices;
    struct work *work;
};

static enum status run(struct bench *bench, const char **arguments, const char *output) {
    enum status status;
    long imgsz = strtol(arguments[2], NULL, 10), threads = strtol(arguments[3], NULL, 10);
    if (imgsz < 32 || threads < 1)
        return FAIL(STATUS_BAD_INPUT, "IMGSZ and THREADS are numbers from 32 and 1 on");
    TRY(model_read(arguments[0], NULL, imgsz, &bench->model));
    TRY(dataset_open(arguments[1], NULL, NULL, &bench->dataset));
    TRY(class_map_make((const char *const *)bench->dataset.names, bench->dataset.n_names,
                       (const char *const *)bench->model.names, bench->model.n_classes,
                       &bench->classes));
    TRY(tally_make(bench->classes.n_data, &bench->tally));
    struct judge judge = {.head = bench->model.graph.head};
    struct backend_options opening = {
        .threads = (size_t)threads, .slots = 5, .batch = 1, .imgsz = (uint32_t)imgsz};
    TRY(backend_cpu.open(&bench->model, &judge, &opening, &bench->backend));
    if (output) {
        TRY(output_prepare(output, true));
        TRY(placer_open(output, bench->dataset.common, PLACE_HARDLINK, &bench->placer));
        TRY(work_folder_empty(output));
        TRY(journal_create(output, 0, 0, false, &bench->journal));
    }
    size_t images = bench->dataset.images.count;
    TRY(memory_zeroed(images, sizeof *bench->indices, &bench->indices));
    for (size_t i = 0; i < images; i++)
        bench->indices[i] = i;
    TRY(work_make(&bench->dataset.images, &bench->indices, &bench->work));
    work_close(bench->work);
    struct verify_job job = {
        .interface = &backend_cpu,
        .backend = bench->backend,
        .judge = &judge,
        .classes = &bench->classes,
        .thresholds = {4, 2, 5, 0.15f, 0.7f, 0.5f},
        .root = bench->dataset.root,
        .placer = bench->placer,
        .journal = bench->journal,
        .imgsz = (uint32_t)imgsz,
        .stride = (uint32_t)bench->model.stride,
        .readers = 1,
        .placers = 1,
        .slots = 5,
    };
    static const char *const names[STAGE_COUNT] = {[STAGE_READ] = "read, decode",
                                                   [STAGE_STAGE] = "letterbox",
                                                   [STAGE_FORWARD] = "forward, evidence",
                                                   [STAGE_PLACE] = "verdict, place, record text",
                                                   [STAGE_RECORD] = "record, tally"};
    double stages[STAGE_COUNT];
    struct verify *verify;
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    TRY(verify_start(&job, bench->work, &bench->tally, &verify));
    TRY(verify_join(verify, stages));
    clock_gettime(CLOCK_MONOTONIC, &b);
    double n = (double)images;
    double seconds = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
    printf("%.0f images, %.2f images/s\n", n, n / seconds);
    for (size_t i = 0; i < STAGE_COUNT; i++)
        printf("%-28s %8.3f ms/image  %5.1f%% of the wall time\n", names[i], 1e3 * stages[i] / n,
               100 * stages[i] / seconds);
out:
    return status;
}

int main(int argc, char **argv) {
    struct bench bench = {0};
    if (argc < 5 || argc > 6) {
        fprintf(stderr, "usage: bench_pipeline MODEL DATA IMGSZ THREADS [OUTPUT]\n");
        return STATUS_BAD_INPUT;
    }
    enum status status = run(&bench, (const char **)argv + 1, argc == 6 ? argv[5] : NULL);
    if (status != STATUS_OK)
        fprintf(stderr, "bench_pipeline: %s\n", status_message());
    if (bench.backend)
        backend_cpu.close(bench.backend);
    if (bench.placer)
        placer_close(bench.placer);
    journal_close(&bench.journal);
    free(bench.indices);
    work_free(bench.work);
    tally_free(&bench.tally);
    class_map_free(&bench.classes);
    dataset_free(&bench.dataset);
    model_free(&bench.model);
    return (int)status;
}
