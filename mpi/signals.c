/* Signals that ask for an orderly end. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/shown.h"
#include "signals.h"

struct signals {
    atomic_bool kept;
    atomic_int came; /* while they are kept; 0: none */
    _Atomic(const char *) line;
};

static void fill(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGUSR1);
}

int signal_exit_status(int signal) {
    return signal == SIGINT ? INTERRUPTED : TERMINATED;
}

_Noreturn static void leave(struct signals *signals, int number) {
    const char *line = atomic_load(&signals->line);
    if (line)
        line_print(stderr, "%s", line);
    _exit(signal_exit_status(number));
}

static void *answer(void *argument) {
    struct signals *signals = argument;
    sigset_t set;
    int number;
    fill(&set);
    for (;;) {
        if (sigwait(&set, &number) != 0)
            continue;
        if (!atomic_load(&signals->kept))
            leave(signals, number);
        atomic_store(&signals->came, number);
    }
    return NULL;
}

struct signals *signals_hold(void) {
    struct signals *signals;
    pthread_t thread;
    sigset_t set;
    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    /* A reader of the screen that leaves is no reason to stop: the log has the lines, too. */
    signal(SIGPIPE, SIG_IGN);
    /* A file that may not grow is a failed write, which can say so. */
    signal(SIGXFSZ, SIG_IGN);
    if (memory_zeroed(1, sizeof *signals, &signals) == STATUS_OK &&
        pthread_create(&thread, NULL, answer, signals) == 0) {
        pthread_detach(thread);
        return signals;
    }
    free(signals);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return NULL;
}

void signals_release(struct signals *signals, const char *line) {
    if (!signals)
        return;
    atomic_store(&signals->line, line);
    atomic_store(&signals->kept, false);
    int number = atomic_exchange(&signals->came, 0);
    if (number)
        leave(signals, number);
}

void signals_keep(struct signals *signals) {
    if (signals)
        atomic_store(&signals->kept, true);
}

int signals_take(struct signals *signals) {
    int number = signals ? atomic_exchange(&signals->came, 0) : 0;
    if (number)
        signals_release(signals, NULL);
    return number;
}
