/* The threads of a rank's work: read, forward, judge and place, sync. */
#include "job/pipeline.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "job/second_look.h"

/* How often a journal is synced. */
enum { SYNC_EVERY_SECONDS = 2 };

uint64_t pipeline_since(uint64_t start) {
    uint64_t now = clock_ns();
    return now > start ? now - start : 1;
}

void pipeline_end(struct verify *verify, atomic_bool *how) {
    pthread_mutex_lock(&verify->end_mutex);
    atomic_store(how, true);
    pthread_cond_broadcast(&verify->ended);
    pthread_mutex_unlock(&verify->end_mutex);
}

void pipeline_stop(struct verify *verify, enum status status, bool model_failed) {
    pthread_mutex_lock(&verify->failure_mutex);
    if (verify->status == STATUS_OK) {
        verify->status = status;
        verify->model_failed = model_failed;
        snprintf(verify->message, sizeof verify->message, "%s", status_message());
    }
    pthread_mutex_unlock(&verify->failure_mutex);
    verify_cancel(verify);
}

static void stop(struct verify *verify, enum status status) {
    pipeline_stop(verify, status, false);
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

/* The last thread to leave ends the work. */
static void leave(struct verify *verify) {
    if (atomic_fetch_sub(&verify->workers, 1) != 1)
        return;
    notes_close(&verify->notes);
    pipeline_end(verify, &verify->finished);
}

static enum status read_and_stage(struct verify *verify, struct image *image, struct item *item) {
    const struct verify_job *job = verify->job;
    uint64_t start = clock_ns();
    enum status status = text_status(&item->path_text);
    if (status == STATUS_OK)
        status = item_read(job, verify->outage, image, item);
    atomic_fetch_add(&verify->stage_ns[STAGE_READ], pipeline_since(start));
    if (status != STATUS_OK || !job->interface || item->error[0])
        return status;
    start = clock_ns();
    status = job->interface->stage(job->backend, item->slot, image, item->views, item->n_views);
    atomic_fetch_add(&verify->stage_ns[STAGE_STAGE], pipeline_since(start));
    return status;
}

/* A reader's picture is its own: the backend has what it needs of it once it is staged. Where there
 * may be a closer look, it is the item's. */
void *pipeline_read(void *argument) {
    struct verify *verify = argument;
    struct image image = {.budget = verify->budget};
    struct item *item;
    while (!atomic_load(&verify->stopped) && (item = take_next(verify))) {
        bool keeps = verify->job->zoom;
        enum status status = read_and_stage(verify, keeps ? &item->image : &image, item);
        image_release(&image);
        if (status == STATUS_OK)
            queue_push(&verify->ready, item);
        else if (!atomic_load(&verify->stopped)) /* else that is why it was given up */
            stop(verify, status);
    }
    image_free(&image);
    if (atomic_fetch_sub(&verify->readers, 1) == 1)
        queue_close(&verify->ready);
    leave(verify);
    return NULL;
}

/* Fills the next flight with what is ready. 0: collect one first, or, with none submitted, the
 * end. Waits only where none is: readers may be waiting for the very items that are. */
static size_t fill_flight(struct verify *verify, struct flights *flights) {
    struct flight *flight = flights_next(flights);
    if (!flight)
        return 0;
    flight->n_items = (flights->count ? queue_try_pop : queue_pop)(
        &verify->ready, (void **)flight->items, flights->batch);
    return flight->n_items;
}

static enum status collect(struct verify *verify, struct flights *flights,
                           struct second_look *second) {
    enum status status;
    const struct flight *flight;
    TRY(flights_collect(verify->job, flights, &flight));
    TRY(second_look_take(verify->job, flight, second));
    for (size_t i = 0; i < flight->n_items; i++)
        queue_push(&verify->judged, flight->items[i]);
out:
    return status;
}

void *pipeline_forward(void *argument) {
    struct verify *verify = argument;
    enum status status;
    struct flights flights = {0};
    struct second_look second = {0};
    TRY(flights_make(verify->job, &flights));
    TRY(second_look_make(verify->job, flights.batch, &second));
    while (!atomic_load(&verify->stopped)) {
        size_t n = fill_flight(verify, &flights);
        if (n == 0 && flights.count == 0)
            break;
        uint64_t start = clock_ns();
        TRY(n ? flights_submit(verify->job, &flights) : collect(verify, &flights, &second));
        atomic_fetch_add(&verify->stage_ns[STAGE_FORWARD], pipeline_since(start));
    }
out:
    if (status != STATUS_OK)
        stop(verify, status);
    second_look_free(&second);
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
    atomic_store(&verify->recorded_ns, pipeline_since(verify->started));
    atomic_store(&verify->done, verify->recorded);
    pthread_mutex_unlock(&verify->order_mutex);
    atomic_fetch_add(&verify->stage_ns[STAGE_RECORD], pipeline_since(start));
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
void *pipeline_sync(void *argument) {
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

void *pipeline_judge(void *argument) {
    struct verify *verify = argument;
    enum status status = STATUS_OK;
    void *popped;
    while (!atomic_load(&verify->stopped) && queue_pop(&verify->judged, &popped, 1)) {
        struct item *item = popped;
        uint64_t start = clock_ns();
        status = item_judge(verify->job, item);
        if (status != STATUS_OK)
            pipeline_stop(verify, status, item->findings.not_finite || item->findings.implausible);
        TRY(status);
        TRY(item_place(verify->job, verify->outage, item));
        atomic_fetch_add(&verify->stage_ns[STAGE_PLACE], pipeline_since(start));
        TRY(record_in_order(verify, item));
    }
out:
    if (status != STATUS_OK)
        stop(verify, status);
    leave(verify);
    return NULL;
}
