/* Every image's record lies in some journal. At the end all ranks learn how long each is, hence
 * where it belongs in the one file, and each copies those of its journals there, all at the same
 * time. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/run_file.h"
#include "output/storage.h"
#include "output/work_folder.h"
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

/* One merged file: `head`, the lines of all images in list order without the last `trim` bytes,
 * `tail`. */
struct framing {
    enum journal_stream stream;
    const char *file; /* in the output folder … */
    bool in_work;     /* … or in the work folder */
    const char *head, *tail;
    size_t trim;
};

/* An image in this rank's journals. */
struct line {
    uint64_t index;
    uint64_t end; /* at first the line's length, then where it ends */
};

struct merging {
    const struct ranks *ranks;
    const struct run *run;
    uint64_t total_images;
    const struct framing *framing;
    size_t n_lines, line_capacity;
    struct line *lines; /* by index; owned */
    size_t next;        /* the line behind the one that was copied last */
    uint64_t total;     /* length of all images' lines */
    int whole;
    struct work_folder work;
    char draft[MERGE_NAME_BYTES];      /* in the work folder */
    const struct journal_texts *texts; /* of the journal at hand */
    unsigned epoch;                    /* its */
    struct text waiting;               /* neighbouring lines, not yet written */
    uint64_t unsynced;                 /* bytes, since it was brought to the disk */
    uint64_t waiting_end;
};

/* An image that failed in an earlier epoch was tried again. */
static bool counts(const struct merging *merging, const struct journal_line *line) {
    return line->bucket != BUCKET_FAILED || merging->epoch == merging->run->epoch;
}

static uint64_t length_of(const struct merging *merging, const struct journal_line *line) {
    return line->texts[merging->framing->stream].length;
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

static enum status cannot_write(const struct merging *merging, int error) {
    struct spot spot = work_spot(&merging->work, merging->draft);
    storage_failed(error, &spot, "cannot write");
    /* In the middle of a run nothing is bad input any more. */
    return STATUS_FAILED;
}

static enum status write_at(const struct merging *merging, const char *bytes, size_t length,
                            uint64_t offset) {
    while (length > 0) {
        ssize_t n = pwrite(merging->whole, bytes, length, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return cannot_write(merging, n < 0 ? errno : EIO);
        bytes += n;
        length -= (size_t)n;
        offset += (uint64_t)n;
    }
    return STATUS_OK;
}

/* Brings to the disk what was written since the last time. */
static enum status sync_whole(struct merging *merging) {
    pulse_announce(merging->ranks->pulse, (double)merging->unsynced / SLOW_BYTES);
    merging->unsynced = 0;
    return fsync(merging->whole) == 0 ? STATUS_OK : cannot_write(merging, errno);
}

static enum status flush(struct merging *merging) {
    size_t length = merging->waiting.length;
    enum status status = write_at(merging, merging->waiting.data, length,
                                  strlen(merging->framing->head) + merging->waiting_end - length);
    text_clear(&merging->waiting);
    merging->unsynced += length;
    return status == STATUS_OK && merging->unsynced >= SYNC_BYTES ? sync_whole(merging) : status;
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
    TRY(journal_text_read(merging->texts, line, merging->framing->stream, &merging->waiting));
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

/* Linux's NFS client writes whole pages of a file that nobody has locked, and where the lines of
 * two hosts meet in a page it would overwrite those of the other with zeros. With a lock on some
 * bytes, wherever they are, it writes what was written (nfs_can_extend_write). Elsewhere it changes
 * nothing, so a failure does not matter. */
static void write_no_whole_pages(int file, int rank) {
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = ((off_t)1 << 61) + rank, .l_len = 1};
    fcntl(file, F_OFD_SETLK, &lock);
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

/* Gives the whole file its place. */
static enum status publish(const struct merging *merging) {
    struct stat about;
    const struct framing *framing = merging->framing;
    int folder = framing->in_work ? merging->work.folder : merging->work.output;
    int error = fstat(merging->whole, &about) == 0 ? 0 : errno;
    if (error == 0)
        error = file_move(merging->work.folder, merging->draft, folder, framing->file, &about);
    return error == 0 ? STATUS_OK : cannot_write(merging, error);
}

static enum status frame(const struct merging *merging) {
    enum status status;
    const struct framing *framing = merging->framing;
    uint64_t total = merging->total;
    uint64_t trim = total < framing->trim ? total : framing->trim;
    uint64_t end = strlen(framing->head) + total - trim;
    TRY(write_at(merging, framing->head, strlen(framing->head), 0));
    if (ftruncate(merging->whole, (off_t)end) != 0)
        return cannot_write(merging, errno);
    TRY(write_at(merging, framing->tail, strlen(framing->tail), end));
out:
    return status;
}

static enum status merge(const struct ranks *ranks, const struct run *run, uint64_t total_images,
                         const struct framing *framing) {
    enum status status;
    struct merging merging = {
        .ranks = ranks, .run = run, .total_images = total_images, .framing = framing, .whole = -1};
    snprintf(merging.draft, sizeof merging.draft, MERGE_PREFIX "%s", framing->file);
    status = work_folder_open(run->output, true, &merging.work);
    if (status == STATUS_OK)
        status = measure_all(&merging);
    TRY(agree(ranks, status));
    TRY(agree(ranks, place(&merging)));
    struct spot spot = work_spot(&merging.work, merging.draft);
    status = below_file_open(&spot, O_WRONLY | O_CREAT, 0666, "cannot write", &merging.whole);
    if (status == STATUS_OK)
        write_no_whole_pages(merging.whole, ranks->rank);
    TRY(agree(ranks, status));
    TRY(agree(ranks, copy_all(&merging)));
    if (ranks->rank == 0)
        status = frame(&merging);
    if (ranks->rank == 0 && status == STATUS_OK)
        status = sync_whole(&merging);
    if (ranks->rank == 0 && status == STATUS_OK)
        status = publish(&merging);
    status = agree(ranks, status);
out:
    if (merging.whole >= 0)
        close(merging.whole);
    work_folder_close(&merging.work);
    text_free(&merging.waiting);
    free(merging.lines);
    return status;
}

enum status merge_all(const struct ranks *ranks, const struct run *run, uint64_t total_images,
                      bool save_json) {
    static const struct framing records = {
        JOURNAL_RECORDS, "verification_records.jsonl", false, "", "", 0};
    /* Each line ends in a comma and a newline; the last one's go. */
    static const struct framing predictions = {
        JOURNAL_PREDICTIONS, "predictions.json", false, "[\n", "\n]\n", 2};
    static const struct framing manifest = {JOURNAL_PLACED, MANIFEST, true, "", "", 0};
    enum status status;
    TRY(merge(ranks, run, total_images, &records));
    if (save_json)
        TRY(merge(ranks, run, total_images, &predictions));
    TRY(merge(ranks, run, total_images, &manifest));
    TRY(agree(ranks, ranks->rank == 0 ? run_file_note(run->output) : STATUS_OK));
out:
    return status;
}
