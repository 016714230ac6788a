/* What an image costs in processor time, stage by stage on one thread, and what the file system
 * takes for the least that placing can be: bench_per_image MODEL DATA IMGSZ OUTPUT
 * OUTPUT is a folder that is made; results in it are removed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "job/item.h"
#include "rank.h"
#include "timing.h"

enum part { READ, STAGE, FORWARD, JUDGE, PLACE, RECORD, PARTS };
enum { FOLDER_FILES = 10000 };

struct bench {
    struct rank rank;
    struct packed_reader images; /* of its data set */
    struct item item;
    struct image image;
    struct notes notes;
    bool noting;
};

/* Adds what has passed since *since, which becomes now. */
static void lap(double *since, double *sum) {
    double now = 1e-3 * timing_ms(CLOCK_THREAD_CPUTIME_ID);
    *sum += now - *since;
    *since = now;
}

static enum status forward(const struct verify_job *job, struct item *item) {
    enum status status;
    struct picture picture = {.slot = 0,
                              .n_views = item->n_views,
                              .views = item->views,
                              .n_labels = item->labels.n_labels,
                              .targets = item->targets,
                              .findings = &item->findings};
    TRY(job->interface->submit(job->backend, &picture, 1));
    TRY(job->interface->collect(job->backend));
out:
    return status;
}

static enum status one(struct bench *bench, size_t index, double parts[PARTS]) {
    enum status status;
    const struct verify_job *job = &bench->rank.job;
    struct item *item = &bench->item;
    TRY(packed_reader_get(&bench->images, index, &item->path));
    item->list_index = index;
    double time = 1e-3 * timing_ms(CLOCK_THREAD_CPUTIME_ID);
    TRY(item_read(job, NULL, &bench->image, item));
    lap(&time, &parts[READ]);
    if (!item->error[0]) {
        TRY(job->interface->stage(job->backend, 0, &bench->image, item->views, item->n_views));
        lap(&time, &parts[STAGE]);
        TRY(forward(job, item));
        lap(&time, &parts[FORWARD]);
    }
    TRY(item_judge(job, item));
    lap(&time, &parts[JUDGE]);
    TRY(item_place(job, NULL, item));
    lap(&time, &parts[PLACE]);
    TRY(item_record(job, item, &bench->rank.tally, &bench->notes));
    lap(&time, &parts[RECORD]);
out:
    return status;
}

/* A file of a label's size made, written and closed, and a hard link: nothing else. */
static enum status least(struct bench *bench, const char *output, double *seconds) {
    char folder[PATH_MAX], name[64], bytes[128];
    int open_folder = -1;
    memset(bytes, '0', sizeof bytes);
    for (size_t i = 0; i < bench->rank.dataset.images.count; i++) {
        if (i % FOLDER_FILES == 0) {
            if (open_folder >= 0)
                close(open_folder);
            snprintf(folder, sizeof folder, "%s/least/%zu", output, i / FOLDER_FILES);
            if (make_folders(folder) != STATUS_OK)
                return STATUS_FAILED;
            open_folder = open(folder, O_RDONLY | O_DIRECTORY);
        }
        const char *image;
        if (packed_reader_get(&bench->images, i, &image) != STATUS_OK)
            return STATUS_FAILED;
        double time = 1e-3 * timing_ms(CLOCK_THREAD_CPUTIME_ID);
        snprintf(name, sizeof name, "%08zu.txt", i);
        int file = openat(open_folder, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
        ssize_t written = write(file, bytes, sizeof bytes);
        int closed = close(file);
        snprintf(name, sizeof name, "%08zu.jpg", i);
        int linked = linkat(AT_FDCWD, image, open_folder, name, 0);
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
    double parts[PARTS] = {0}, floor = 0, sum = 0;
    TRY(rank_open(&bench->rank, arguments[0], arguments[1], arguments[2], 1, 1, arguments[3]));
    TRY(notes_make(&bench->notes));
    bench->noting = true;
    bench->images.paths = &bench->rank.dataset.images;
    size_t n = bench->rank.dataset.images.count;
    for (size_t i = 0; i < n; i++)
        TRY(one(bench, i, parts));
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
    if (bench.noting)
        notes_free(&bench.notes);
    image_free(&bench.image);
    item_free(&bench.item);
    packed_reader_free(&bench.images);
    rank_close(&bench.rank);
    return (int)status;
}
