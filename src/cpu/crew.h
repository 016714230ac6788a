/* Threads that wait for work and do it beside the thread that has it. */
#ifndef VERIFY_CPU_CREW_H
#define VERIFY_CPU_CREW_H

#include <stddef.h>

#include "base/status.h"

struct crew;

/* Starts threads - 1 helpers (at least one thread; 0 counts as 1). On failure *out is NULL. */
enum status crew_make(size_t threads, struct crew **out);
/* Ends the helpers. NULL is allowed. */
void crew_free(struct crew *crew);

/* Calls run(context, 0) in the calling thread and, beside it, run(context, i) in each helper i that
 * wakes up in time: nobody waits for one that the system does not let run. Returns when the caller
 * and those that have begun are through. One thread at a time may call. */
void crew_run(struct crew *crew, void (*run)(const void *context, size_t thread),
              const void *context);

#endif
