/* Threads that go through the same steps, the items of each shared among them. Each begins with a
 * part of its own, the same place of every step, so that what it reads is often what it wrote
 * before; who is done takes items of others. A step waits for items that were taken, never for a
 * thread that took none: one that does not run, since the CPU has other work, holds nobody up
 * within the steps. */
#ifndef VERIFY_CPU_TEAM_H
#define VERIFY_CPU_TEAM_H

#include <stddef.h>

#include "base/status.h"

struct team;

/* For steps 0 to steps - 1 and at most so many threads. On failure *out is NULL. */
enum status team_make(size_t threads, size_t steps, struct team **out);
void team_free(struct team *team); /* NULL is allowed */

/* Says that none of a step's items is done; before any thread comes to it. At most UINT32_MAX. */
void team_prepare(struct team *team, size_t step, size_t items);

/* Takes part in a step as `thread` (from 0 on, of its own among those that work now) and returns
 * when all items are done; what they wrote is then seen by the caller. Every thread goes through
 * the steps in the same order. */
void team_work(struct team *team, size_t step, size_t thread,
               void (*run)(const void *context, size_t item, size_t thread), const void *context);

#endif
