/* Helpers that sleep between runs, and are waited for only where they have begun. */
#include "cpu/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/spin.h"

struct helper {
    struct crew *crew;
    size_t thread; /* from 1 on */
    pthread_t id;
};

/* A run is open to helpers while `turn` is odd. Both atomics are sequentially consistent: a helper
 * counts itself in and then looks at `turn`, the caller ends the turn and then looks at who is in,
 * so that one of the two sees the other. */
struct crew {
    atomic_uint_least64_t turn;
    atomic_size_t inside, sleepers;
    void (*run)(const void *context, size_t thread);
    const void *context;
    size_t n_helpers;
    struct helper *helpers;
    pthread_mutex_t lock;
    pthread_cond_t opened, left;
    atomic_bool ended, caller_sleeps;
};

static bool is_open(uint64_t turn, uint64_t last) {
    return turn % 2 == 1 && turn != last;
}

struct sight {
    struct crew *crew;
    uint64_t last;
};

static bool may_begin(const void *context) {
    const struct sight *sight = context;
    return is_open(atomic_load(&sight->crew->turn), sight->last) ||
           atomic_load(&sight->crew->ended);
}

static bool all_left(const void *context) {
    const struct crew *crew = context;
    return atomic_load(&((struct crew *)crew)->inside) == 0;
}

/* Until there is a turn other than the last one, or the end. */
static void wait_for_turn(struct crew *crew, uint64_t last) {
    const struct sight sight = {crew, last};
    if (spin_until(may_begin, &sight))
        return;
    pthread_mutex_lock(&crew->lock);
    atomic_fetch_add(&crew->sleepers, 1);
    while (!may_begin(&sight))
        pthread_cond_wait(&crew->opened, &crew->lock);
    atomic_fetch_sub(&crew->sleepers, 1);
    pthread_mutex_unlock(&crew->lock);
}

static void leave(struct crew *crew) {
    if (atomic_fetch_sub(&crew->inside, 1) != 1 || !atomic_load(&crew->caller_sleeps))
        return;
    pthread_mutex_lock(&crew->lock);
    pthread_cond_signal(&crew->left);
    pthread_mutex_unlock(&crew->lock);
}

static void *help(void *argument) {
    const struct helper *helper = argument;
    struct crew *crew = helper->crew;
    uint64_t last = 0;
    while (!atomic_load(&crew->ended)) {
        wait_for_turn(crew, last);
        atomic_fetch_add(&crew->inside, 1);
        uint64_t turn = atomic_load(&crew->turn);
        if (is_open(turn, last)) {
            last = turn;
            crew->run(crew->context, helper->thread);
        }
        leave(crew);
    }
    return NULL;
}

static void wake_helpers(struct crew *crew) {
    if (!atomic_load(&crew->sleepers))
        return;
    pthread_mutex_lock(&crew->lock);
    pthread_cond_broadcast(&crew->opened);
    pthread_mutex_unlock(&crew->lock);
}

static void wait_for_helpers(struct crew *crew) {
    if (spin_until(all_left, crew))
        return;
    pthread_mutex_lock(&crew->lock);
    atomic_store(&crew->caller_sleeps, true);
    while (!all_left(crew))
        pthread_cond_wait(&crew->left, &crew->lock);
    atomic_store(&crew->caller_sleeps, false);
    pthread_mutex_unlock(&crew->lock);
}

void crew_run(struct crew *crew, void (*run)(const void *context, size_t thread),
              const void *context) {
    if (crew->n_helpers == 0) {
        run(context, 0);
        return;
    }
    crew->run = run;
    crew->context = context;
    atomic_fetch_add(&crew->turn, 1);
    wake_helpers(crew);
    run(context, 0);
    atomic_fetch_add(&crew->turn, 1);
    wait_for_helpers(crew);
}

/* Starts the helpers; those that were started before a failure are counted. */
static enum status start(struct crew *crew, size_t n) {
    for (size_t i = 0; i < n; i++) {
        crew->helpers[i] = (struct helper){.crew = crew, .thread = i + 1};
        int error = pthread_create(&crew->helpers[i].id, NULL, help, &crew->helpers[i]);
        if (error)
            return FAIL(STATUS_FAILED, "threads: %s", strerror(error));
        crew->n_helpers++;
    }
    return STATUS_OK;
}

enum status crew_make(size_t threads, struct crew **out) {
    enum status status;
    size_t n = threads > 1 ? threads - 1 : 0;
    struct crew *crew;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *crew, &crew));
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->opened, NULL);
    pthread_cond_init(&crew->left, NULL);
    TRY(memory_zeroed(n ? n : 1, sizeof *crew->helpers, &crew->helpers));
    TRY(start(crew, n));
    *out = crew;
out:
    if (status != STATUS_OK)
        crew_free(crew);
    return status;
}

void crew_free(struct crew *crew) {
    if (!crew)
        return;
    atomic_store(&crew->ended, true);
    pthread_mutex_lock(&crew->lock);
    pthread_cond_broadcast(&crew->opened);
    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->n_helpers; i++)
        pthread_join(crew->helpers[i].id, NULL);
    pthread_cond_destroy(&crew->left);
    pthread_cond_destroy(&crew->opened);
    pthread_mutex_destroy(&crew->lock);
    free(crew->helpers);
    free(crew);
}
