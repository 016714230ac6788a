/* The CPU backend's forward pass at another program's command: bench_worker MODEL IMGSZ THREADS
 * INPUT. INPUT holds pictures as float32 planes (N, 3, IMGSZ, IMGSZ). Prints "ready", then answers
 * "done" to each line it reads:
 *   run          one forward of each picture
 *   output FILE  writes what the head says of each, decoded: float32 (N, 4 + classes, anchors),
 *                boxes as centre and size in network pixels, scores from 0 to 1 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/network.h"
#include "judge/anchors.h"
#include "model/model.h"

struct worker {
    struct model model;
    struct cpu_network *network;
    size_t imgsz, n_pictures;
    float *planes;
};

static enum status read_input(struct worker *worker, const char *path) {
    enum status status = STATUS_OK;
    size_t plane = worker->imgsz * worker->imgsz, read = 0;
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        TRY(FAIL(STATUS_BAD_INPUT, "%s: %s", path, strerror(errno)));
    long bytes = ftell(file);
    rewind(file);
    worker->n_pictures = bytes > 0 ? (size_t)bytes / (3 * plane * sizeof(float)) : 0;
    TRY(memory_zeroed(worker->n_pictures * 3 * plane, sizeof *worker->planes, &worker->planes));
    read = fread(worker->planes, 3 * plane * sizeof(float), worker->n_pictures, file);
    if (!worker->n_pictures || read != worker->n_pictures)
        TRY(FAIL(STATUS_BAD_INPUT, "%s holds no picture of %zu x %zu", path, worker->imgsz,
                 worker->imgsz));
out:
    if (file)
        fclose(file);
    return status;
}

static enum status forward(struct worker *worker, size_t picture, struct head_maps *maps) {
    size_t imgsz = worker->imgsz;
    return cpu_network_forward(worker->network, imgsz, imgsz,
                               worker->planes + picture * 3 * imgsz * imgsz, maps);
}

/* One value of every anchor: 0 to 3 of the box, then the scores. */
static float anchor_value(const struct anchors *anchors, size_t place, size_t row) {
    struct box box = anchors_box_at(anchors, place);
    switch (row) {
    case 0:
        return (box.x1 + box.x2) / 2;
    case 1:
        return (box.y1 + box.y2) / 2;
    case 2:
        return box.x2 - box.x1;
    case 3:
        return box.y2 - box.y1;
    default:
        return anchors_score_at(anchors, place, row - 4);
    }
}

static void write_anchors(struct anchors *anchors, FILE *file) {
    for (size_t tile = 0; tile < anchors->n_tiles; tile++)
        anchors_decode(anchors, tile);
    for (size_t row = 0; row < 4 + anchors->head->n_classes; row++) {
        for (size_t tile = 0; tile < anchors->n_tiles; tile++) {
            const struct tile *t = &anchors->tiles[tile];
            size_t left = anchors->planes[t->plane].cells - t->first;
            for (size_t lane = 0; lane < TILE && lane < left; lane++) {
                float value = anchor_value(anchors, t->slot * TILE + lane, row);
                fwrite(&value, sizeof value, 1, file);
            }
        }
    }
}

static enum status write_output(struct worker *worker, const char *path) {
    enum status status = STATUS_OK;
    struct anchors anchors = {0};
    uint32_t side = (uint32_t)worker->imgsz;
    struct letterbox whole = letterbox_plan(side, side, side, false, 32);
    FILE *file = fopen(path, "wb");
    if (!file)
        TRY(FAIL(STATUS_FAILED, "%s: %s", path, strerror(errno)));
    for (size_t i = 0; i < worker->n_pictures; i++) {
        struct head_maps maps;
        TRY(forward(worker, i, &maps));
        TRY(anchors_begin(&anchors, &worker->model.graph.head, &maps, &whole));
        write_anchors(&anchors, file);
    }
    bool failed = ferror(file);
    failed = fclose(file) != 0 || failed;
    file = NULL;
    if (failed)
        TRY(FAIL(STATUS_FAILED, "%s: cannot be written", path));
out:
    if (file)
        fclose(file);
    anchors_free(&anchors);
    return status;
}

static enum status answer(struct worker *worker, char *line) {
    enum status status = STATUS_OK;
    struct head_maps maps;
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "run") == 0) {
        for (size_t i = 0; i < worker->n_pictures; i++)
            TRY(forward(worker, i, &maps));
    } else if (strncmp(line, "output ", strlen("output ")) == 0) {
        TRY(write_output(worker, line + strlen("output ")));
    } else {
        TRY(FAIL(STATUS_BAD_INPUT, "unknown command '%s'", line));
    }
    puts("done");
    fflush(stdout);
out:
    return status;
}

static enum status work(struct worker *worker, char **arguments) {
    enum status status;
    char line[4096];
    size_t threads = strtoul(arguments[2], NULL, 10);
    worker->imgsz = strtoul(arguments[1], NULL, 10);
    if (worker->imgsz < 32 || worker->imgsz > 8192 || !threads)
        TRY(FAIL(STATUS_BAD_INPUT, "IMGSZ is 32 to 8192, THREADS at least 1"));
    TRY(model_read(arguments[0], NULL, (int64_t)worker->imgsz, &worker->model));
    TRY(read_input(worker, arguments[3]));
    TRY(cpu_network_make(&worker->model.graph, &(struct cpu_options){.threads = threads},
                         &worker->network));
    TRY(cpu_network_compile(worker->network, worker->imgsz, worker->imgsz));
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin))
        TRY(answer(worker, line));
out:
    return status;
}

int main(int argc, char **argv) {
    struct worker worker = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: bench_worker MODEL IMGSZ THREADS INPUT\n");
        return STATUS_BAD_INPUT;
    }
    enum status status = work(&worker, argv + 1);
    if (status != STATUS_OK)
        fprintf(stderr, "bench_worker: %s\n", status_message());
    cpu_network_free(worker.network);
    model_free(&worker.model);
    free(worker.planes);
    return (int)status;
}
