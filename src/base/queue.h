/* A bounded queue of pointers that joins threads: first in, first out. */
#ifndef VERIFY_BASE_QUEUE_H
#define VERIFY_BASE_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t capacity, first, count;
    bool closed;
    void **items; /* a ring of `capacity`; owned; what they point to is not */
};

enum status queue_make(size_t capacity, struct queue *queue);
/* No thread may be using the queue any more. */
void queue_free(struct queue *queue);

/* Waits for room. False, and nothing is taken, once the queue is closed. */
bool queue_push(struct queue *queue, void *item);

/* Waits for an item or the end, and takes what is there, up to `most`, into `items`. Returns how
 * many; 0: closed and empty. */
size_t queue_pop(struct queue *queue, void **items, size_t most);

/* The same, but waits until `end` at most, a time of clock_ns; 0: it has come, too. */
size_t queue_pop_until(struct queue *queue, void **items, size_t most, uint64_t end);

/* Takes what is there at this moment, up to `most`; 0 where nothing is. */
size_t queue_try_pop(struct queue *queue, void **items, size_t most);

/* Ends the queue: what it holds can still be popped, nothing more is taken. */
void queue_close(struct queue *queue);

#endif
