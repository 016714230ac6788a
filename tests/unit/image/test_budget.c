/* The memory for pictures: nobody takes what is not there, who asked first has it first, and nobody
 * waits for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <time.h>

#include "assert_ok.h"
#include "image_files.h"
/* With its struct: that a thread waits is to be seen from outside of it. */
#include "image/budget.c"
#include "unit.h"

enum { TOTAL = 100, ROUNDS = 2000, THREADS = 6 };

struct asking {
    struct image_budget *budget;
    size_t bytes;
    atomic_int *turn; /* of those that have taken */
    int mine;         /* -1: not yet */
    bool taken;
};

/* Those who have asked and not taken; before it is cancelled. */
static size_t count_waiting(struct image_budget *budget) {
    pthread_mutex_lock(&budget->mutex);
    uint64_t waiting = budget->next_ticket - budget->served;
    pthread_mutex_unlock(&budget->mutex);
    return (size_t)waiting;
}

/* Until `count` wait, which takes as long as the machine is busy. */
static void wait_for_waiting(struct image_budget *budget, size_t count) {
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 30000 && count_waiting(budget) < count; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(count_waiting(budget), count);
}

static void *ask(void *argument) {
    struct asking *asking = argument;
    asking->taken = image_budget_take(asking->budget, asking->bytes);
    asking->mine = atomic_fetch_add(asking->turn, 1);
    return NULL;
}

static void test_first_come_first_served(void **state) {
    (void)state;
    struct image_budget *budget;
    pthread_t large, small;
    atomic_int turn = 0;
    ASSERT_OK(image_budget_make(TOTAL, 2, &budget));
    assert_int_equal(image_budget_bytes(budget), TOTAL);
    assert_int_equal(image_budget_kept(budget), TOTAL / 4);
    assert_true(image_budget_take(budget, 60));
    assert_false(image_budget_grow(budget, 41));
    struct asking wants_much = {budget, 90, &turn, -1, false};
    struct asking wants_little = {budget, 10, &turn, -1, false};
    assert_int_equal(pthread_create(&large, NULL, ask, &wants_much), 0);
    wait_for_waiting(budget, 1);
    assert_int_equal(pthread_create(&small, NULL, ask, &wants_little), 0);
    wait_for_waiting(budget, 2);
    assert_int_equal(atomic_load(&turn), 0); /* there is room for it, but another was first */
    image_budget_give(budget, 60);
    pthread_join(large, NULL);
    pthread_join(small, NULL);
    assert_true(wants_much.taken && wants_little.taken);
    image_budget_give(budget, 100);
    assert_true(image_budget_grow(budget, TOTAL));
    image_budget_free(budget);
}

static void test_cancel_wakes(void **state) {
    (void)state;
    struct image_budget *budget;
    pthread_t threads[2];
    atomic_int turn = 0;
    ASSERT_OK(image_budget_make(TOTAL, 1, &budget));
    assert_false(image_budget_cancelled(budget));
    assert_true(image_budget_take(budget, TOTAL));
    struct asking asking[2] = {{budget, 1, &turn, -1, true}, {budget, 50, &turn, -1, true}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &asking[i]), 0);
    wait_for_waiting(budget, 2);
    image_budget_cancel(budget);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_false(asking[i].taken);
    }
    assert_true(image_budget_cancelled(budget));
    assert_false(image_budget_cancelled(NULL));
    image_budget_free(budget);
}

struct sharing {
    struct image_budget *budget;
    atomic_size_t held, most;
    atomic_uint seed;
};

