#include "progress.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "screen.h"

typedef void say(struct screen *screen, const char *format, ...);

const char *job_prefix(const struct job *job) {
    return job->interface ? job->interface->prefix : "CPU";
}

static void say_notes(struct screen *screen, say *line, const char *prefix, int rank,
                      const char *notes) {
    for (const char *at = notes; *at; at = strchr(at, '\n') + 1)
        line(screen, "[%s %d] WARNING: %.*s", prefix, rank, (int)strcspn(at, "\n"), at);
}

/* Says what is new: a rank to its own log, rank 0 to the screen. */
static void say_progress(struct screen *screen, say *line, const char *prefix, int rank,
                         const struct verify_progress *p, struct told *told) {
    unsigned long long done = p->done, total = p->total;
    uint64_t step = p->total / 100 ? p->total / 100 : 1;
    if (!told->started) {
        line(screen, "[%s %d] Processing %llu images", prefix, rank, total);
        told->started = true;
        told->next = step;
    }
    say_notes(screen, line, prefix, rank, p->notes);
    /* Its total may still change until it has finished. */
    bool last = p->finished && p->done == p->total && told->images < p->done;
    if (p->done > 0 && (p->done >= told->next || last)) {
        double speed = (double)p->done / p->seconds;
        line(screen, "[%s %d] Progress: %llu/%llu (%.1f%%) | Speed: %.1f img/s | ETA: %.1f min",
             prefix, rank, done, total, 100.0 * (double)p->done / (double)p->total, speed,
             (double)(p->total - p->done) / speed / 60);
        told->images = p->done;
        told->next = (p->done / step + 1) * step;
    }
    if (p->finished && !told->ended) {
        told->ended = true;
        if (p->status != STATUS_OK)
            line(screen, "[%s %d] ERROR: %s", prefix, rank, p->error);
        else if (p->done == p->total)
            line(screen, "[%s %d] ✓ Complete! Processed %llu images", prefix, rank, done);
    }
}

enum status progress_open(struct job *job, struct progress *progress) {
    enum status status = STATUS_OK;
    size_t n = job->rank == 0 ? (size_t)job->size : 0;
    *progress = (struct progress){.job = job, .gathering = MPI_REQUEST_NULL};
    TRY(memory_zeroed(n, sizeof *progress->all, &progress->all));
    TRY(memory_zeroed(n, sizeof *progress->shown, &progress->shown));
out:
    return status;
}

void progress_close(struct progress *progress) {
    free(progress->all);
    free(progress->shown);
}

void progress_begin(struct progress *progress, const struct verify_progress *mine) {
    struct job *job = progress->job;
    progress->mine = *mine;
    progress->rounds++;
    say_progress(job->screen, screen_own, job_prefix(job), job->rank, mine, &progress->told);
    MPI_Igather(&progress->mine, sizeof progress->mine, MPI_BYTE, progress->all,
                sizeof *progress->all, MPI_BYTE, 0, job->progress_comm, &progress->gathering);
}

static void show(struct progress *progress) {
    struct job *job = progress->job;
    progress->finished = true;
    for (int r = 0; r < job->size; r++) {
        const struct verify_progress *p = &progress->all[r];
        bool failed = p->status != STATUS_OK;
        say_progress(job->screen, failed ? screen_error : screen_line, job_prefix(job), r, p,
                     &progress->shown[r]);
        job->failure_shown |= progress->shown[r].ended && failed;
        progress->finished = progress->finished && p->finished;
    }
}

bool progress_complete(struct progress *progress) {
    int complete = 1;
    if (progress->gathering == MPI_REQUEST_NULL)
        return true;
    MPI_Test(&progress->gathering, &complete, MPI_STATUS_IGNORE);
    if (complete && progress->job->rank == 0)
        show(progress);
    return complete != 0;
}
