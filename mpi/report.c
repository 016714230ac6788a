#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "job.h"
#include "pulse.h"
#include "screen.h"

/* That are written at least. */
#define FAILURES_A_SECOND 10000

/* What rank 0 needs of each rank for the report; plain data, sent as bytes. */
struct rank_line {
    char host[256], device[256];
    uint64_t images;
    double seconds;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static enum status write_report(struct job *job, const struct rank_line *lines) {
    enum status status;
    struct rank_report *ranks = NULL;
    struct text parameters = {0};
    TRY(memory_zeroed((size_t)job->size, sizeof *ranks, &ranks));
    for (int r = 0; r < job->size; r++)
        ranks[r] = (struct rank_report){r, lines[r].host, lines[r].device, lines[r].images,
                                        lines[r].seconds};
    options_json(&job->options, &parameters);
    TRY(text_status(&parameters));
    struct report report = {
        .status = job->signal ? "interrupted" : "complete",
        .tally = &job->tally,
        .classes = &job->classes,
        .orphan_labels = job->orphan_labels,
        .n_ranks = (size_t)job->size,
        .ranks = ranks,
        .parameters = parameters.data,
        .model = job->options.model,
        .dataset = job->options.data,
        .started = job->started,
        .finished = now(),
    };
    pulse_announce(job->pulse, (double)job->tally.n_failures / FAILURES_A_SECOND);
    TRY(report_write(job->output, &report));
out:
    free(ranks);
    text_free(&parameters);
    return status;
}

enum status job_report(struct job *job) {
    enum status status = STATUS_OK;
    MPI_Request request;
    struct rank_line mine = {.images = job->images_done, .seconds = job->seconds}, *all = NULL;
    snprintf(mine.host, sizeof mine.host, "%s", job->host);
    snprintf(mine.device, sizeof mine.device, "%s", job->device);
    if (job->rank == 0)
        status = memory_zeroed((size_t)job->size, sizeof *all, &all);
    TRY(agree(job, status));
    MPI_Igather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, 0, MPI_COMM_WORLD,
                &request);
    wait_for(job, &request);
    if (job->rank == 0) {
        status = write_report(job, all);
        if (status == STATUS_OK && !job->signal)
            screen_results(job->screen, strcmp(job->interface->prefix, "GPU") == 0, job->size,
                           job->output, &job->tally, job->total_images);
    }
    status = agree(job, status);
out:
    free(all);
    return status;
}

/* Agreed by all ranks: rank 0 has the counts. */
int job_exit_status(const struct job *job) {
    enum { STRICT = 3, TOO_MANY_MISLABELED = 4 };
    MPI_Request request;
    int exit_status = STATUS_OK;
    if (job->rank == 0) {
        const struct run_counts *counts = &job->counts;
        bool problems = counts->failed > 0 || counts->invalid > 0;
        int64_t limit = job->options.fail_on;
        if (limit >= 0 && counts->mislabeled > (uint64_t)limit)
            exit_status = TOO_MANY_MISLABELED;
        else if (job->options.strict && problems)
            exit_status = STRICT;
    }
    MPI_Ibcast(&exit_status, 1, MPI_INT, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    return exit_status;
}
