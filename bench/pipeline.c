/* Times a rank's whole pipeline, without MPI: bench_pipeline MODEL DATA IMGSZ THREADS
 * Prints images a second, and each stage's thread time a picture and share of the forward's. Places
 * nothing and records nothing unless OUTPUT is given as a fifth argument: a folder that is made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "rank.h"

static enum status run(struct rank *rank, const char **arguments, const char *output,
                       uint64_t **indices, struct work **work) {
    enum status status;
    TRY(rank_open(rank, arguments[0], arguments[1], arguments[2], strtoul(arguments[3], NULL, 10),
                  5, output));
    size_t images = rank->dataset.images.count;
    TRY(memory_zeroed(images, sizeof **indices, indices));
    for (size_t i = 0; i < images; i++)
        (*indices)[i] = i;
    TRY(work_make(&rank->dataset.images, indices, work));
    work_close(*work);
    static const char *const names[STAGE_COUNT] = {[STAGE_READ] = "read, decode",
                                                   [STAGE_STAGE] = "letterbox",
                                                   [STAGE_FORWARD] = "forward, evidence",
                                                   [STAGE_PLACE] = "verdict, place, record text",
                                                   [STAGE_RECORD] = "record, tally"};
    double stages[STAGE_COUNT];
    struct verify *verify;
    double start = clock_seconds();
    TRY(verify_start(&rank->job, *work, &rank->tally, &verify));
    TRY(verify_join(verify, stages));
    double n = (double)images, seconds = clock_seconds() - start;
    printf("%.0f images, %.2f images/s\n", n, n / seconds);
    for (size_t i = 0; i < STAGE_COUNT; i++)
        printf("%-28s %8.3f ms/image  %5.1f%% of the wall time\n", names[i], 1e3 * stages[i] / n,
               100 * stages[i] / seconds);
out:
    return status;
}

int main(int argc, char **argv) {
    struct rank rank = {0};
    uint64_t *indices = NULL;
    struct work *work = NULL;
    if (argc < 5 || argc > 6) {
        fprintf(stderr, "usage: bench_pipeline MODEL DATA IMGSZ THREADS [OUTPUT]\n");
        return STATUS_BAD_INPUT;
    }
    enum status status =
        run(&rank, (const char **)argv + 1, argc == 6 ? argv[5] : NULL, &indices, &work);
    if (status != STATUS_OK)
        fprintf(stderr, "bench_pipeline: %s\n", status_message());
    free(indices);
    work_free(work);
    rank_close(&rank);
    return (int)status;
}
