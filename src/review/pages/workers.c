/* A few threads that do a number of steps. */
#include "review/pages/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"

enum { TICK_MS = 20, MESSAGE_BYTES = 2048 };

/* What the threads of one work share. */
struct shared {
    const struct workers *workers;
    atomic_size_t next;    /* step */
    atomic_size_t running; /* threads */
    atomic_bool failed;
    pthread_mutex_t mutex;
    pthread_cond_t ended; /* a thread */
    enum status status;
    char message[MESSAGE_BYTES];
};

struct worker {
    struct shared *shared;
    size_t number;
    pthread_t thread;
};

static void fail(struct shared *shared, enum status status) {
    pthread_mutex_lock(&shared->mutex);
    if (shared->status == STATUS_OK) {
        shared->status = status;
        snprintf(shared->message, sizeof shared->message, "%s", status_message());
    }
    pthread_mutex_unlock(&shared->mutex);
    atomic_store(&shared->failed, true);
}

static void *run(void *argument) {
    const struct worker *worker = argument;
    struct shared *shared = worker->shared;
    const struct workers *workers = shared->workers;
    for (;;) {
        size_t step = atomic_fetch_add(&shared->next, 1);
        if (step >= workers->n_steps || atomic_load(&shared->failed))
            break;
        enum status status = workers->step(workers->context, worker->number, step);
        if (status != STATUS_OK)
            fail(shared, status);
    }
    pthread_mutex_lock(&shared->mutex);
    atomic_fetch_sub(&shared->running, 1);
    pthread_cond_signal(&shared->ended);
    pthread_mutex_unlock(&shared->mutex);
    return NULL;
}

static void wait_for_all(struct shared *shared) {
    const struct workers *workers = shared->workers;
    pthread_mutex_lock(&shared->mutex);
    while (atomic_load(&shared->running) > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&shared->ended, &shared->mutex, &until);
        pthread_mutex_unlock(&shared->mutex);
        if (workers->tick)
            workers->tick(workers->tick_context);
        pthread_mutex_lock(&shared->mutex);
    }
    pthread_mutex_unlock(&shared->mutex);
}

enum status workers_run(const struct workers *workers) {
    enum status status;
    struct shared shared = {
        .workers = workers, .mutex = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    struct worker *all = NULL;
    size_t wanted = workers->n_threads < workers->n_steps ? workers->n_threads : workers->n_steps;
    size_t started = 0;
    TRY(memory_zeroed(wanted, sizeof *all, &all));
    atomic_store(&shared.running, wanted);
    for (; started < wanted; started++) {
        all[started].shared = &shared;
        all[started].number = started;
        if (pthread_create(&all[started].thread, NULL, run, &all[started]) != 0)
            break;
    }
    atomic_fetch_sub(&shared.running, wanted - started);
    wait_for_all(&shared);
    for (size_t i = 0; i < started; i++)
        pthread_join(all[i].thread, NULL);
    /* With fewer threads it takes longer; without any nothing was done. */
    if (started == 0 && wanted > 0)
        status = FAIL(STATUS_FAILED, "no thread can be started");
    else if (shared.status != STATUS_OK)
        status = FAIL(shared.status, "%s", shared.message);
out:
    free(all);
    return status;
}
