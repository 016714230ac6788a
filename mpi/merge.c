/* Every image's parts of the output streams lie in some journal. At the end all ranks learn how
 * long each is, hence where it belongs in the one file, and each copies those of its journals
 * there, all at the same time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "output/run_file.h"
#include "output/whole.h"
#include "pulse.h"
#include "stages.h"

enum {
    COPY_BYTES = 1 << 20,   /* neighbouring lines that are written together, at most about */
    ROUND_IMAGES = 1 << 15, /* that are placed in one round */
};

/* Bytes that are brought to the disk at once, which is one step. */
#define SYNC_BYTES (UINT64_C(1) << 25)
/* Bytes that a slow disk takes a second. */
#define SLOW_BYTES 1e6

/* An image in this rank's journals. */
struct line {
    uint64_t index;
    uint64_t end; /* at first the line's length, then where it ends */
};

struct merging {
    const struct ranks *ranks;
    const struct run *run;
    uint64_t total_images;
    size_t row; /* of the stream */
    const struct stream *stream;
    size_t n_lines, line_capacity;
    struct line *lines; /* by index; owned */
    size_t next;        /* the line behind the one that was copied last */
    uint64_t total;     /* length of all images' lines */
    struct whole whole;
    const struct journal_texts *texts; /* of the journal at hand */
    unsigned epoch;                    /* its */
    struct text waiting;               /* neighbouring lines, not yet written */
    uint64_t waiting_end;
};

/* An image that failed in an earlier epoch was tried again. */
static bool counts(const struct merging *merging, const struct journal_line *line) {
    return line->bucket != BUCKET_FAILED || merging->epoch == merging->run->epoch;
}

static uint64_t length_of(const struct merging *merging, const struct journal_line *line) {
    return line->texts[merging->row].length;
}

static enum status measure(void *context, const struct journal_line *line) {
    struct merging *merging = context;
    pulse_tick(merging->ranks->pulse);
    if (!counts(merging, line))
        return STATUS_OK;
    enum status status = memory_reserve(&merging->lines, &merging->line_capacity,
                                        merging->n_lines + 1, sizeof *merging->lines);
    if (status == STATUS_OK)
        merging->lines[merging->n_lines++] = (struct line){line->index, length_of(merging, line)};
    return status;
}

static int by_index(const void *a, const void *b) {
    const struct line *left = a, *right = b;
    return left->index < right->index ? -1 : left->index > right->index;
}

/* The first line whose index is not above the one's before it. */
static size_t first_not_above(const struct merging *merging) {
    size_t i = 1;
    while (i < merging->n_lines && merging->lines[i].index > merging->lines[i - 1].index)
        i++;
    return i;
}

/* This rank's lines and their lengths, by index. */
static enum status measure_all(struct merging *merging) {
    enum status status = STATUS_OK;
    const struct run *run = merging->run;
    for (size_t i = 0; i < run->n_journals; i++) {
        merging->epoch = run->journals[i].epoch;
        TRY(journal_read(run->output, run->journals[i], measure, merging));
    }
    /* Mostly they are in order, and sorting takes as much memory again. */
    if (first_not_above(merging) < merging->n_lines)
        qsort(merging->lines, merging->n_lines, sizeof *merging->lines, by_index);
    size_t twice = first_not_above(merging);
    if (twice < merging->n_lines)
        return FAIL(STATUS_FAILED,
                    "image %llu is in the journals twice: start over with --overwrite",
                    (unsigned long long)merging->lines[twice].index);
out:
    return status;
}

/* Brings to the disk what was written since the last time. */
static enum status sync_whole(struct merging *merging) {
    pulse_announce(merging->ranks->pulse, (double)merging->whole.unsynced / SLOW_BYTES);
    return whole_sync(&merging->whole);
}

static enum status flush(struct merging *merging) {
    size_t length = merging->waiting.length;
    enum status status = whole_write(&merging->whole, merging->waiting.data, length,
                                     strlen(merging->stream->head) + merging->waiting_end - length);
    text_clear(&merging->waiting);
    return status == STATUS_OK && merging->whole.unsynced >= SYNC_BYTES ? sync_whole(merging)
                                                                        : status;
}

/* Mostly a journal's lines are in the list's order. NULL: it was not there before. */
static const struct line *find_line(struct merging *merging, uint64_t index) {
    const struct line key = {.index = index}, *found = NULL;
    if (merging->next < merging->n_lines && merging->lines[merging->next].index == index)
        found = &merging->lines[merging->next];
    else if (merging->n_lines)
        found = bsearch(&key, merging->lines, merging->n_lines, sizeof key, by_index);
    if (found)
        merging->next = (size_t)(found - merging->lines) + 1;
    return found;
}

static enum status copy(void *context, const struct journal_line *line) {
    enum status status = STATUS_OK;
    struct merging *merging = context;
    uint64_t length = length_of(merging, line);
    pulse_tick(merging->ranks->pulse);
    if (length == 0 || !counts(merging, line))
        return STATUS_OK;
    const struct line *found = find_line(merging, line->index);
    if (!found)
        return FAIL(STATUS_FAILED, "a journal changed while it was read");
    uint64_t end = found->end;
    if (merging->waiting.length >= COPY_BYTES || merging->waiting_end != end - length)
        TRY(flush(merging));
    TRY(journal_text_read(merging->texts, line, merging->row, &merging->waiting));
    merging->waiting_end = end;
out:
    return status;
}

