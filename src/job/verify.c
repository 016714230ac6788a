/* A rank's work: starting and ending its threads, and where it stands. */
#include "job/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "job/pipeline.h"

/* For waits that end at a time of clock_ns. */
static void condition_init(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void verify_cancel(struct verify *verify) {
    pipeline_end(verify, &verify->stopped);
    work_cancel(verify->work);
    image_budget_cancel(verify->budget);
    queue_close(&verify->free);
    queue_close(&verify->ready);
    queue_close(&verify->judged);
}

static enum status start_thread(struct verify *verify, void *(*run)(void *)) {
    int error = pthread_create(&verify->threads[verify->n_threads], NULL, run, verify);
    if (error)
        return FAIL(STATUS_FAILED, "cannot start a thread: %s", strerror(error));
    verify->n_threads++;
    return STATUS_OK;
}

static void release(struct verify *verify) {
    for (size_t i = 0; verify->items && i < verify->n_items; i++)
        item_free(&verify->items[i]);
    free(verify->items);
    free(verify->waiting);
    free(verify->threads);
    queue_free(&verify->free);
    queue_free(&verify->ready);
    queue_free(&verify->judged);
    notes_free(&verify->notes);
    image_budget_free(verify->budget);
    outage_free(verify->outage);
    pthread_mutex_destroy(&verify->order_mutex);
    pthread_mutex_destroy(&verify->failure_mutex);
    pthread_cond_destroy(&verify->ended);
    pthread_mutex_destroy(&verify->end_mutex);
    free(verify);
}

static enum status make(struct verify *verify) {
    enum status status;
    const struct verify_job *job = verify->job;
    verify->n_items = job->slots;
    TRY(memory_zeroed(verify->n_items, sizeof *verify->items, &verify->items));
    TRY(memory_zeroed(verify->n_items, sizeof(void *), &verify->waiting));
    TRY(memory_zeroed(job->readers + job->placers + 2, sizeof(pthread_t), &verify->threads));
    TRY(image_budget_make(job->image_memory ? job->image_memory : SIZE_MAX,
                          job->readers + (job->zoom ? verify->n_items : 0), &verify->budget));
    TRY(outage_make(job->common, &verify->outage));
    TRY(queue_make(verify->n_items, &verify->free));
    TRY(queue_make(verify->n_items, &verify->ready));
    TRY(queue_make(verify->n_items, &verify->judged));
    for (size_t i = 0; i < verify->n_items; i++) {
        verify->items[i].slot = i;
        verify->items[i].image.budget = verify->budget;
        queue_push(&verify->free, &verify->items[i]);
    }
out:
    return status;
}

enum status verify_start(const struct verify_job *job, struct work *work, struct tally *tally,
                         struct verify **out) {
    enum status status;
    struct verify *verify = NULL;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *verify, &verify));
    status = notes_make(&verify->notes);
    if (status != STATUS_OK) {
        free(verify);
        return status;
    }
    verify->job = job;
    verify->work = work;
    verify->tally = tally;
    pthread_mutex_init(&verify->order_mutex, NULL);
    pthread_mutex_init(&verify->failure_mutex, NULL);
    pthread_mutex_init(&verify->end_mutex, NULL);
    condition_init(&verify->ended);
    verify->started = clock_ns();
    status = make(verify);
    if (status != STATUS_OK) {
        release(verify);
        return status;
    }
    const char *note =
        job->interface && job->interface->note ? job->interface->note(job->backend) : NULL;
    if (note)
        notes_add(&verify->notes, NOTE_DEVICE, "%s", note);
    /* Counted before they start, so that none takes itself for the last one. */
    atomic_store(&verify->readers, job->readers);
    atomic_store(&verify->workers, job->readers + 1 + job->placers);
    for (size_t i = 0; status == STATUS_OK && i < job->placers; i++)
        status = start_thread(verify, pipeline_judge);
    if (status == STATUS_OK)
        status = start_thread(verify, pipeline_forward);
    if (status == STATUS_OK && job->journal)
        status = start_thread(verify, pipeline_sync);
    for (size_t i = 0; status == STATUS_OK && i < job->readers; i++)
        status = start_thread(verify, pipeline_read);
    if (status != STATUS_OK) {
        pipeline_stop(verify, status, false);
        verify_join(verify, NULL);
        return status;
    }
    *out = verify;
out:
    return status;
}

/* Says once that images are under way and none comes to its end. */
static void note_stall(struct verify *verify, uint64_t done, uint64_t held) {
    double time = 1e-9 * (double)pipeline_since(verify->started);
    if (done != verify->seen_done || held == 0)
        silence_break(&verify->silence, time);
    verify->seen_done = done;
    double seconds = silence_measure(&verify->silence, time);
    if (verify->stall_noted || verify->job->stall_seconds <= 0 ||
        seconds < verify->job->stall_seconds)
        return;
    verify->stall_noted = true;
    notes_add(&verify->notes, NOTE_STALL,
              "no image finished for %.0f s, %llu are under way: a slow model, or a device or file "
              "system that hangs",
              seconds, (unsigned long long)held);
}

void verify_poll(struct verify *verify, struct verify_progress *progress) {
    bool finished = atomic_load(&verify->finished);
    progress->done = atomic_load(&verify->done);
    work_count(verify->work, &progress->total, &progress->left);
    uint64_t held = progress->total - progress->left - progress->done;
    if (!finished)
        note_stall(verify, progress->done, held);
    bool all_taken = notes_take(&verify->notes, progress->notes, sizeof progress->notes);
    /* While it has nothing to do, a rank's time stands still at its last image. */
    bool busy = !finished && held + progress->left > 0;
    progress->seconds =
        1e-9 * (double)(busy ? pipeline_since(verify->started) : atomic_load(&verify->recorded_ns));
    progress->finished = finished && all_taken;
    pthread_mutex_lock(&verify->failure_mutex);
    progress->status = verify->status;
    progress->model_failed = verify->model_failed;
    memcpy(progress->error, verify->message, sizeof progress->error);
    pthread_mutex_unlock(&verify->failure_mutex);
}

enum status verify_join(struct verify *verify, double *stages) {
    for (size_t i = 0; i < verify->n_threads; i++)
        pthread_join(verify->threads[i], NULL);
    for (size_t i = 0; stages && i < STAGE_COUNT; i++)
        stages[i] = 1e-9 * (double)atomic_load(&verify->stage_ns[i]);
    enum status status = verify->status;
    if (status != STATUS_OK)
        FAIL(status, "%s", verify->message);
    release(verify);
    return status;
}
