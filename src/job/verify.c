#include "job/verify.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/queue.h"
#include "job/item.h"

/* Items go round: free → (read, stage) → ready → (forward) → judged → (judge, place) → recorded in
 * list order → free. Readers take the next index and a free item under one lock, so that the
 * oldest image always has an item and the order can be kept with a pool of any size. */
struct verify {
    const struct verify_job *job;
    const struct path_list *images;
    struct tally *tally;
    struct notes notes;
    size_t n_items;
    struct item *items;
    struct queue free, ready, judged;
    pthread_mutex_t next_mutex;
    size_t next; /* index of the next image to read */
    pthread_mutex_t order_mutex;
    size_t recorded;       /* images finished in list order */
    struct item **waiting; /* [n_items] finished out of order, by index modulo n_items */
    size_t n_threads;
    pthread_t *threads;
    atomic_size_t readers, placers; /* still running */
    atomic_bool stopped;
    pthread_mutex_t failure_mutex;
    enum status status;
    char message[ERROR_BYTES];
    atomic_uint_least64_t done;
    struct timespec started;
    atomic_uint_least64_t finished_ns; /* length of the whole work; 0 while it runs */
    atomic_uint_least64_t stage_ns[STAGE_COUNT];
};

static uint64_t since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ns = (int64_t)(now.tv_sec - start->tv_sec) * 1000000000 + now.tv_nsec - start->tv_nsec;
    return ns > 0 ? (uint64_t)ns : 1;
}

static struct timespec now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time;
}

void verify_cancel(struct verify *verify) {
    atomic_store(&verify->stopped, true);
    queue_close(&verify->free);
    queue_close(&verify->ready);
    queue_close(&verify->judged);
}

/* Keeps the first failure; threads leave at their next step. */
static void stop(struct verify *verify, enum status status) {
    pthread_mutex_lock(&verify->failure_mutex);
    if (verify->status == STATUS_OK) {
        verify->status = status;
        snprintf(verify->message, sizeof verify->message, "%s", status_message());
    }
    pthread_mutex_unlock(&verify->failure_mutex);
    verify_cancel(verify);
}

/* The next image and an item for it; NULL at the end. */
static struct item *take_next(struct verify *verify) {
    void *item = NULL;
    pthread_mutex_lock(&verify->next_mutex);
    if (verify->next < verify->images->count && queue_pop(&verify->free, &item, 1)) {
        struct item *taken = item;
        taken->index = verify->next++;
        taken->path = path_list_get(verify->images, taken->index);
    }
    pthread_mutex_unlock(&verify->next_mutex);
    return item;
}

static enum status read_and_stage(struct verify *verify, struct item *item) {
    const struct verify_job *job = verify->job;
    struct timespec start = now();
    enum status status = item_read(job, item);
    atomic_fetch_add(&verify->stage_ns[STAGE_READ], since(&start));
    if (status != STATUS_OK || !job->interface || item->error[0])
        return status;
    start = now();
    status = job->interface->stage(job->backend, item->slot, &item->image, &item->letterbox);
    atomic_fetch_add(&verify->stage_ns[STAGE_STAGE], since(&start));
    return status;
}

static void *reader(void *argument) {
    struct verify *verify = argument;
    struct item *item;
    while (!atomic_load(&verify->stopped) && (item = take_next(verify))) {
        enum status status = read_and_stage(verify, item);
        if (status != STATUS_OK)
            stop(verify, status);
        else
            queue_push(&verify->ready, item);
    }
    if (atomic_fetch_sub(&verify->readers, 1) == 1)
        queue_close(&verify->ready);
    return NULL;
}

static enum status forward(struct verify *verify, struct item **items, size_t n,
                           struct picture *pictures) {
    size_t readable = 0;
    for (size_t i = 0; i < n; i++)
        if (!items[i]->error[0])
            pictures[readable++] = (struct picture){
                .slot = items[i]->slot,
                .letterbox = items[i]->letterbox,
                .n_labels = items[i]->labels.n_labels,
                .targets = items[i]->targets,
                .findings = &items[i]->findings,
            };
    if (readable == 0 || !verify->job->interface)
        return STATUS_OK;
    return verify->job->interface->forward(verify->job->backend, pictures, readable);
}

