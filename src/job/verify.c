#include "job/verify.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/queue.h"
#include "base/silence.h"
#include "job/flight.h"
#include "job/item.h"

/* Items go round: free → (read, stage) → ready → (forward) → judged → (judge, place) → recorded in
 * the order of taking → free. Readers take a free item first and an image for it then, so that
 * every image that is taken has an item and the order can be kept with a pool of any size. */
/* How often a journal is synced. */
enum { SYNC_EVERY_SECONDS = 2 };

struct verify {
    const struct verify_job *job;
    struct work *work;
    struct tally *tally;
    struct image_budget *budget;
    struct outage *outage;
    struct notes notes;
    size_t n_items;
    struct item *items;
    struct queue free, ready, judged;
    pthread_mutex_t order_mutex;
    size_t recorded;       /* images finished, in the order of taking */
    struct item **waiting; /* [n_items] finished out of order, by turn modulo n_items */
    size_t n_threads;
    pthread_t *threads;
    atomic_size_t readers, workers; /* still running; all but the syncer are workers */
    atomic_bool stopped;
    pthread_mutex_t end_mutex;
    pthread_cond_t ended; /* stopped or finished; the syncer waits for it */
    pthread_mutex_t failure_mutex;
    enum status status;
    char message[ERROR_BYTES];
    bool vain; /* as in struct verify_progress */
    atomic_uint_least64_t done;
    uint64_t started; /* by clock_ns */
    atomic_bool finished;
    atomic_uint_least64_t recorded_ns; /* when the last image was finished, since the start */
    struct silence silence; /* since an image was finished; the polling thread's, as what follows */
    uint64_t seen_done;
    bool stall_noted;
    atomic_uint_least64_t stage_ns[STAGE_COUNT];
};

static uint64_t since(uint64_t start) {
    uint64_t now = clock_ns();
    return now > start ? now - start : 1;
}

