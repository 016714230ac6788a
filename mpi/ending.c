/* How the process ends. */
#include "ending.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "signals.h"

/* Leaving with this exit status once so much time has passed. */
struct limit {
    long milliseconds;
    int exit_status;
};

static void *leave_late(void *argument) {
    const struct limit *limit = argument;
    const long milliseconds = limit->milliseconds;
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
    _exit(limit->exit_status);
}

void ending_limit(enum status status, int signal) {
    /* They outlive main(). */
    static const struct limit interrupted = {300, INTERRUPTED}, terminated = {300, TERMINATED};
    static const struct limit failed = {5000, STATUS_FAILED};
    const struct limit *limit = status == STATUS_FAILED                    ? &failed
                                : status == STATUS_OK && signal == SIGINT  ? &interrupted
                                : status == STATUS_OK && signal == SIGTERM ? &terminated
                                                                           : NULL;
    pthread_t thread;
    if (limit && pthread_create(&thread, NULL, leave_late, (void *)limit) == 0)
        pthread_detach(thread);
}

static void leave(int signal) {
    (void)signal;
    _exit(STATUS_FAILED);
}

void ending_alarm(unsigned seconds) {
    /* By itself SIGALRM would end the job with an exit status of its own. */
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = leave}, NULL);
    alarm(seconds);
}

bool ending_lost_lines(void) {
    struct pollfd out = {.fd = STDOUT_FILENO};
    fflush(stdout);
    return ferror(stdout) && !(poll(&out, 1, 0) == 1 && out.revents & (POLLERR | POLLHUP));
}
