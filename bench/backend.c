/* Times a backend's whole forward, from staged pictures to findings:
 *   bench_backend BACKEND MODEL IMGSZ BATCH THREADS ROUNDS [fp32]
 * Pictures are random, 640 x 480, four batches in turn; without labels. Prints the median and the
 * minimum of a batch in ms, and pictures a second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"
#include "base/clock.h"
#include "base/memory.h"
#include "job/plugins.h"
#include "timing.h"

enum { WIDTH = 640, HEIGHT = 480, SETS = 4, WARM_UP = 5 };

struct settings {
    const struct backend_interface *interface;
    const char *model;
    size_t imgsz, batch, threads, rounds;
    bool half;
};

/* Pictures of noise: every one other than the next. */
static enum status stage_all(const struct settings *settings, struct backend *backend,
                             struct picture *pictures, struct findings *findings,
                             struct picture_view *view) {
    enum status status;
    struct image image = {0};
    uint32_t random = 1;
    view->letterbox = letterbox_plan(WIDTH, HEIGHT, (uint32_t)settings->imgsz, false, 32);
    TRY(image_resize_buffer(&image, WIDTH, HEIGHT));
    for (size_t i = 0; i < SETS * settings->batch; i++) {
        for (size_t k = 0; k < (size_t)3 * WIDTH * HEIGHT; k++) {
            random = random * 1664525u + 1013904223u;
            image.pixels[k] = (uint8_t)(random >> 24);
        }
        pictures[i] = (struct picture){
            .slot = i, .n_views = 1, .views = view, .findings = &findings[i % settings->batch]};
        TRY(settings->interface->stage(backend, i, &image, view, 1));
    }
out:
    image_free(&image);
    return status;
}

static enum status measure(const struct settings *settings, struct backend *backend,
                           struct picture *pictures, double *times) {
    enum status status = STATUS_OK;
    for (size_t round = 0; round < WARM_UP + settings->rounds; round++) {
        double start = clock_seconds();
        TRY(settings->interface->submit(backend, pictures + round % SETS * settings->batch,
                                        settings->batch));
        TRY(settings->interface->collect(backend));
        if (round >= WARM_UP)
            times[round - WARM_UP] = clock_seconds() - start;
    }
    qsort(times, settings->rounds, sizeof *times, timing_ascending);
    double median = times[settings->rounds / 2];
    printf("%s, batch %zu: median %.3f ms, minimum %.3f ms, %.1f images/s\n",
           settings->interface->device(backend), settings->batch, 1e3 * median, 1e3 * times[0],
           (double)settings->batch / median);
out:
    return status;
}

static enum status run(struct settings *settings) {
    enum status status;
    struct model model = {0};
    struct backend_network network = {.model = &model, .imgsz = (uint32_t)settings->imgsz};
    struct picture_view view = {0};
    struct judge judge;
    struct backend *backend = NULL;
    struct picture *pictures = NULL;
    struct findings *findings = NULL;
    double *times = NULL;
    struct backend_options options = {.threads = settings->threads,
                                      .slots = SETS * settings->batch,
                                      .batch = settings->batch,
                                      .views = 1,
                                      .half = settings->half};
    TRY(model_read(settings->model, NULL, (int64_t)settings->imgsz, &model));
    judge = (struct judge){.n_classes = model.graph.head.n_classes};
    TRY(plugin_open(settings->interface, &settings->interface));
    TRY(settings->interface->available(NULL, 0));
    TRY(settings->interface->open(&network, 1, &judge, &options, &backend));
    TRY(memory_zeroed(options.slots, sizeof *pictures, &pictures));
    TRY(memory_zeroed(settings->batch, sizeof *findings, &findings));
    TRY(memory_zeroed(settings->rounds, sizeof *times, &times));
    TRY(stage_all(settings, backend, pictures, findings, &view));
    TRY(measure(settings, backend, pictures, times));
out:
    for (size_t i = 0; findings && i < settings->batch; i++)
        findings_free(&findings[i]);
    free(findings);
    free(pictures);
    free(times);
    if (backend)
        settings->interface->close(backend);
    model_free(&model);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 7 || argc > 8) {
        fprintf(stderr, "usage: bench_backend BACKEND MODEL IMGSZ BATCH THREADS ROUNDS [fp32]\n");
        return STATUS_BAD_INPUT;
    }
    size_t chosen = 0;
    while (backends[chosen] && strcmp(backends[chosen]->name, argv[1]) != 0)
        chosen++;
    struct settings settings = {
        .interface = backends[chosen],
        .model = argv[2],
        .imgsz = strtoul(argv[3], NULL, 10),
        .batch = strtoul(argv[4], NULL, 10),
        .threads = strtoul(argv[5], NULL, 10),
        .rounds = strtoul(argv[6], NULL, 10),
        .half = argc < 8,
    };
    enum status status =
        settings.interface && settings.imgsz && settings.batch && settings.threads &&
                settings.rounds
            ? run(&settings)
            : FAIL(STATUS_BAD_INPUT, "BACKEND is --device's, numbers are counts from 1 on");
    if (status != STATUS_OK)
        fprintf(stderr, "bench_backend: %s\n", status_message());
    return (int)status;
}
