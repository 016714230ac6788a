/* How threads share the items of steps, and wait for the last of them. */
#include "cpu/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cpu/spin.h"

/* On a cache line of its own. */
struct share {
    _Alignas(64) _Atomic uint64_t range; /* items not taken: first << 32 | end */
};

struct team_step {
    _Alignas(64) atomic_size_t done;
    size_t items;
};

struct team {
    size_t threads;
    struct team_step *steps;
    struct share *shares; /* [steps][threads] */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_size_t sleepers;
};

enum status team_make(size_t threads, size_t steps, struct team **out) {
    enum status status;
    struct team *team;
    bool locks = false;
    TRY(memory_zeroed(1, sizeof *team, &team));
    team->threads = threads;
    team->steps = aligned_alloc(_Alignof(struct team_step), (steps + 1) * sizeof *team->steps);
    team->shares =
        aligned_alloc(_Alignof(struct share), (steps * threads + 1) * sizeof *team->shares);
    if (!team->steps || !team->shares)
        TRY(FAIL(STATUS_FAILED, "out of memory: %zu steps of %zu threads", steps, threads));
    int error = pthread_mutex_init(&team->lock, NULL);
    if (!error) {
        error = pthread_cond_init(&team->changed, NULL);
        locks = !error;
        if (error)
            pthread_mutex_destroy(&team->lock);
    }
    if (error)
        TRY(FAIL(STATUS_FAILED, "threads: %s", strerror(error)));
out:
    if (team && !locks) {
        free(team->shares);
        free(team->steps);
        free(team);
        team = NULL;
    }
    *out = team;
    return status;
}

void team_free(struct team *team) {
    if (!team)
        return;
    pthread_cond_destroy(&team->changed);
    pthread_mutex_destroy(&team->lock);
    free(team->shares);
    free(team->steps);
    free(team);
}

void team_prepare(struct team *team, size_t step, size_t items) {
    struct share *shares = team->shares + step * team->threads;
    team->steps[step].items = items;
    atomic_init(&team->steps[step].done, 0);
    for (size_t i = 0; i < team->threads; i++) {
        uint64_t first = items * i / team->threads, end = items * (i + 1) / team->threads;
        atomic_init(&shares[i].range, first << 32 | end);
    }
}

/* Takes the first item of a share, or the last one: farthest from where its owner is. */
static bool take(struct share *share, bool own, size_t *item) {
    uint64_t range = atomic_load_explicit(&share->range, memory_order_relaxed);
    for (;;) {
        uint32_t first = (uint32_t)(range >> 32), end = (uint32_t)range;
        if (first >= end)
            return false;
        *item = own ? first : end - 1;
        uint64_t rest = own ? range + ((uint64_t)1 << 32) : range - 1;
        if (atomic_compare_exchange_weak_explicit(&share->range, &range, rest, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
}

static bool take_any(struct team *team, size_t step, size_t thread, size_t *item) {
    struct share *shares = team->shares + step * team->threads;
    for (size_t i = 0; i < team->threads; i++)
        if (take(&shares[(thread + i) % team->threads], i == 0, item))
            return true;
    return false;
}

static bool is_done(const void *context) {
    const struct team_step *step = context;
    return atomic_load_explicit(&((struct team_step *)step)->done, memory_order_acquire) >=
           step->items;
}

static void wait_for(struct team *team, const struct team_step *step) {
    if (spin_until(is_done, step))
        return;
    /* Sequentially consistent, as in finish(): that one sees the sleeper, or this its item. */
    atomic_fetch_add(&team->sleepers, 1);
    pthread_mutex_lock(&team->lock);
    while (atomic_load(&step->done) < step->items)
        pthread_cond_wait(&team->changed, &team->lock);
    pthread_mutex_unlock(&team->lock);
    atomic_fetch_sub(&team->sleepers, 1);
}

static void finish(struct team *team, struct team_step *step) {
    if (atomic_fetch_add(&step->done, 1) + 1 < step->items || !atomic_load(&team->sleepers))
        return;
    /* With the lock: nobody is between looking and falling asleep. */
    pthread_mutex_lock(&team->lock);
    pthread_cond_broadcast(&team->changed);
    pthread_mutex_unlock(&team->lock);
}

void team_work(struct team *team, size_t step, size_t thread,
               void (*run)(const void *context, size_t item, size_t thread), const void *context) {
    size_t item;
    while (take_any(team, step, thread, &item)) {
        run(context, item, thread);
        finish(team, &team->steps[step]);
    }
    wait_for(team, &team->steps[step]);
}