static void *forwarder(void *argument) {
    struct verify *verify = argument;
    const struct verify_job *job = verify->job;
    enum status status;
    size_t batch = job->interface ? job->interface->batch(job->backend) : 1;
    struct item **items = NULL;
    struct picture *pictures = NULL;
    TRY(memory_zeroed(batch, sizeof(void *), &items));
    TRY(memory_zeroed(batch, sizeof *pictures, &pictures));
    size_t n;
    while (!atomic_load(&verify->stopped) &&
           (n = queue_pop(&verify->ready, (void **)items, batch)) > 0) {
        struct timespec start = now();
        TRY(forward(verify, items, n, pictures));
        atomic_fetch_add(&verify->stage_ns[STAGE_FORWARD], since(&start));
        for (size_t i = 0; i < n; i++)
            queue_push(&verify->judged, items[i]);
    }
out:
    if (status != STATUS_OK)
        stop(verify, status);
    free(items);
    free(pictures);
    queue_close(&verify->judged);
    return NULL;
}

/* Records the item and all that waited for it, in list order, and frees them. */
static enum status record_in_order(struct verify *verify, struct item *item) {
    enum status status = STATUS_OK;
    struct timespec start = now();
    pthread_mutex_lock(&verify->order_mutex);
    verify->waiting[item->index % verify->n_items] = item;
    struct item **oldest;
    while (status == STATUS_OK &&
           *(oldest = &verify->waiting[verify->recorded % verify->n_items]) != NULL) {
        status = item_record(verify->job, *oldest, verify->tally, &verify->notes);
        queue_push(&verify->free, *oldest);
        *oldest = NULL;
        verify->recorded++;
    }
    atomic_store(&verify->done, verify->recorded);
    pthread_mutex_unlock(&verify->order_mutex);
    atomic_fetch_add(&verify->stage_ns[STAGE_RECORD], since(&start));
    return status;
}

static enum status flush_file(FILE *file) {
    return file && fflush(file) ? FAIL(STATUS_FAILED, "cannot write records: disk full?")
                                : STATUS_OK;
}

/* The last thread out closes the books. */
static void finish(struct verify *verify) {
    enum status status = STATUS_OK;
    TRY(flush_file(verify->job->records));
    TRY(flush_file(verify->job->predictions));
out:
    if (status != STATUS_OK)
        stop(verify, status);
    notes_close(&verify->notes);
    atomic_store(&verify->finished_ns, since(&verify->started));
}

static void *judge_and_placer(void *argument) {
    struct verify *verify = argument;
    enum status status = STATUS_OK;
    void *popped;
    while (!atomic_load(&verify->stopped) && queue_pop(&verify->judged, &popped, 1)) {
        struct item *item = popped;
        struct timespec start = now();
        TRY(item_judge(verify->job, item));
        TRY(item_place(verify->job, item));
        atomic_fetch_add(&verify->stage_ns[STAGE_PLACE], since(&start));
        TRY(record_in_order(verify, item));
    }
out:
    if (status != STATUS_OK)
        stop(verify, status);
    if (atomic_fetch_sub(&verify->placers, 1) == 1)
        finish(verify);
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
    pthread_mutex_destroy(&verify->next_mutex);
    pthread_mutex_destroy(&verify->order_mutex);
    pthread_mutex_destroy(&verify->failure_mutex);
    free(verify);
}

static enum status make(struct verify *verify) {
    enum status status;
    const struct verify_job *job = verify->job;
    verify->n_items = job->slots;
    TRY(memory_zeroed(verify->n_items, sizeof *verify->items, &verify->items));
    TRY(memory_zeroed(verify->n_items, sizeof(void *), &verify->waiting));
    TRY(memory_zeroed(job->readers + job->placers + 1, sizeof(pthread_t), &verify->threads));
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

enum status verify_start(const struct verify_job *job, const struct path_list *images,
                         struct tally *tally, struct verify **out) {
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
    verify->images = images;
    verify->tally = tally;
    pthread_mutex_init(&verify->next_mutex, NULL);
    pthread_mutex_init(&verify->order_mutex, NULL);
    pthread_mutex_init(&verify->failure_mutex, NULL);
    clock_gettime(CLOCK_MONOTONIC, &verify->started);
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
    atomic_store(&verify->placers, job->placers);
    for (size_t i = 0; status == STATUS_OK && i < job->placers; i++)
        status = start_thread(verify, judge_and_placer);
    if (status == STATUS_OK)
        status = start_thread(verify, forwarder);
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

void verify_poll(struct verify *verify, struct verify_progress *progress) {
    uint64_t finished = atomic_load(&verify->finished_ns);
    bool all_taken = notes_take(&verify->notes, progress->notes, sizeof progress->notes);
    progress->done = atomic_load(&verify->done);
    progress->total = verify->images->count;
    progress->seconds = 1e-9 * (double)(finished ? finished : since(&verify->started));
    progress->finished = finished && all_taken;
    pthread_mutex_lock(&verify->failure_mutex);
    progress->status = verify->status;
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
