/* Queues between threads: nothing lost, nothing doubled, an end for everybody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/queue.h"
#include "unit.h"

enum { PRODUCERS = 3, CONSUMERS = 3, ITEMS = 20000 };

struct work {
    struct queue queue;
    int values[PRODUCERS * ITEMS];
    uint8_t seen[PRODUCERS * ITEMS];
    pthread_mutex_t mutex;
};
struct producer {
    struct work *work;
    int first;
};

static void *produce(void *argument) {
    struct producer *producer = argument;
    for (int i = 0; i < ITEMS; i++)
        if (!queue_push(&producer->work->queue, &producer->work->values[producer->first + i]))
            return NULL;
    return producer;
}

static void *consume(void *argument) {
    struct work *work = argument;
    void *items[7];
    size_t n;
    while ((n = queue_pop(&work->queue, items, 7)) > 0) {
        pthread_mutex_lock(&work->mutex);
        for (size_t i = 0; i < n; i++)
            work->seen[*(int *)items[i]]++;
        pthread_mutex_unlock(&work->mutex);
    }
    return NULL;
}

static void test_all_arrive_once(void **state) {
    (void)state;
    struct work *work = calloc(1, sizeof *work);
    assert_non_null(work);
    assert_int_equal(queue_make(5, &work->queue), STATUS_OK);
    pthread_mutex_init(&work->mutex, NULL);
    struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS + CONSUMERS];
    for (int i = 0; i < PRODUCERS * ITEMS; i++)
        work->values[i] = i;
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){work, i * ITEMS};
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (int i = 0; i < CONSUMERS; i++)
        assert_int_equal(pthread_create(&threads[PRODUCERS + i], NULL, consume, work), 0);
    for (int i = 0; i < PRODUCERS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_non_null(result);
    }
    queue_close(&work->queue);
    for (int i = 0; i < CONSUMERS; i++)
        pthread_join(threads[PRODUCERS + i], NULL);
    for (int i = 0; i < PRODUCERS * ITEMS; i++)
        assert_int_equal(work->seen[i], 1);
    queue_free(&work->queue);
    pthread_mutex_destroy(&work->mutex);
    free(work);
}

static void test_order_and_end(void **state) {
    (void)state;
    struct queue queue;
    int values[4] = {0, 1, 2, 3};
    void *items[8];
    assert_int_equal(queue_make(4, &queue), STATUS_OK);
    for (int i = 0; i < 4; i++)
        assert_true(queue_push(&queue, &values[i]));
    assert_int_equal(queue_pop(&queue, items, 3), 3);
    assert_ptr_equal(items[2], &values[2]);
    queue_close(&queue);
    assert_false(queue_push(&queue, &values[0]));
    assert_int_equal(queue_pop(&queue, items, 3), 1);
    assert_ptr_equal(items[0], &values[3]);
    assert_int_equal(queue_pop(&queue, items, 3), 0);
    queue_free(&queue);
}

static void test_trying_does_not_wait(void **state) {
    (void)state;
    struct queue queue;
    int values[2] = {0, 1};
    void *items[8];
    assert_int_equal(queue_make(2, &queue), STATUS_OK);
    assert_int_equal(queue_try_pop(&queue, items, 8), 0);
    for (int i = 0; i < 2; i++)
        assert_true(queue_push(&queue, &values[i]));
    assert_int_equal(queue_try_pop(&queue, items, 8), 2);
    assert_ptr_equal(items[1], &values[1]);
    assert_true(queue_push(&queue, &values[0]));
    queue_close(&queue);
    assert_int_equal(queue_try_pop(&queue, items, 8), 1);
    assert_int_equal(queue_try_pop(&queue, items, 8), 0);
    queue_free(&queue);
}

static void *push_one(void *queue) {
    static int value;
    return queue_push(queue, &value) ? queue : NULL;
}

static void test_closing_wakes_a_waiting_producer(void **state) {
    (void)state;
    struct queue queue;
    int value = 0;
    pthread_t thread;
    void *result = &value;
    assert_int_equal(queue_make(1, &queue), STATUS_OK);
    assert_true(queue_push(&queue, &value));
    assert_int_equal(pthread_create(&thread, NULL, push_one, &queue), 0);
    queue_close(&queue);
    pthread_join(thread, &result);
    assert_null(result);
    queue_free(&queue);
}

static void test_waiting_ends(void **state) {
    (void)state;
    enum { SHORT = 20000000 };
    struct queue queue;
    int value = 1;
    void *items[2];
    assert_int_equal(queue_make(2, &queue), STATUS_OK);
    uint64_t start = clock_ns();
    assert_int_equal(queue_pop_until(&queue, items, 2, start + SHORT), 0);
    assert_true(clock_ns() - start >= SHORT);
    assert_true(queue_push(&queue, &value));
    assert_int_equal(queue_pop_until(&queue, items, 2, start), 1); /* it is there */
    assert_ptr_equal(items[0], &value);
    assert_true(queue_push(&queue, &value));
    queue_close(&queue);
    assert_int_equal(queue_pop_until(&queue, items, 2, UINT64_MAX), 1);
    assert_int_equal(queue_pop_until(&queue, items, 2, UINT64_MAX), 0);
    queue_free(&queue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_arrive_once),
        cmocka_unit_test(test_order_and_end),
        cmocka_unit_test(test_trying_does_not_wait),
        cmocka_unit_test(test_waiting_ends),
        cmocka_unit_test(test_closing_wakes_a_waiting_producer),
    };
    return RUN_TESTS(tests);
}
