#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "stopwatch.h"

struct stopwatch {
    struct network *network;
    struct timespec marks[];
};

enum status stopwatch_make(size_t marks, struct stopwatch **out) {
    return memory_zeroed(1, sizeof **out + marks * sizeof(struct timespec), out);
}

void stopwatch_free(struct stopwatch *stopwatch) {
    free(stopwatch);
}

const char *stopwatch_device(const struct stopwatch *stopwatch) {
    (void)stopwatch;
    return "the host's plain loops";
}

stream_handle stopwatch_stream(const struct stopwatch *stopwatch) {
    (void)stopwatch;
    return NULL;
}

enum status stopwatch_mark(struct stopwatch *stopwatch, size_t mark) {
    clock_gettime(CLOCK_MONOTONIC, &stopwatch->marks[mark]);
    return STATUS_OK;
}

enum status stopwatch_wait(struct stopwatch *stopwatch) {
    (void)stopwatch;
    return STATUS_OK;
}

enum status stopwatch_between(const struct stopwatch *stopwatch, size_t from, size_t to,
                              double *milliseconds) {
    const struct timespec *a = &stopwatch->marks[from], *b = &stopwatch->marks[to];
    *milliseconds =
        1e3 * (double)(b->tv_sec - a->tv_sec) + 1e-6 * (double)(b->tv_nsec - a->tv_nsec);
    return STATUS_OK;
}

enum status stopwatch_capture(struct stopwatch *stopwatch, struct network *network) {
    stopwatch->network = network;
    return STATUS_OK;
}

enum status stopwatch_replay(struct stopwatch *stopwatch) {
    return network_forward(stopwatch->network, NULL);
}