static void *share(void *argument) {
    struct sharing *sharing = argument;
    uint32_t random = 77 + atomic_fetch_add(&sharing->seed, 1);
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1664525 + 1013904223;
        size_t bytes = 1 + (random >> 8) % TOTAL;
        if (!image_budget_take(sharing->budget, bytes))
            break;
        size_t held = atomic_fetch_add(&sharing->held, bytes) + bytes;
        if (held > atomic_load(&sharing->most))
            atomic_store(&sharing->most, held);
        if (image_budget_grow(sharing->budget, 3)) {
            atomic_fetch_add(&sharing->held, 3);
            bytes += 3;
        }
        atomic_fetch_sub(&sharing->held, bytes);
        image_budget_give(sharing->budget, bytes);
    }
    return NULL;
}

static void test_many_share(void **state) {
    (void)state;
    struct sharing sharing = {0};
    pthread_t threads[THREADS];
    ASSERT_OK(image_budget_make(TOTAL, THREADS, &sharing.budget));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, share, &sharing), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(atomic_load(&sharing.most), 1, TOTAL);
    assert_true(image_budget_grow(sharing.budget, TOTAL));
    image_budget_free(sharing.budget);
}

static struct image_budget *budget_of(size_t bytes) {
    struct image_budget *budget;
    ASSERT_OK(image_budget_make(bytes, 1, &budget));
    return budget;
}

/* A picture takes what it needs, gives it back, and is refused where it needs more than all. */
static void test_a_picture(void **state) {
    (void)state;
    const char *names[] = {"baseline.jpg", "progressive.jpg", "rgb8.png", "interlaced_rgb8.png"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        snprintf(path, sizeof path, "tests/data/images/%s", names[i]);
        size_t low = 0, high = 1 << 20; /* too little, enough */
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            struct image image = {.budget = budget_of(middle)};
            struct image_budget *budget = image.budget;
            enum status status = image_read(path, &image);
            if (status != STATUS_OK) {
                assert_int_equal(status, STATUS_BAD_INPUT);
                assert_non_null(strstr(status_message(), "--image-memory"));
                assert_int_equal(image.reserved, 0);
            } else {
                assert_true(image.reserved >=
                            image.length + PICTURE_WIDTH * (size_t)PICTURE_HEIGHT * 3);
                assert_false(image_budget_grow(budget, middle - image.reserved + 1));
            }
            *(status == STATUS_OK ? &high : &low) = middle;
            image_free(&image);
            assert_true(image_budget_grow(budget, middle));
            image_budget_free(budget);
        }
        /* All coefficients of a progressive one are held: at least 2 bytes for each of 3 x 64. */
        size_t blocks = (PICTURE_WIDTH + 7) / 8 * ((PICTURE_HEIGHT + 7) / 8);
        assert_true(high > PICTURE_WIDTH * (size_t)PICTURE_HEIGHT * 3);
        assert_true(i != 1 || high > blocks * 128 * 3 / 2);
    }
}

struct read_job {
    struct image_budget *budget;
    const char *path;
    int good;
};

static void *read_many(void *argument) {
    struct read_job *job = argument;
    struct image image = {.budget = job->budget};
    for (int i = 0; i < 200; i++) {
        job->good += image_read(job->path, &image) == STATUS_OK;
        image_release(&image);
    }
    image_free(&image);
    return NULL;
}

/* Many readers, whose files fit together and whose pictures do not. */
static void test_nobody_holds_and_waits(void **state) {
    (void)state;
    struct image one = {.budget = budget_of(1 << 20)};
    struct image_budget *roomy = one.budget;
    ASSERT_OK(image_read("tests/data/images/progressive.jpg", &one));
    size_t bytes = one.reserved;
    image_free(&one);
    image_budget_free(roomy);
    struct read_job jobs[THREADS];
    pthread_t threads[THREADS];
    struct image_budget *budget = budget_of(bytes + 1);
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct read_job){budget, "tests/data/images/progressive.jpg", 0};
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(jobs[i].good, 200);
    }
    image_budget_free(budget);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_cancel_wakes),
        cmocka_unit_test(test_many_share),
        cmocka_unit_test(test_a_picture),
        cmocka_unit_test(test_nobody_holds_and_waits),
    };
    return RUN_TESTS(tests);
}
