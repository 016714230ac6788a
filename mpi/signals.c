#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "signals.h"

/* Kept pending rather than handled: a thread that asks now and then needs no handler, and nothing
 * is interrupted in the middle. */
static void fill(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGUSR1);
}

void signals_hold(void) {
    sigset_t set;
    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    /* A reader of the screen that leaves is no reason to stop: the log has the lines, too. */
    signal(SIGPIPE, SIG_IGN);
    /* A file that may not grow is a failed write, which can say so. */
    signal(SIGXFSZ, SIG_IGN);
}

void signals_release(void) {
    sigset_t set;
    fill(&set);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int signals_take(void) {
    sigset_t set;
    fill(&set);
    int number = sigtimedwait(&set, NULL, &(struct timespec){0});
    if (number < 0)
        return 0;
    /* A second Ctrl+C ends the process at once. */
    signals_release();
    return number;
}
