/* Threads that share steps: every item once, a step only behind the one before, nobody waits for
 * who has taken nothing. Run under ThreadSanitizer too. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "cpu/team.h"
#include "unit.h"

enum { MOST_ITEMS = 40, MOST_STEPS = 60, MOST_THREADS = 5 };

struct job {
    struct team *team;
    size_t n_steps, n_items;
    size_t step; /* the one that a thread is in */
    unsigned slow_us;
    /* Not atomic: that one step is seen by the next is what is tested. */
    unsigned (*values)[MOST_ITEMS];
    atomic_size_t late; /* threads that wait for it to become 0 before they begin */
};

struct member {
    struct job job; /* a copy: `step` is the thread's own */
    struct job *shared;
    size_t thread;
    bool is_late;
};

static void pause_us(unsigned us) {
    const struct timespec time = {us / 1000000, us % 1000000 * 1000L};
    nanosleep(&time, NULL);
}

/* One more than the sum of the step before, modulo 2^32; added, so that a second time shows. */
static void run_item(const void *context, size_t item, size_t thread) {
    const struct job *job = context;
    unsigned sum = 1;
    for (size_t i = 0; job->step && i < job->n_items; i++)
        sum += job->values[job->step - 1][i];
    assert_true(thread < MOST_THREADS);
    if (job->slow_us && item == job->n_items - 1)
        pause_us(job->slow_us);
    job->values[job->step][item] += sum + (unsigned)item;
}

static void *run_thread(void *argument) {
    struct member *member = argument;
    struct job *job = &member->job;
    while (member->is_late && atomic_load(&member->shared->late))
        pause_us(100);
    for (job->step = 0; job->step < job->n_steps; job->step++)
        team_work(job->team, job->step, member->thread, run_item, job);
    return NULL;
}

/* `late` threads of them begin when the first one has done everything. */
static void check(size_t threads, size_t late, size_t steps, size_t items, unsigned slow_us) {
    struct job job = {.n_steps = steps, .n_items = items, .slow_us = slow_us};
    struct member members[MOST_THREADS];
    pthread_t running[MOST_THREADS];
    unsigned sum = 0;
    job.values = calloc(MOST_STEPS, sizeof *job.values);
    assert_non_null(job.values);
    ASSERT_OK(team_make(threads, steps, &job.team));
    for (size_t i = 0; i < steps; i++)
        team_prepare(job.team, i, items);
    atomic_init(&job.late, late);
    for (size_t i = 0; i < threads; i++) {
        members[i] = (struct member){job, &job, i, i >= threads - late};
        if (i)
            assert_int_equal(pthread_create(&running[i], NULL, run_thread, &members[i]), 0);
    }
    run_thread(&members[0]);
    /* The steps are done though not all have come. */
    for (size_t s = 0; s < steps; s++) {
        unsigned before = s ? sum + 1 : 1;
        sum = 0;
        for (size_t i = 0; i < items; i++) {
            assert_int_equal(job.values[s][i], before + (unsigned)i);
            sum += before + (unsigned)i;
        }
    }
    atomic_store(&job.late, 0);
    for (size_t i = 1; i < threads; i++)
        assert_int_equal(pthread_join(running[i], NULL), 0);
    team_free(job.team);
    free(job.values);
}

static void alone(void **state) {
    (void)state;
    check(1, 0, 3, 7, 0);
    check(1, 0, 2, 0, 0);
    check(1, 0, 0, 0, 0);
}

static void together(void **state) {
    (void)state;
    for (size_t threads = 2; threads <= MOST_THREADS; threads++)
        for (size_t items = 0; items <= MOST_ITEMS; items += items < 6 ? 1 : 17)
            check(threads, 0, MOST_STEPS, items, 0);
}

/* Who comes late finds nothing to do, and nobody has waited. */
static void late(void **state) {
    (void)state;
    check(2, 1, MOST_STEPS, 5, 0);
    check(4, 3, 8, 3, 0);
    check(5, 2, 20, 9, 0);
}

/* The others fall asleep and are woken. */
static void slow(void **state) {
    (void)state;
    check(2, 0, 5, 4, 3000);
    check(4, 1, 5, 2, 3000);
    check(3, 0, 30, 3, 150);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone),
        cmocka_unit_test(together),
        cmocka_unit_test(late),
        cmocka_unit_test(slow),
    };
    return RUN_TESTS(tests);
}
