/* What an image costs in processor time, stage by stage on one thread, and what the file system
 * takes for the least that placing can be: bench_per_image MODEL DATA IMGSZ OUTPUT
 * OUTPUT is a folder that is made; it must not hold results. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "cpu/cpu.h"
#include "job/item.h"
#include "output/run_file.h"

enum part { READ, STAGE, FORWARD, JUDGE, PLACE, RECORD, PARTS };
enum { FOLDER_FILES = 10000 };

struct bench {
    struct model model;
    struct dataset dataset;
    struct class_map classes;
    struct tally tally;
    struct backend *backend;
    struct placer *placer;
    struct journal *journal;
    struct item item;
    struct notes notes;
    bool noting;
};

static double processor_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Adds what has passed since *since, which becomes now. */
static void lap(double *since, double *sum) {
    double now = processor_seconds();
    *sum += now - *since;
    *since = now;
}

static enum status open_all(struct bench *bench, const char **arguments, long imgsz,
                            struct judge *judge) {
    enum status status;
    TRY(model_read(arguments[0], NULL, imgsz, &bench->model));
    TRY(dataset_open(arguments[1], NULL, NULL, &bench->dataset));
    TRY(class_map_make((const char *const *)bench->dataset.names, bench->dataset.n_names,
                       (const char *const *)bench->model.names, bench->model.n_classes,
                       &bench->classes));
    TRY(tally_make(bench->classes.n_data, &bench->tally));
    *judge = (struct judge){.head = bench->model.graph.head};
    struct backend_options opening = {
        .threads = 1, .slots = 1, .batch = 1, .imgsz = (uint32_t)imgsz};
    TRY(backend_cpu.open(&bench->model, judge, &opening, &bench->backend));
    TRY(output_prepare(arguments[3], false));
    TRY(placer_open(arguments[3], bench->dataset.common, PLACE_HARDLINK, &bench->placer));
    TRY(journal_create(arguments[3], 0, 0, false, &bench->journal));
    TRY(notes_make(&bench->notes));
    bench->noting = true;
out:
    return status;
}

static enum status forward(const struct verify_job *job, struct item *item) {
    enum status status;
    struct picture picture = {.slot = 0,
                              .letterbox = item->letterbox,
                              .n_labels = item->labels.n_labels,
                              .targets = item->targets,
                              .findings = &item->findings};
    TRY(job->interface->submit(job->backend, &picture, 1));
    TRY(job->interface->collect(job->backend));
out:
    return status;
}

static enum status one(struct bench *bench, const struct verify_job *job, size_t index,
                       double parts[PARTS]) {
    enum status status;
    struct item *item = &bench->item;
    item->path = path_list_get(&bench->dataset.images, index);
    item->list_index = index;
    double time = processor_seconds();
    TRY(item_read(job, item));
    lap(&time, &parts[READ]);
    if (!item->error[0]) {
        TRY(job->interface->stage(job->backend, 0, &item->image, &item->letterbox));
        lap(&time, &parts[STAGE]);
        TRY(forward(job, item));
        lap(&time, &parts[FORWARD]);
    }
    TRY(item_judge(job, item));
    lap(&time, &parts[JUDGE]);
    TRY(item_place(job, item));
    lap(&time, &parts[PLACE]);
    TRY(item_record(job, item, &bench->tally, &bench->notes));
    lap(&time, &parts[RECORD]);
out:
    return status;
}

/* A file of a label's size made, written and closed, and a hard link: nothing else. */
static enum status least(const struct bench *bench, const char *output, double *seconds) {
    char folder[PATH_MAX], name[64], bytes[128];
    int open_folder = -1;
    memset(bytes, '0', sizeof bytes);
    for (size_t i = 0; i < bench->dataset.images.count; i++) {
        if (i % FOLDER_FILES == 0) {
            if (open_folder >= 0)
                close(open_folder);
            snprintf(folder, sizeof folder, "%s/least/%zu", output, i / FOLDER_FILES);
            if (make_folders(folder) != STATUS_OK)
                return STATUS_FAILED;
            open_folder = open(folder, O_RDONLY | O_DIRECTORY);
        }
        double time = processor_seconds();
        snprintf(name, sizeof name, "%08zu.txt", i);
        int file = openat(open_folder, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
        ssize_t written = write(file, bytes, sizeof bytes);
        int closed = close(file);
        snprintf(name, sizeof name, "%08zu.jpg", i);
        int linked =
            linkat(AT_FDCWD, path_list_get(&bench->dataset.images, i), open_folder, name, 0);
        lap(&time, seconds);
        if (written != sizeof bytes || closed != 0 || linked != 0)
            return FAIL(STATUS_FAILED, "%s/%s: %s", folder, name, strerror(errno));
    }
    close(open_folder);
    return STATUS_OK;
}

static enum status run(struct bench *bench, const char **arguments) {
    static const char *const names[PARTS] = {
        [READ] = "read, decode",          [STAGE] = "letterbox",
        [FORWARD] = "forward, evidence",  [JUDGE] = "verdict",
        [PLACE] = "place, record's text", [RECORD] = "journal, tally"};
    enum status status;
    struct judge judge;
    double parts[PARTS] = {0}, floor = 0, sum = 0;
    long imgsz = strtol(arguments[2], NULL, 10);
    TRY(open_all(bench, arguments, imgsz, &judge));
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
    };
    size_t n = bench->dataset.images.count;
    for (size_t i = 0; i < n; i++)
        TRY(one(bench, &job, i, parts));
    TRY(least(bench, arguments[3], &floor));
    printf("%zu images, microseconds of processor time each\n", n);
    for (size_t i = 0; i < PARTS; i++) {
        printf("%-22s %7.1f\n", names[i], 1e6 * parts[i] / (double)n);
        sum += parts[i];
    }
    double work = parts[READ] + parts[STAGE] + parts[FORWARD];
    printf("%-22s %7.1f\n", "all", 1e6 * sum / (double)n);
    printf("%-22s %7.1f  %.1f%% of all\n", "outside read to forward",
           1e6 * (sum - work) / (double)n, 100 * (sum - work) / sum);
    printf("%-22s %7.1f  the file system's part of that\n", "make, write, link",
           1e6 * floor / (double)n);
out:
    return status;
}

int main(int argc, char **argv) {
    struct bench bench = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: bench_per_image MODEL DATA IMGSZ OUTPUT\n");
        return STATUS_BAD_INPUT;
    }
    enum status status = run(&bench, (const char **)argv + 1);
    if (status != STATUS_OK)
        fprintf(stderr, "bench_per_image: %s\n", status_message());
    if (bench.backend)
        backend_cpu.close(bench.backend);
    if (bench.placer)
        placer_close(bench.placer);
    journal_close(&bench.journal);
    if (bench.noting)
        notes_free(&bench.notes);
    item_free(&bench.item);
    tally_free(&bench.tally);
    class_map_free(&bench.classes);
    dataset_free(&bench.dataset);
    model_free(&bench.model);
    return (int)status;
}
