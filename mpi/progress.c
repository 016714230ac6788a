#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "job.h"
#include "screen.h"
#include "signals.h"

enum { TICK_MS = 100, WAIT_MS = 2 };

/* What rank 0 tells the others after each gather. */
enum command { CONTINUE, CANCEL, END };

/* A rank's progress, and the signal that asks it to stop; plain data, sent as bytes. */
struct report_line {
    struct verify_progress progress;
    int32_t signal;
};
struct order {
    int32_t command, signal;
};

/* What has been said of one rank. */
struct told {
    bool started, ended;
    uint64_t next; /* images at which the next progress line is due */
};

typedef void say(struct screen *screen, const char *format, ...);

static void sleep_ms(long ms) {
    struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

/* Never spins, so that waiting takes no core from the work. */
static void wait_for(MPI_Request *request) {
    int complete = 0;
    for (MPI_Test(request, &complete, MPI_STATUS_IGNORE); !complete;
         MPI_Test(request, &complete, MPI_STATUS_IGNORE))
        sleep_ms(WAIT_MS);
}

static void say_notes(struct screen *screen, say *line, const char *prefix, int rank,
                      const char *notes) {
    for (const char *at = notes; *at; at = strchr(at, '\n') + 1)
        line(screen, "[%s %d] WARNING: %.*s", prefix, rank, (int)strcspn(at, "\n"), at);
}

/* The lines that one rank's new progress is worth; the rank writes them to its own log, rank 0 to
 * the screen. */
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
    bool last = p->done == p->total && told->next <= p->total;
    if (p->done > 0 && (p->done >= told->next || last)) {
        double speed = (double)p->done / p->seconds;
        line(screen, "[%s %d] Progress: %llu/%llu (%.1f%%) | Speed: %.1f img/s | ETA: %.1f min",
             prefix, rank, done, total, 100.0 * (double)p->done / (double)p->total, speed,
             (double)(p->total - p->done) / speed / 60);
        told->next = last ? p->total + 1 : (p->done / step + 1) * step;
    }
    if (p->finished && !told->ended) {
        told->ended = true;
        if (p->status != STATUS_OK)
            line(screen, "[%s %d] ERROR: %s", prefix, rank, p->error);
        else if (p->done == p->total)
            line(screen, "[%s %d] ✓ Complete! Processed %llu images", prefix, rank, total);
    }
}

static struct order decide(const struct job *job, const struct report_line *all) {
    bool finished = true, failed = job->lock_status != STATUS_OK;
    struct order order = {CONTINUE, 0};
    for (int r = 0; r < job->size; r++) {
        finished = finished && all[r].progress.finished;
        failed = failed || all[r].progress.status != STATUS_OK;
        order.signal = all[r].signal ? all[r].signal : order.signal;
    }
    order.command = finished ? END : failed || order.signal ? CANCEL : CONTINUE;
    return order;
}

/* One gather: every rank's progress to rank 0, its order back. */
static struct order tick(struct job *job, const struct report_line *mine, struct report_line *all,
                         struct told *told) {
    MPI_Request request;
    struct order order = {CONTINUE, 0};
    MPI_Igather(mine, sizeof *mine, MPI_BYTE, all, sizeof *mine, MPI_BYTE, 0, job->progress_comm,
                &request);
    wait_for(&request);
    for (int r = 0; job->rank == 0 && r < job->size; r++) {
        bool failed = all[r].progress.status != STATUS_OK;
        say_progress(job->screen, failed ? screen_error : screen_line,
                     job->interface ? job->interface->prefix : "CPU", r, &all[r].progress,
                     &told[r]);
        job->failure_shown |= told[r].ended && failed;
    }
    if (job->rank == 0)
        order = decide(job, all);
    MPI_Ibcast(&order, sizeof order, MPI_BYTE, 0, job->progress_comm, &request);
    wait_for(&request);
    return order;
}

/* On rank 0: a sign of life in the lock. */
static void beat(struct job *job, time_t *last) {
    time_t now = time(NULL);
    if (!job->lock || job->lock_status != STATUS_OK || now - *last < RUN_LOCK_BEAT_SECONDS)
        return;
    *last = now;
    job->lock_status = run_lock_beat(job->lock);
    if (job->lock_status != STATUS_OK)
        snprintf(job->lock_message, sizeof job->lock_message, "%s", status_message());
}

static void watch(struct job *job, struct verify *verify, struct report_line *all,
                  struct told *told) {
    struct report_line mine = {0};
    struct told own = {0};
    struct order order = {CONTINUE, 0};
    time_t last_beat = time(NULL);
    while (order.command != END) {
        verify_poll(verify, &mine.progress);
        if (!mine.signal)
            mine.signal = signals_take();
        say_progress(job->screen, screen_own, job->interface ? job->interface->prefix : "CPU",
                     job->rank, &mine.progress, &own);
        order = tick(job, &mine, all, told);
        if (order.command == CANCEL)
            verify_cancel(verify);
        if (order.command != END)
            sleep_ms(mine.progress.finished ? WAIT_MS : TICK_MS);
        beat(job, &last_beat);
    }
    job->images_done = mine.progress.done;
    job->seconds = mine.progress.seconds;
    job->signal = order.signal;
}

/* Said once, whichever ranks met it. */
static void warn_of_links(struct job *job) {
    int mine = job->placer && placer_fell_back(job->placer), any = 0;
    MPI_Reduce(&mine, &any, 1, MPI_INT, MPI_LOR, 0, MPI_COMM_WORLD);
    if (any)
        screen_warning(job->screen, job->interface->prefix,
                       "%s cannot hold hard links to the images: symbolic links instead",
                       job->output);
}

enum status job_verify(struct job *job) {
    enum status status = STATUS_OK;
    struct verify *verify = NULL;
    struct report_line *all = NULL;
    struct told *told = NULL;
    struct verify_job work = {
        .interface = job->interface,
        .backend = job->backend,
        .judge = &job->judge,
        .classes = &job->classes,
        .thresholds = job->thresholds,
        .root = job->dataset.root,
        .placer = job->placer,
        .journal = job->journal,
        .save_json = job->options.save_json && job->interface,
        .redo = job->resumed,
        .save_txt = job->options.save_txt && job->interface,
        .imgsz = job->imgsz,
        .stride = (uint32_t)job->model.stride,
        .rect = job->options.rect,
        .readers = job->readers,
        .placers = job->placers,
        .slots = job->slots,
    };
    status = status_worse(memory_zeroed((size_t)job->size, sizeof *all, &all),
                          memory_zeroed((size_t)job->size, sizeof *told, &told));
    if (status == STATUS_OK)
        status = verify_start(&work, &job->share, job->share_indices, &job->tally, &verify);
    TRY(agree(MPI_COMM_WORLD, status));
    watch(job, verify, all, told);
    status = verify_join(verify, NULL);
    verify = NULL;
    status = status_worse(status, journal_close(&job->journal));
    if (status == STATUS_OK && job->lock_status != STATUS_OK)
        status = FAIL(STATUS_FAILED, "%s", job->lock_message);
    TRY(agree(MPI_COMM_WORLD, status));
    warn_of_links(job);
out:
    if (verify) {
        verify_cancel(verify);
        verify_join(verify, NULL);
    }
    free(all);
    free(told);
    return status;
}
