/* A bounded queue between threads. */
#include "base/queue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

/* For waits that end at a time of clock_ns. */
static int condition_init(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);
    if (error)
        return error;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    error = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return error;
}

enum status queue_make(size_t capacity, struct queue *queue) {
    *queue = (struct queue){.capacity = capacity};
    enum status status = memory_zeroed(capacity, sizeof *queue->items, &queue->items);
    if (status != STATUS_OK)
        return status;
    int error = pthread_mutex_init(&queue->mutex, NULL);
    if (!error) {
        error = condition_init(&queue->changed);
        if (error)
            pthread_mutex_destroy(&queue->mutex);
    }
    if (error) {
        free(queue->items);
        queue->items = NULL;
        return FAIL(STATUS_FAILED, "a queue: %s", strerror(error));
    }
    return STATUS_OK;
}

void queue_free(struct queue *queue) {
    if (!queue->items)
        return;
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->items);
    queue->items = NULL;
}

bool queue_push(struct queue *queue, void *item) {
    pthread_mutex_lock(&queue->mutex);
    while (!queue->closed && queue->count == queue->capacity)
        pthread_cond_wait(&queue->changed, &queue->mutex);
    bool taken = !queue->closed;
    if (taken) {
        queue->items[(queue->first + queue->count++) % queue->capacity] = item;
        pthread_cond_broadcast(&queue->changed);
    }
    pthread_mutex_unlock(&queue->mutex);
    return taken;
}

/* The mutex is held. */
static size_t take(struct queue *queue, void **items, size_t most) {
    size_t n = queue->count < most ? queue->count : most;
    for (size_t i = 0; i < n; i++)
        items[i] = queue->items[(queue->first + i) % queue->capacity];
    queue->first = (queue->first + n) % queue->capacity;
    queue->count -= n;
    if (n)
        pthread_cond_broadcast(&queue->changed);
    return n;
}

size_t queue_pop(struct queue *queue, void **items, size_t most) {
    pthread_mutex_lock(&queue->mutex);
    while (!queue->closed && queue->count == 0)
        pthread_cond_wait(&queue->changed, &queue->mutex);
    size_t n = take(queue, items, most);
    pthread_mutex_unlock(&queue->mutex);
    return n;
}

size_t queue_pop_until(struct queue *queue, void **items, size_t most, uint64_t end) {
    const uint64_t second = 1000000000;
    const struct timespec due = {.tv_sec = (time_t)(end / second), .tv_nsec = (long)(end % second)};
    pthread_mutex_lock(&queue->mutex);
    while (!queue->closed && queue->count == 0 &&
           pthread_cond_timedwait(&queue->changed, &queue->mutex, &due) == 0)
        ;
    size_t n = take(queue, items, most);
    pthread_mutex_unlock(&queue->mutex);
    return n;
}

size_t queue_try_pop(struct queue *queue, void **items, size_t most) {
    pthread_mutex_lock(&queue->mutex);
    size_t n = take(queue, items, most);
    pthread_mutex_unlock(&queue->mutex);
    return n;
}

void queue_close(struct queue *queue) {
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
}
