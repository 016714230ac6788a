#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        .n_unread_kinds = job->dataset.n_unread_kinds,
        .unread_kinds = job->dataset.unread_kinds,
        .n_ranks = (size_t)job->size,
        .ranks = ranks,
        .parameters = parameters.data,
        .model = job->options.model,
        .dataset = job->options.data,
        .started = job->started,
        .finished = job->started + (pulse_clock() - job->clock_started),
    };
    pulse_announce(job->pulse, (double)job->tally.n_failures / FAILURES_A_SECOND);
    TRY(report_write(job->output, &report));
    TRY(run_file_note(job->output));
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
        if (status == STATUS_OK && !job->signal && job_say_outcome(job))
            screen_results(job->screen, job->interface->uses_gpus, job->size, job->output,
                           &job->tally, job->total_images, &job->dataset);
    }
    status = agree(job, status);
out:
    free(all);
    return status;
}