/* For waits that end at a time of clock_ns. */
static void condition_init(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void tell_end(struct verify *verify, atomic_bool *how) {
    pthread_mutex_lock(&verify->end_mutex);
    atomic_store(how, true);
    pthread_cond_broadcast(&verify->ended);
    pthread_mutex_unlock(&verify->end_mutex);
}

void verify_cancel(struct verify *verify) {
    tell_end(verify, &verify->stopped);
    work_cancel(verify->work);
    image_budget_cancel(verify->budget);
    queue_close(&verify->free);
    queue_close(&verify->ready);
    queue_close(&verify->judged);
}

/* Keeps the first failure; threads leave at their next step. */
static void stop_over(struct verify *verify, enum status status, bool vain) {
    pthread_mutex_lock(&verify->failure_mutex);
    if (verify->status == STATUS_OK) {
        verify->status = status;
        verify->vain = vain;
        snprintf(verify->message, sizeof verify->message, "%s", status_message());
    }
    pthread_mutex_unlock(&verify->failure_mutex);
    verify_cancel(verify);
}

static void stop(struct verify *verify, enum status status) {
    stop_over(verify, status, false);
}

/* An item, and the next image for it; NULL at the end. */
static struct item *take_next(struct verify *verify) {
    void *popped;
    if (!queue_pop(&verify->free, &popped, 1))
        return NULL;
    struct item *item = popped;
    if (work_take(verify->work, &item->turn, &item->list_index, &item->path_text)) {
        item->path = item->path_text.data;
        return item;
    }
    queue_push(&verify->free, item); /* another reader may be waiting for one, to see the end */
    return NULL;
}

/* The last thread out closes the books. */
static void leave(struct verify *verify) {
    if (atomic_fetch_sub(&verify->workers, 1) != 1)
        return;
    notes_close(&verify->notes);
    tell_end(verify, &verify->finished);
}

static enum status read_and_stage(struct verify *verify, struct image *image, struct item *item) {
    const struct verify_job *job = verify->job;
    uint64_t start = clock_ns();
    enum status status = text_status(&item->path_text);
    if (status == STATUS_OK)
        status = item_read(job, verify->outage, image, item);
    atomic_fetch_add(&verify->stage_ns[STAGE_READ], since(start));
    if (status != STATUS_OK || !job->interface || item->error[0])
        return status;
    start = clock_ns();
    status = job->interface->stage(job->backend, item->slot, image, &item->letterbox);
    atomic_fetch_add(&verify->stage_ns[STAGE_STAGE], since(start));
    return status;
}

/* A reader's picture is its own: the backend has what it needs of it once it is staged. */
static void *reader(void *argument) {
    struct verify *verify = argument;
    struct image image = {.budget = verify->budget};
    struct item *item;
    while (!atomic_load(&verify->stopped) && (item = take_next(verify))) {
        enum status status = read_and_stage(verify, &image, item);
        image_release(&image);
        if (status == STATUS_OK)
            queue_push(&verify->ready, item);
        else if (!atomic_load(&verify->stopped)) /* else it was given up on our own word */
            stop(verify, status);
    }
    image_free(&image);
    if (atomic_fetch_sub(&verify->readers, 1) == 1)
        queue_close(&verify->ready);
    leave(verify);
    return NULL;
}

/* Fills the next flight with what is ready. 0: collect one first, or, with none in the air, the
 * end. Waits only where none is: readers may be waiting for the very items that are. */
static size_t fill_flight(struct verify *verify, struct flights *flights) {
    struct flight *flight = flights_next(flights);
    if (!flight)
        return 0;
    flight->n_items = (flights->count ? queue_try_pop : queue_pop)(
        &verify->ready, (void **)flight->items, flights->batch);
    return flight->n_items;
}

static enum status collect(struct verify *verify, struct flights *flights) {
    const struct flight *flight;
    enum status status = flights_collect(verify->job, flights, &flight);
    for (size_t i = 0; status == STATUS_OK && i < flight->n_items; i++)
        queue_push(&verify->judged, flight->items[i]);
    return status;
}

static void *forwarder(void *argument) {
    struct verify *verify = argument;
    enum status status;
    struct flights flights = {0};
    TRY(flights_make(verify->job, &flights));
    while (!atomic_load(&verify->stopped)) {
        size_t n = fill_flight(verify, &flights);
        if (n == 0 && flights.count == 0)
            break;
        uint64_t start = clock_ns();
        TRY(n ? flights_submit(verify->job, &flights) : collect(verify, &flights));
        atomic_fetch_add(&verify->stage_ns[STAGE_FORWARD], since(start));
    }
out:
    if (status != STATUS_OK)
        stop(verify, status);
    flights_free(&flights);
    queue_close(&verify->judged);
    leave(verify);
    return NULL;
}

/* Records the item and all that waited for it, in the order of taking, and frees them. */
static enum status record_in_order(struct verify *verify, struct item *item) {
    enum status status = STATUS_OK;
    uint64_t start = clock_ns();
    pthread_mutex_lock(&verify->order_mutex);
    verify->waiting[item->turn % verify->n_items] = item;
    struct item **oldest;
    while (status == STATUS_OK &&
           *(oldest = &verify->waiting[verify->recorded % verify->n_items]) != NULL) {
        status = item_record(verify->job, *oldest, verify->tally, &verify->notes);
        queue_push(&verify->free, *oldest);
        *oldest = NULL;
        verify->recorded++;
    }
    atomic_store(&verify->recorded_ns, since(verify->started));
    atomic_store(&verify->done, verify->recorded);
    pthread_mutex_unlock(&verify->order_mutex);
    atomic_fetch_add(&verify->stage_ns[STAGE_RECORD], since(start));
    return status;
}

/* Waits until a sync is due or the work has ended. */
static void wait_for_sync(struct verify *verify) {
    const uint64_t second = 1000000000, end = clock_ns() + SYNC_EVERY_SECONDS * second;
    const struct timespec due = {.tv_sec = (time_t)(end / second), .tv_nsec = (long)(end % second)};
    pthread_mutex_lock(&verify->end_mutex);
    while (!atomic_load(&verify->stopped) && !atomic_load(&verify->finished) &&
           pthread_cond_timedwait(&verify->ended, &verify->end_mutex, &due) == 0)
        ;
    pthread_mutex_unlock(&verify->end_mutex);
}

/* Brings the journal to the disk now and then, beside the work, and at once where it is stopped:
 * who stopped it may not leave the time for an orderly end. */
static void *syncer(void *argument) {
    struct verify *verify = argument;
    bool stopped = false;
    while (!stopped) {
        wait_for_sync(verify);
        stopped = atomic_load(&verify->stopped);
        if (!stopped && atomic_load(&verify->finished))
            break;
        if (journal_sync(verify->job->journal) != STATUS_OK) {
            stop(verify, STATUS_FAILED);
            break;
        }
    }
    return NULL;
}

static void *judge_and_placer(void *argument) {
    struct verify *verify = argument;
    enum status status = STATUS_OK;
    void *popped;
    while (!atomic_load(&verify->stopped) && queue_pop(&verify->judged, &popped, 1)) {
        struct item *item = popped;
        uint64_t start = clock_ns();
        status = item_judge(verify->job, item);
        if (status != STATUS_OK)
            stop_over(verify, status, item->findings.not_finite);
        TRY(status);
        TRY(item_place(verify->job, verify->outage, item));
        atomic_fetch_add(&verify->stage_ns[STAGE_PLACE], since(start));
        TRY(record_in_order(verify, item));
    }
out:
    if (status != STATUS_OK)
        stop(verify, status);
    leave(verify);
    return NULL;
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
    TRY(image_budget_make(job->image_memory ? job->image_memory : SIZE_MAX, job->readers,
                          &verify->budget));
    TRY(outage_make(job->common, &verify->outage));
    TRY(queue_make(verify->n_items, &verify->free));
    TRY(queue_make(verify->n_items, &verify->ready));
    TRY(queue_make(verify->n_items, &verify->judged));
    for (size_t i = 0; i < verify->n_items; i++) {
        verify->items[i].slot = i;
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
        status = start_thread(verify, judge_and_placer);
    if (status == STATUS_OK)
        status = start_thread(verify, forwarder);
    if (status == STATUS_OK && job->journal)
        status = start_thread(verify, syncer);
    for (size_t i = 0; status == STATUS_OK && i < job->readers; i++)
        status = start_thread(verify, reader);
    if (status != STATUS_OK) {
        stop(verify, status);
        verify_join(verify, NULL);
        return status;
    }
    *out = verify;
out:
    return status;
}

/* Says once that images are under way and none comes to its end. */
static void note_stall(struct verify *verify, uint64_t done, uint64_t held) {
    double time = 1e-9 * (double)since(verify->started);
    if (done != verify->seen_done || held == 0)
        silence_break(&verify->silence, time);
    verify->seen_done = done;
    double seconds = silence_look(&verify->silence, time);
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
        1e-9 * (double)(busy ? since(verify->started) : atomic_load(&verify->recorded_ns));
    progress->finished = finished && all_taken;
    pthread_mutex_lock(&verify->failure_mutex);
    progress->status = verify->status;
    progress->vain = verify->vain;
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
