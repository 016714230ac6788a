/* How many threads and images a rank keeps busy. */
#include "job/capacity.h"

size_t threads_share(int64_t wanted, size_t cores, int local_size) {
    size_t threads =
        wanted > 0 ? (size_t)wanted : cores / (size_t)(local_size > 0 ? local_size : 1);
    return threads ? threads : 1;
}

/* Batches' worth of images that may wait for others like them. Of pictures with COCO's 20 shapes,
 * in batches of 32, a sixth as many batches are forwarded then as in the list's order, 1.6 times
 * the fewest that there can be; twice the window would make that 1.2. */
enum { GATHERED_BATCHES = 16 };

struct capacity capacity_plan(bool slow, bool gathers, size_t threads, size_t batch, size_t depth) {
    struct capacity capacity = {
        .readers = slow ? 1 + threads / 8 : threads, .placers = 1, .batch = batch};
    capacity.window = gathers ? GATHERED_BATCHES * batch : 0;
    /* One batch more than can be submitted: the one that is being read. Where an image takes long,
     * no more than are being read: what a rank has taken at the end nobody else can do. */
    capacity.slots = depth * batch + capacity.readers + capacity.placers + capacity.window;
    if (!slow)
        capacity.slots += batch + 1;
    return capacity;
}

struct capacity capacity_plan_dry(size_t threads) {
    return (struct capacity){
        .readers = threads, .placers = 1, .batch = 1, .slots = 4 * threads + 2};
}
