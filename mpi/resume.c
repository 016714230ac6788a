/* What earlier epochs of the run have done. Journals are dealt out to the ranks, which count them
 * and, at the end, bring their records into the one file. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job.h"
#include "job/wanted.h"
#include "output/clear.h"
#include "pulse.h"

/* The journals of earlier epochs, the same on all ranks. */
static enum status share_journals(struct job *job) {
    enum status status = STATUS_OK;
    MPI_Request request;
    uint64_t count = 0;
    size_t found = 0;
    struct journal_id *ids = NULL;
    if (job->rank == 0)
        status = journal_list(job->output, &ids, &found);
    TRY(agree(job, status));
    count = found;
    MPI_Ibcast(&count, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    status = job->rank == 0 ? STATUS_OK : memory_zeroed(count, sizeof *ids, &ids);
    if (count * sizeof *ids > INT32_MAX)
        status = FAIL(STATUS_FAILED, "too many journals: %llu", (unsigned long long)count);
    TRY(agree(job, status));
    MPI_Ibcast(ids, (int)(count * sizeof *ids), MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    /* One more than dealt: this rank's own. */
    TRY(agree(job, memory_zeroed(count + 1, sizeof *job->journals, &job->journals)));
    for (uint64_t i = (uint64_t)job->rank; i < count; i += (uint64_t)job->size)
        job->journals[job->n_journals++] = ids[i];
    if (job->rank == 0 && count) {
        job->all_journals = ids;
        job->n_all_journals = count;
        ids = NULL;
    }
out:
    free(ids);
    return status;
}

static bool placed(void *context, uint64_t index, enum bucket bucket) {
    struct job *job = context;
    const struct path_list *images = &job->dataset.images;
    char *label = NULL;
    pulse_tick(job->pulse);
    if (index >= images->count)
        return false;
    const char *image = path_list_get(images, index);
    bool there =
        label_path(image, &label) == STATUS_OK && placer_placed(job->placer, bucket, image, label);
    free(label);
    return there;
}

static void tick(void *context) {
    const struct job *job = context;
    pulse_tick(job->pulse);
}

/* On rank 0, which knows the images. */
static enum status repair(struct job *job) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < job->n_all_journals; i++) {
        pulse_tick(job->pulse);
        TRY(journal_repair(job->output, job->all_journals[i], placed, job, NULL));
    }
    TRY(output_clear_leftovers(job->output, job->all_journals, job->n_all_journals, tick, job));
out:
    return status;
}

struct counting {
    struct job *job;
    uint8_t *done; /* a bit an image */
};

/* What failed is tried again: the file may have been mended, or the disk have come back. */
static enum status count(void *context, const struct journal_line *line) {
    struct counting *counting = context;
    pulse_tick(counting->job->pulse);
    if (line->index >= counting->job->total_images)
        return FAIL(STATUS_FAILED,
                    "--resume: a journal has image %llu of %llu; start over with "
                    "--overwrite",
                    (unsigned long long)line->index,
                    (unsigned long long)counting->job->total_images);
    if (line->bucket == BUCKET_FAILED)
        return STATUS_OK;
    counting->done[line->index / 8] |= (uint8_t)(1u << line->index % 8);
    return tally_apply(&counting->job->tally, line->index, line->tally);
}

enum status job_resume(struct job *job) {
    enum status status;
    MPI_Request request;
    uint64_t total = job->dataset.images.count;
    MPI_Ibcast(&total, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    job->total_images = total;
    size_t bytes = total / 8 + 1;
    struct counting counting = {job, NULL};
    TRY(share_journals(job));
    TRY(agree(job, job->rank == 0 ? repair(job) : STATUS_OK));
    status = tally_make(job->classes.n_data, &job->tally);
    TRY(agree(job, status_worse(status, memory_zeroed(bytes, 1, &counting.done))));
    for (size_t i = 0; status == STATUS_OK && i < job->n_journals; i++)
        status = journal_read(job->output, job->journals[i], count, &counting);
    if (status == STATUS_OK && bytes > INT32_MAX)
        status = FAIL(STATUS_FAILED, "too many images: %llu", (unsigned long long)total);
    TRY(agree(job, status));
    MPI_Ireduce(job->rank == 0 ? MPI_IN_PLACE : counting.done, counting.done, (int)bytes, MPI_BYTE,
                MPI_BOR, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    if (job->rank == 0) {
        job->done = counting.done;
        counting.done = NULL;
    }
    for (uint64_t i = 0; job->rank == 0 && i < total; i++)
        job->done_before += job->done[i / 8] >> i % 8 & 1;
out:
    free(counting.done);
    return status;
}

enum status job_open_journal(struct job *job) {
    enum status status = journal_create(job->output, job->epoch, job->rank,
                                        options_streams(&job->options), &job->journal);
    if (status == STATUS_OK)
        job->journals[job->n_journals++] = (struct journal_id){job->epoch, job->rank};
    return agree(job, status);
}
