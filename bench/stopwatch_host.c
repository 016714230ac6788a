/* Times of the plain loops that stand for a GPU's. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "stopwatch.h"

struct stopwatch {
    struct network *network;
    double marks[];
};

enum status stopwatch_make(size_t marks, struct stopwatch **out) {
    return memory_zeroed(1, sizeof **out + marks * sizeof(double), out);
}

void stopwatch_free(struct stopwatch *stopwatch) {
    free(stopwatch);
}

const char *stopwatch_device(const struct stopwatch *stopwatch) {
    (void)stopwatch;
    return "the host's plain loops";
}

void stopwatch_follow(struct stopwatch *stopwatch, stream_handle stream) {
    (void)stopwatch;
    (void)stream;
}

enum status stopwatch_mark(struct stopwatch *stopwatch, size_t mark) {
    stopwatch->marks[mark] = clock_seconds();
    return STATUS_OK;
}

enum status stopwatch_wait(struct stopwatch *stopwatch) {
    (void)stopwatch;
    return STATUS_OK;
}

enum status stopwatch_between(const struct stopwatch *stopwatch, size_t from, size_t to,
                              double *milliseconds) {
    *milliseconds = 1e3 * (stopwatch->marks[to] - stopwatch->marks[from]);
    return STATUS_OK;
}

enum status stopwatch_capture(struct stopwatch *stopwatch, struct network *network) {
    stopwatch->network = network;
    return STATUS_OK;
}

enum status stopwatch_replay(struct stopwatch *stopwatch) {
    return network_forward(stopwatch->network);
}
