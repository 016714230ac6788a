/* A few threads that do a number of steps, while the thread that waits for them stays awake. */
#ifndef VERIFY_REVIEW_PAGES_WORKERS_H
#define VERIFY_REVIEW_PAGES_WORKERS_H

#include <stddef.h>

#include "base/status.h"

/* Step `step` of a work, done by thread number `worker`. */
typedef enum status workers_step(void *context, size_t worker, size_t step);
/* A sign of life, several times a second. */
typedef void workers_tick(void *context);

/* Does steps 0 to n_steps - 1, each once, in any order, on n_threads threads (at least 1). `tick`
 * (NULL: none) is called by the calling thread meanwhile. The first failure of a step ends the work
 * and is returned, with its message. */
struct workers {
    size_t n_threads, n_steps;
    workers_step *step;
    void *context;
    workers_tick *tick;
    void *tick_context;
};
enum status workers_run(const struct workers *workers);

#endif
