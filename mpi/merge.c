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
#include "job.h"
#include "output/storage.h"

enum { COPY_BYTES = 1 << 20 };

/* One merged file: `head`, the lines of all images in list order without the last `trim` bytes,
 * `tail`. */
struct framing {
    const char *file; /* in the output folder */
    const char *head, *tail;
    size_t trim;
    bool predictions; /* which texts of the journals */
};

struct merging {
    const struct job *job;
    const struct framing *framing;
    uint64_t *ends; /* [images]: first lengths + 1 of those in this rank's journals; then where each
                       line ends */
    uint64_t images; /* in this rank's journals */
    int whole;
    char draft[PATH_MAX];
    const struct journal_texts *texts; /* of the journal at hand */
    struct text waiting;               /* neighbouring lines, not yet written */
    uint64_t waiting_end;
};

static const struct journal_text *text_of(const struct merging *merging,
                                          const struct journal_line *line) {
    return merging->framing->predictions ? &line->predictions : &line->record;
}

static enum status measure(void *context, const struct journal_line *line) {
    struct merging *merging = context;
    if (merging->ends[line->index] != 0)
        return FAIL(STATUS_FAILED,
                    "image %llu is in the journals twice: start over with "
                    "--overwrite",
                    (unsigned long long)line->index);
    /* One more, so that an image that is there differs from one that is not. */
    merging->ends[line->index] = (uint64_t)text_of(merging, line)->length + 1;
    merging->images++;
    return STATUS_OK;
}

static enum status cannot_write(const char *path, int error) {
    struct spot spot = {AT_FDCWD, NULL, path};
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
            return cannot_write(merging->draft, n < 0 ? errno : EIO);
        bytes += n;
        length -= (size_t)n;
        offset += (uint64_t)n;
    }
    return STATUS_OK;
}

static enum status flush(struct merging *merging) {
    enum status status =
        write_at(merging, merging->waiting.data, merging->waiting.length,
                 strlen(merging->framing->head) + merging->waiting_end - merging->waiting.length);
    text_clear(&merging->waiting);
    return status;
}

static enum status copy(void *context, const struct journal_line *line) {
    enum status status = STATUS_OK;
    struct merging *merging = context;
    uint64_t end = merging->ends[line->index], length = text_of(merging, line)->length;
    if (length == 0)
        return STATUS_OK;
    if (merging->waiting.length >= COPY_BYTES || merging->waiting_end != end - length)
        TRY(flush(merging));
    TRY((merging->framing->predictions ? journal_predictions : journal_record)(merging->texts, line,
                                                                               &merging->waiting));
    merging->waiting_end = end;
out:
    return status;
}

static enum status copy_all(struct merging *merging) {
    enum status status = STATUS_OK;
    const struct job *job = merging->job;
    for (size_t i = 0; status == STATUS_OK && i < job->n_journals; i++) {
        struct journal_texts texts;
        TRY(journal_texts_open(job->output, job->journals[i], &texts));
        merging->texts = &texts;
        status = journal_read(job->output, job->journals[i], copy, merging);
        if (status == STATUS_OK)
            status = flush(merging);
        journal_texts_close(&texts);
    }
out:
    return status;
}

/* Lengths of all ranks to ends; *images: how many there are in all. */
static enum status place(struct merging *merging, uint64_t *images) {
    uint64_t total = merging->job->total_images, end = 0;
    *images = merging->images;
    MPI_Allreduce(MPI_IN_PLACE, images, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, merging->ends, (int)total, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
    for (uint64_t i = 0; i < total; i++) {
        if (merging->ends[i] == 0)
            return FAIL(STATUS_FAILED, "image %llu is in no journal: run again with --resume",
                        (unsigned long long)i);
        end += merging->ends[i] - 1;
        merging->ends[i] = end;
    }
    return *images == total
               ? STATUS_OK
               : FAIL(STATUS_FAILED, "images are in the journals twice: start over with "
                                     "--overwrite");
}

/* Gives the whole file its place. */
static enum status publish(const struct merging *merging, const char *path) {
    struct stat about;
    int error = fstat(merging->whole, &about) == 0 ? 0 : errno;
    if (error == 0)
        error = file_rename(AT_FDCWD, merging->draft, path, &about);
    return error == 0 ? STATUS_OK : cannot_write(path, error);
}

static enum status frame(const struct merging *merging) {
    enum status status;
    const struct framing *framing = merging->framing;
    uint64_t images = merging->job->total_images, total = images ? merging->ends[images - 1] : 0;
    uint64_t trim = total < framing->trim ? total : framing->trim;
    uint64_t end = strlen(framing->head) + total - trim;
    TRY(write_at(merging, framing->head, strlen(framing->head), 0));
    if (ftruncate(merging->whole, (off_t)end) != 0)
        return cannot_write(merging->draft, errno);
    TRY(write_at(merging, framing->tail, strlen(framing->tail), end));
out:
    return status;
}

static enum status merge(struct job *job, const struct framing *framing) {
    enum status status;
    struct merging merging = {.job = job, .framing = framing, .whole = -1};
    char path[PATH_MAX];
    uint64_t images;
    int length =
        snprintf(merging.draft, PATH_MAX, "%s/" WORK_FOLDER "/%s", job->output, framing->file);
    snprintf(path, sizeof path, "%s/%s", job->output, framing->file);
    status = memory_zeroed(job->total_images, sizeof *merging.ends, &merging.ends);
    if (length < 0 || length >= PATH_MAX)
        status = FAIL(STATUS_BAD_INPUT, "--output %s: the path is too long", job->output);
    if (job->total_images > INT_MAX)
        status = FAIL(STATUS_FAILED, "too many images");
    for (size_t i = 0; status == STATUS_OK && i < job->n_journals; i++)
        status = journal_read(job->output, job->journals[i], measure, &merging);
    TRY(agree(MPI_COMM_WORLD, status));
    TRY(agree(MPI_COMM_WORLD, place(&merging, &images)));
    merging.whole = open(merging.draft, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (merging.whole < 0)
        status = cannot_write(merging.draft, errno);
    TRY(agree(MPI_COMM_WORLD, status));
    TRY(agree(MPI_COMM_WORLD, copy_all(&merging)));
    if (job->rank == 0)
        status = frame(&merging);
    if (status == STATUS_OK && fsync(merging.whole) != 0)
        status = cannot_write(merging.draft, errno);
    TRY(agree(MPI_COMM_WORLD, status));
    if (job->rank == 0)
        status = publish(&merging, path);
    status = agree(MPI_COMM_WORLD, status);
out:
    if (merging.whole >= 0)
        close(merging.whole);
    text_free(&merging.waiting);
    free(merging.ends);
    return status;
}

enum status job_merge(struct job *job) {
    static const struct framing records = {"verification_records.jsonl", "", "", 0, false};
    /* Each line ends in a comma and a newline; the last one's go. */
    static const struct framing predictions = {"predictions.json", "[\n", "\n]\n", 2, true};
    enum status status;
    TRY(merge(job, &records));
    if (job->options.save_json)
        TRY(merge(job, &predictions));
out:
    return status;
}
