/* What earlier epochs of the run have done. Journals are dealt out to the ranks, which count them
 * and, at the end, bring their records into the one file. */
#include <stdlib.h>

#include "base/memory.h"
#include "output/clear.h"
#include "pulse.h"
#include "stages.h"

/* The journals of earlier epochs. */
struct journal_ids {
    size_t count;
    struct journal_id *items; /* owned */
};

/* Finds them on rank 0 and brings them to all. */
static enum status share_journals(const struct ranks *ranks, const char *output,
                                  struct journal_ids *all) {
    enum status status = STATUS_OK;
    MPI_Request request;
    uint64_t count = 0;
    if (ranks->rank == 0)
        status = journal_list(output, &all->items, &all->count);
    TRY(agree(ranks, status));
    count = all->count;
    MPI_Ibcast(&count, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    status = ranks->rank == 0 ? STATUS_OK : memory_zeroed(count, sizeof *all->items, &all->items);
    if (count * sizeof *all->items > INT32_MAX)
        status = FAIL(STATUS_FAILED, "too many journals: %llu", (unsigned long long)count);
    TRY(agree(ranks, status));
    all->count = count;
    MPI_Ibcast(all->items, (int)(count * sizeof *all->items), MPI_BYTE, 0, MPI_COMM_WORLD,
               &request);
    wait_for(ranks, &request);
out:
    return status;
}

/* This rank's part of them, with room for its own. */
static enum status deal_journals(const struct ranks *ranks, const struct journal_ids *all,
                                 struct run *run) {
    enum status status = memory_zeroed(all->count + 1, sizeof *run->journals, &run->journals);
    if (status != STATUS_OK)
        return status;
    for (size_t i = (size_t)ranks->rank; i < all->count; i += (size_t)ranks->size)
        run->journals[run->n_journals++] = all->items[i];
    return STATUS_OK;
}

/* What repairing asks about. */
struct repairing {
    struct pulse *pulse;
    struct placer *placer;
    struct packed_reader images; /* of the whole list */
    enum label_format format;
};

static bool is_placed(void *context, uint64_t index, enum bucket bucket) {
    struct repairing *repairing = context;
    const char *image;
    char *label = NULL;
    pulse_tick(repairing->pulse);
    /* What was placed of other forms of labels is known only once they are read again. */
    if (index >= repairing->images.paths->count || repairing->format != LABEL_FORMAT_YOLO)
        return false;
    bool placed = packed_reader_get(&repairing->images, index, &image) == STATUS_OK &&
                  label_path(image, &label) == STATUS_OK &&
                  placer_placed(repairing->placer, bucket, image, label);
    free(label);
    return placed;
}

static void tick(void *context) {
    const struct repairing *repairing = context;
    pulse_tick(repairing->pulse);
}

/* On rank 0, which knows the images. */
static enum status repair(const char *output, const struct journal_ids *all,
                          struct repairing *repairing) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < all->count; i++) {
        tick(repairing);
        TRY(journal_repair(output, all->items[i], is_placed, repairing, NULL));
    }
    TRY(output_clear_leftovers(output, all->items, all->count, tick, repairing));
out:
    return status;
}

struct counting {
    struct pulse *pulse;
    uint64_t total_images;
    struct tally *tally;
    uint8_t *done; /* a bit an image */
};

/* What failed is tried again: the file may have been mended, or the disk have come back. */
static enum status count(void *context, const struct journal_line *line) {
    struct counting *counting = context;
    pulse_tick(counting->pulse);
    if (line->index >= counting->total_images)
        return FAIL(STATUS_FAILED,
                    "--resume: a journal has image %llu of %llu; start over with "
                    "--overwrite",
                    (unsigned long long)line->index, (unsigned long long)counting->total_images);
    if (line->bucket == BUCKET_FAILED)
        return STATUS_OK;
    counting->done[line->index / 8] |= (uint8_t)(1u << line->index % 8);
    return tally_apply(counting->tally, line->index, line->tally);
}

/* Counts this rank's journals, and gathers on rank 0 what all ranks' have done. */
static enum status count_journals(const struct ranks *ranks, const struct run *run,
                                  struct share *share, struct tally *tally) {
    enum status status;
    MPI_Request request;
    size_t bytes = share->total_images / 8 + 1;
    struct counting counting = {ranks->pulse, share->total_images, tally, NULL};
    TRY(agree(ranks, memory_zeroed(bytes, 1, &counting.done)));
    for (size_t i = 0; status == STATUS_OK && i < run->n_journals; i++)
        status = journal_read(run->output, run->journals[i], count, &counting);
    if (status == STATUS_OK && bytes > INT32_MAX)
        status =
            FAIL(STATUS_FAILED, "too many images: %llu", (unsigned long long)share->total_images);
    TRY(agree(ranks, status));
    MPI_Ireduce(ranks->rank == 0 ? MPI_IN_PLACE : counting.done, counting.done, (int)bytes,
                MPI_BYTE, MPI_BOR, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    if (ranks->rank == 0) {
        share->done = counting.done;
        counting.done = NULL;
    }
    for (uint64_t i = 0; ranks->rank == 0 && i < share->total_images; i++)
        share->done_before += share->done[i / 8] >> i % 8 & 1;
out:
    free(counting.done);
    return status;
}

enum status resume(const struct ranks *ranks, const struct inputs *inputs, struct run *run,
                   struct share *share, struct tally *tally) {
    enum status status;
    MPI_Request request;
    struct journal_ids all = {0};
    struct repairing repairing = {.pulse = ranks->pulse,
                                  .placer = run->placer,
                                  .images.paths = &inputs->dataset.images,
                                  .format = inputs->dataset.format};
    share->total_images = inputs->dataset.images.count;
    MPI_Ibcast(&share->total_images, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    TRY(share_journals(ranks, run->output, &all));
    TRY(agree(ranks, deal_journals(ranks, &all, run)));
    TRY(agree(ranks, ranks->rank == 0 ? repair(run->output, &all, &repairing) : STATUS_OK));
    TRY(agree(ranks, tally_make(inputs->classes.n_data, tally)));
    TRY(count_journals(ranks, run, share, tally));
out:
    packed_reader_free(&repairing.images);
    free(all.items);
    return status;
}

enum status run_open_journal(const struct ranks *ranks, unsigned streams, struct run *run) {
    enum status status =
        journal_create(run->output, run->epoch, ranks->rank, streams, &run->journal);
    if (status == STATUS_OK)
        run->journals[run->n_journals++] = (struct journal_id){run->epoch, ranks->rank};
    return agree(ranks, status);
}
