/* Looking for what another thread does soon, before one sleeps. */
#ifndef VERIFY_CPU_SPIN_H
#define VERIFY_CPU_SPIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* How long a thread looks before it sleeps: to be woken takes about as long. Who sleeps leaves its
 * core to a thread that has work. */
enum { SPIN_NS = 100000, SPIN_LOOKS = 64 };

static inline void spin_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Whether `done` came true within SPIN_NS. */
static inline bool spin_until(bool (*done)(const void *context), const void *context) {
    uint64_t end = 0;
    for (size_t i = 1;; i++) {
        if (done(context))
            return true;
        spin_relax();
        if (i % SPIN_LOOKS)
            continue;
        uint64_t now = clock_ns();
        if (end && now > end)
            return false;
        end = end ? end : now + SPIN_NS;
    }
}

#endif