static enum status copy_all(struct merging *merging) {
    enum status status = STATUS_OK;
    const struct run *run = merging->run;
    for (size_t i = 0; status == STATUS_OK && i < run->n_journals; i++) {
        struct journal_texts texts;
        TRY(journal_texts_open(run->output, run->journals[i], &texts));
        merging->texts = &texts;
        merging->epoch = run->journals[i].epoch;
        status = journal_read(run->output, run->journals[i], copy, merging);
        if (status == STATUS_OK)
            status = flush(merging);
        journal_texts_close(&texts);
    }
    /* Before rank 0 writes over the last line's end: on a network file system the later one to
     * arrive is what stays. */
    if (status == STATUS_OK)
        status = sync_whole(merging);
out:
    return status;
}

/* One round: lengths of the images from `first` on, of this rank and then of all, to ends. *own:
 * the first of this rank's lines that lies behind. */
static enum status place_round(struct merging *merging, uint64_t first, uint64_t *lengths,
                               size_t *own) {
    MPI_Request request;
    uint64_t left = merging->total_images - first;
    size_t count = left < ROUND_IMAGES ? (size_t)left : ROUND_IMAGES, begin = *own;
    memset(lengths, 0, count * sizeof *lengths);
    /* One more, so that an image that is there differs from one that is not. */
    for (; *own < merging->n_lines && merging->lines[*own].index < first + count; ++*own)
        lengths[merging->lines[*own].index - first] = merging->lines[*own].end + 1;
    MPI_Iallreduce(MPI_IN_PLACE, lengths, (int)count, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD,
                   &request);
    wait_for(merging->ranks, &request);
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] == 0)
            return FAIL(STATUS_FAILED, "image %llu is in no journal: run again with --resume",
                        (unsigned long long)(first + i));
        merging->total += lengths[i] - 1;
        lengths[i] = merging->total;
    }
    for (size_t i = begin; i < *own; i++)
        merging->lines[i].end = lengths[merging->lines[i].index - first];
    return STATUS_OK;
}

/* Where each line ends, and how many images there are in all: the same on every rank. */
static enum status place(struct merging *merging) {
    enum status status;
    const struct ranks *ranks = merging->ranks;
    MPI_Request request;
    uint64_t *lengths = NULL, images = merging->n_lines, total = merging->total_images;
    size_t own = 0;
    MPI_Iallreduce(MPI_IN_PLACE, &images, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    TRY(agree(ranks, memory_zeroed(ROUND_IMAGES, sizeof *lengths, &lengths)));
    for (uint64_t first = 0; first < total; first += ROUND_IMAGES)
        TRY(place_round(merging, first, lengths, &own));
    if (images != total)
        status =
            FAIL(STATUS_FAILED, "images are in the journals twice: start over with --overwrite");
out:
    free(lengths);
    return status;
}

/* Head and tail; the last part's separator goes. */
static enum status frame(struct merging *merging) {
    enum status status;
    const struct stream *stream = merging->stream;
    uint64_t total = merging->total, separator = strlen(stream->separator);
    uint64_t end = strlen(stream->head) + total - (total < separator ? total : separator);
    TRY(whole_write(&merging->whole, stream->head, strlen(stream->head), 0));
    TRY(whole_end(&merging->whole, end));
    TRY(whole_write(&merging->whole, stream->tail, strlen(stream->tail), end));
out:
    return status;
}

static enum status merge(const struct ranks *ranks, const struct run *run, uint64_t total_images,
                         size_t row) {
    enum status status;
    struct merging merging = {.ranks = ranks,
                              .run = run,
                              .total_images = total_images,
                              .row = row,
                              .stream = stream_at(row)};
    TRY(agree(ranks, measure_all(&merging)));
    TRY(agree(ranks, place(&merging)));
    TRY(agree(ranks, whole_open(run->output, merging.stream->file, ranks->rank, &merging.whole)));
    TRY(agree(ranks, copy_all(&merging)));
    if (ranks->rank == 0)
        status = frame(&merging);
    if (ranks->rank == 0 && status == STATUS_OK)
        status = sync_whole(&merging);
    if (ranks->rank == 0 && status == STATUS_OK)
        status = whole_publish(&merging.whole, merging.stream->file, merging.stream->in_work);
    status = agree(ranks, status);
out:
    whole_close(&merging.whole);
    text_free(&merging.waiting);
    free(merging.lines);
    return status;
}

enum status merge_all(const struct ranks *ranks, const struct run *run, uint64_t total_images,
                      unsigned streams) {
    enum status status;
    for (size_t row = 0; row < stream_count(); row++)
        if (streams_have(streams, row))
            TRY(merge(ranks, run, total_images, row));
    TRY(agree(ranks, ranks->rank == 0 ? run_file_note(run->output) : STATUS_OK));
out:
    return status;
}
