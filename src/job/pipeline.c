/* The threads of a rank's work: read, forward, judge and place, sync. */
#include "job/pipeline.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "job/flight.h"
#include "job/gathering.h"
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

/* Judges, places and records an item that has been forwarded, or needs not be. */
static enum status finish(struct verify *verify, struct item *item) {
    enum status status;
    uint64_t start = clock_ns();
    status = item_judge(verify->job, item);
    if (status != STATUS_OK)
        pipeline_stop(verify, status, item->findings.not_finite || item->findings.implausible);
    TRY(status);
    TRY(item_place(verify->job, verify->outage, item));
    atomic_fetch_add(&verify->stage_ns[STAGE_PLACE], pipeline_since(start));
    TRY(record_in_order(verify, item));
out:
    return status;
}

/* Where no network is run, handing an image on would take longer than the rest. */
static enum status hand_on(struct verify *verify, struct item *item) {
    if (!verify->job->interface)
        return finish(verify, item);
    queue_push(item->error[0] ? &verify->judged : &verify->ready, item);
    return STATUS_OK;
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
            status = hand_on(verify, item);
        if (status != STATUS_OK &&
            !atomic_load(&verify->stopped)) /* else that is why it was given up */
            stop(verify, status);
    }
    image_free(&image);
    if (atomic_fetch_sub(&verify->readers, 1) == 1)
        queue_close(&verify->ready);
    leave(verify);
    return NULL;
}

/* What the thread that forwards has. */
struct forwarding {
    struct flights flights;
    struct gathering gathering;
    uint64_t idle; /* since when the backend has nothing to do, where no flight is submitted */
    struct second_look second;
};

/* Fills `items` with what is ready. Waits only where nothing is submitted: readers may be waiting
 * for the very items that are. */
static size_t take_ready(struct verify *verify, struct forwarding *forwarding,
                         struct item **items) {
    struct queue *ready = &verify->ready;
    size_t most = forwarding->flights.batch;
    uint64_t patience = (uint64_t)(1e9 * verify->job->patience);
    if (forwarding->flights.count)
        return queue_try_pop(ready, (void **)items, most);
    if (forwarding->gathering.count)
        return queue_pop_until(ready, (void **)items, most, forwarding->idle + patience);
    size_t n = queue_pop(ready, (void **)items, most);
    forwarding->idle = clock_ns();
    return n;
}

/* Gathers what is ready until that makes a flight; into `flight`. */
static enum status gather_flight(struct verify *verify, struct forwarding *forwarding,
                                 struct flight *flight) {
    enum status status = STATUS_OK;
    struct gathering *gathering = &forwarding->gathering;
    size_t n;
    while ((flight->n_items = gathering_take(gathering, false, flight->items)) == 0) {
        n = take_ready(verify, forwarding, flight->items);
        for (size_t i = 0; i < n; i++)
            TRY(gathering_add(gathering, flight->items[i]));
        if (n)
            continue;
        if (!forwarding->flights.count)
            flight->n_items = gathering_take(gathering, true, flight->items);
        break;
    }
out:
    return status;
}

/* Fills the next flight, *n: how many items. 0: collect one first, or, with none submitted, the
 * end. */
static enum status fill_flight(struct verify *verify, struct forwarding *forwarding, size_t *n) {
    enum status status = STATUS_OK;
    struct flight *flight = flights_next(&forwarding->flights);
    *n = 0;
    if (!flight)
        return STATUS_OK;
    if (verify->job->window)
        TRY(gather_flight(verify, forwarding, flight));
    else
        flight->n_items = take_ready(verify, forwarding, flight->items);
    *n = flight->n_items;
out:
    return status;
}

static enum status collect(struct verify *verify, struct forwarding *forwarding) {
    enum status status;
    const struct flight *flight;
    TRY(flights_collect(verify->job, &forwarding->flights, &flight));
    TRY(second_look_take(verify->job, flight, &forwarding->second));
    forwarding->idle = clock_ns();
    for (size_t i = 0; i < flight->n_items; i++)
        queue_push(&verify->judged, flight->items[i]);
out:
    return status;
}

void *pipeline_forward(void *argument) {
    struct verify *verify = argument;
    enum status status;
    struct forwarding forwarding = {0};
    struct flights *flights = &forwarding.flights;
    TRY(flights_make(verify->job, flights));
    TRY(second_look_make(verify->job, flights->batch, &forwarding.second));
    forwarding.gathering = gathering_of(flights->batch, verify->job->window);
    while (!atomic_load(&verify->stopped)) {
        size_t n;
        TRY(fill_flight(verify, &forwarding, &n));
        if (n == 0 && flights->count == 0)
            break;
        uint64_t start = clock_ns();
        TRY(n ? flights_submit(verify->job, flights) : collect(verify, &forwarding));
        atomic_fetch_add(&verify->stage_ns[STAGE_FORWARD], pipeline_since(start));
    }
out:
    if (status != STATUS_OK)
        stop(verify, status);
    second_look_free(&forwarding.second);
    gathering_free(&forwarding.gathering);
    flights_free(flights);
    queue_close(&verify->judged);
    leave(verify);
    return NULL;
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
        TRY(finish(verify, popped));
    }
out:
    if (status != STATUS_OK)
        stop(verify, status);
    leave(verify);
    return NULL;
}
