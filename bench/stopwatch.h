/* Times between marks on a stream of work, and a network's forward captured for replay.
 * bench_layers links stopwatch_cuda.c (CUDA events, CUDA graphs), its twin for the host
 * stopwatch_host.c. */
#ifndef VERIFY_BENCH_STOPWATCH_H
#define VERIFY_BENCH_STOPWATCH_H

#include "cuda/network/network.h"

struct stopwatch;

/* On the first device, which it makes the calling thread's, for marks 0 to marks - 1. */
enum status stopwatch_make(size_t marks, struct stopwatch **out);
void stopwatch_free(struct stopwatch *stopwatch); /* NULL is allowed */
const char *stopwatch_device(const struct stopwatch *stopwatch);
/* The stream on which it sets marks from now on; not owned. */
void stopwatch_follow(struct stopwatch *stopwatch, stream_handle stream);

/* Sets a mark behind what was enqueued. */
enum status stopwatch_mark(struct stopwatch *stopwatch, size_t mark);
/* Waits until all that was enqueued is done. */
enum status stopwatch_wait(struct stopwatch *stopwatch);
/* Milliseconds from one mark to another, both reached. */
enum status stopwatch_between(const struct stopwatch *stopwatch, size_t from, size_t to,
                              double *milliseconds);

/* Captures the network's forward, which must have run once; replays enqueue it. The network is the
 * caller's and outlives the stopwatch. */
enum status stopwatch_capture(struct stopwatch *stopwatch, struct network *network);
enum status stopwatch_replay(struct stopwatch *stopwatch);

#endif
