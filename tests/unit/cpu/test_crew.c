/* Helpers beside the thread that has the work: each turn once, nobody waits for who does not come.
 * Run under ThreadSanitizer too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "cpu/crew.h"
#include "unit.h"

enum { MOST_THREADS = 5 };

struct turn {
    atomic_size_t calls[MOST_THREADS];
    size_t wanted; /* helpers that the caller waits for */
    unsigned pause_us;
    unsigned *value; /* not atomic: that one turn is seen by the next is what is tested */
};

static void pause_us(unsigned us) {
    const struct timespec time = {us / 1000000, us % 1000000 * 1000L};
    nanosleep(&time, NULL);
}

static size_t helpers_seen(const struct turn *turn) {
    size_t n = 0;
    for (size_t i = 1; i < MOST_THREADS; i++)
        n += atomic_load(&((struct turn *)turn)->calls[i]) > 0;
    return n;
}

static void run(const void *context, size_t thread) {
    struct turn *turn = (struct turn *)context;
    assert_true(thread < MOST_THREADS);
    atomic_fetch_add(&turn->calls[thread], 1);
    if (thread)
        return;
    ++*turn->value;
    while (helpers_seen(turn) < turn->wanted)
        pause_us(50);
    pause_us(turn->pause_us);
}

static void check_turn(struct crew *crew, size_t threads, size_t wanted, unsigned us,
                       unsigned *value) {
    struct turn turn = {.wanted = wanted, .pause_us = us, .value = value};
    unsigned before = *value;
    crew_run(crew, run, &turn);
    assert_int_equal(*value, before + 1);
    assert_int_equal(atomic_load(&turn.calls[0]), 1);
    for (size_t i = 1; i < MOST_THREADS; i++)
        assert_true(atomic_load(&turn.calls[i]) <= (i < threads));
}

/* Every helper comes, whether it slept or still looks for work. */
static void test_all_come(void **state) {
    (void)state;
    for (size_t threads = 1; threads <= MOST_THREADS; threads++) {
        struct crew *crew;
        unsigned value = 0;
        ASSERT_OK(crew_make(threads, &crew));
        for (unsigned i = 0; i < 40; i++) {
            check_turn(crew, threads, threads - 1, 0, &value);
            if (i % 4 == 0)
                pause_us(1000); /* they fall asleep */
        }
        crew_free(crew);
    }
}

/* Turns that are over before a helper is awake: it takes part in none of them, or in a later one.
 */
static void test_short_turns(void **state) {
    (void)state;
    struct crew *crew;
    unsigned value = 0;
    ASSERT_OK(crew_make(MOST_THREADS, &crew));
    for (unsigned i = 0; i < 3000; i++)
        check_turn(crew, MOST_THREADS, 0, i % 100 == 0 ? 300 : 0, &value);
    crew_free(crew);
}

static void test_none(void **state) {
    (void)state;
    struct crew *crew;
    unsigned value = 0;
    ASSERT_OK(crew_make(0, &crew));
    check_turn(crew, 1, 0, 0, &value);
    crew_free(crew);
    ASSERT_OK(crew_make(3, &crew));
    crew_free(crew);
    crew_free(NULL);
}

/* A helper that has begun is waited for. */
static void run_slow(const void *context, size_t thread) {
    struct turn *turn = (struct turn *)context;
    atomic_fetch_add(&turn->calls[thread], 1);
    if (thread) {
        pause_us(2000);
        atomic_fetch_add(&turn->calls[0], 1);
    } else {
        while (helpers_seen(turn) == 0)
            pause_us(50);
    }
}

static void test_waits_for_who_began(void **state) {
    (void)state;
    struct crew *crew;
    ASSERT_OK(crew_make(2, &crew));
    for (unsigned i = 0; i < 10; i++) {
        struct turn turn = {.wanted = 1};
        crew_run(crew, run_slow, &turn);
        assert_int_equal(atomic_load(&turn.calls[0]), 2);
    }
    crew_free(crew);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_come),
        cmocka_unit_test(test_short_turns),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_waits_for_who_began),
    };
    return RUN_TESTS(tests);
}
