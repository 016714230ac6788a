/* Each rank's lines of the records lie in a part of its own until the end; then every rank copies
 * its part to its place in the one file, all at the same time. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "job.h"

enum { COPY_BYTES = 1 << 20 };

static enum status part_path(const struct job *job, const char *name, int rank, char *path) {
    int length =
        rank < 0 ? snprintf(path, PATH_MAX, "%s/" WORK_FOLDER "/%s", job->output, name)
                 : snprintf(path, PATH_MAX, "%s/" WORK_FOLDER "/%s.%d", job->output, name, rank);
    return length > 0 && length < PATH_MAX
               ? STATUS_OK
               : FAIL(STATUS_BAD_INPUT, "--output %s: the path is too long", job->output);
}

enum status part_open(const struct job *job, const char *name, FILE **file) {
    enum status status;
    char path[PATH_MAX], folder[PATH_MAX];
    TRY(part_path(job, name, job->rank, path));
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    TRY(make_folders(folder));
    *file = fopen(path, "w");
    if (!*file)
        return FAIL(STATUS_FAILED, "cannot write %s: %s", path, strerror(errno));
out:
    return status;
}

static enum status write_at(int fd, const char *bytes, size_t length, uint64_t offset) {
    while (length > 0) {
        ssize_t n = pwrite(fd, bytes, length, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL(STATUS_FAILED, "cannot write the merged records: %s",
                        n < 0 ? strerror(errno) : "nothing was written");
        bytes += n;
        length -= (size_t)n;
        offset += (uint64_t)n;
    }
    return STATUS_OK;
}

/* Copies `length` bytes of the part to `offset` of the whole. */
static enum status copy_part(int from, int to, uint64_t length, uint64_t offset) {
    char *buffer = NULL;
    enum status status = memory_zeroed(COPY_BYTES, 1, &buffer);
    while (status == STATUS_OK && length > 0) {
        ssize_t n = read(from, buffer, length < COPY_BYTES ? (size_t)length : COPY_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            status = FAIL(STATUS_FAILED, "cannot read this rank's records back: %s",
                          n < 0 ? strerror(errno) : "the file is shorter than it was");
            break;
        }
        status = write_at(to, buffer, (size_t)n, offset);
        offset += (uint64_t)n;
        length -= (uint64_t)n;
    }
    free(buffer);
    return status;
}

/* One file of parts: `head`, the parts in rank order without the last `trim` bytes of all, `tail`.
 */
struct framing {
    const char *name, *file; /* of the parts; of the whole, in the output folder */
    const char *head, *tail;
    size_t trim;
};

static enum status open_parts(const struct job *job, const struct framing *framing, int *part,
                              int *whole, uint64_t *length) {
    enum status status;
    struct stat info;
    char path[PATH_MAX];
    TRY(part_path(job, framing->name, job->rank, path));
    *part = open(path, O_RDONLY | O_CLOEXEC);
    if (*part < 0 || fstat(*part, &info) != 0)
        return FAIL(STATUS_FAILED, "cannot read %s: %s", path, strerror(errno));
    *length = (uint64_t)info.st_size;
    TRY(part_path(job, framing->name, -1, path));
    *whole = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (*whole < 0)
        return FAIL(STATUS_FAILED, "cannot write %s: %s", path, strerror(errno));
out:
    return status;
}

static enum status publish(const struct job *job, const struct framing *framing) {
    enum status status;
    char from[PATH_MAX], to[PATH_MAX];
    TRY(part_path(job, framing->name, -1, from));
    int length = snprintf(to, sizeof to, "%s/%s", job->output, framing->file);
    if (length < 0 || (size_t)length >= sizeof to)
        return FAIL(STATUS_BAD_INPUT, "--output %s: the path is too long", job->output);
    if (rename(from, to) != 0)
        return FAIL(STATUS_FAILED, "cannot make %s: %s", to, strerror(errno));
out:
    return status;
}

static enum status merge(struct job *job, const struct framing *framing) {
    enum status status;
    int part = -1, whole = -1;
    uint64_t length = 0, offset = 0, total = 0;
    char path[PATH_MAX];
    TRY(agree(MPI_COMM_WORLD, open_parts(job, framing, &part, &whole, &length)));
    MPI_Exscan(&length, &offset, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&length, &total, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
    if (job->rank == 0)
        offset = 0; /* Exscan leaves rank 0's result undefined */
    uint64_t head = strlen(framing->head), trim = total < framing->trim ? total : framing->trim;
    TRY(agree(MPI_COMM_WORLD, copy_part(part, whole, length, head + offset)));
    if (job->rank == 0) {
        status = write_at(whole, framing->head, head, 0);
        if (status == STATUS_OK && trim && ftruncate(whole, (off_t)(head + total - trim)) != 0)
            status = FAIL(STATUS_FAILED, "cannot cut %s: %s", framing->file, strerror(errno));
        if (status == STATUS_OK)
            status = write_at(whole, framing->tail, strlen(framing->tail), head + total - trim);
    }
    if (status == STATUS_OK && fsync(whole) != 0)
        status = FAIL(STATUS_FAILED, "cannot write %s: %s", framing->file, strerror(errno));
    TRY(agree(MPI_COMM_WORLD, status));
    TRY(agree(MPI_COMM_WORLD, job->rank == 0 ? publish(job, framing) : STATUS_OK));
    TRY(part_path(job, framing->name, job->rank, path));
    unlink(path);
out:
    if (part >= 0)
        close(part);
    if (whole >= 0)
        close(whole);
    return status;
}

enum status job_merge(struct job *job) {
    static const struct framing records = {"records", "verification_records.jsonl", "", "", 0};
    /* Each line ends in a comma and a newline; the last one's go. */
    static const struct framing predictions = {"predictions", "predictions.json", "[\n", "\n]\n",
                                               2};
    enum status status;
    char folder[PATH_MAX];
    TRY(merge(job, &records));
    if (job->options.save_json)
        TRY(merge(job, &predictions));
    MPI_Barrier(MPI_COMM_WORLD);
    if (job->rank == 0) {
        snprintf(folder, sizeof folder, "%s/" WORK_FOLDER, job->output);
        if (rmdir(folder) != 0 && errno != ENOENT)
            status = FAIL(STATUS_FAILED, "cannot remove %s: %s", folder, strerror(errno));
    }
    status = agree(MPI_COMM_WORLD, status);
out:
    return status;
}
