/* Label files without an image, counted beside the work. */
#include "job/orphans.h"

static void *count(void *argument) {
    struct orphans *orphans = argument;
    if (dataset_count_orphans(orphans->dataset, &orphans->stop, &orphans->count) != STATUS_OK)
        orphans->count = 0;
    atomic_store(&orphans->counting, false);
    return NULL;
}

void orphans_start(const struct dataset *dataset, struct orphans *orphans) {
    orphans->dataset = dataset;
    atomic_store(&orphans->counting, true);
    orphans->started = pthread_create(&orphans->thread, NULL, count, orphans) == 0;
    if (!orphans->started)
        atomic_store(&orphans->counting, false);
}

bool orphans_counting(const struct orphans *orphans) {
    return atomic_load(&orphans->counting);
}

void orphans_stop(struct orphans *orphans) {
    atomic_store(&orphans->stop, true);
}

uint64_t orphans_end(struct orphans *orphans) {
    orphans_stop(orphans);
    if (orphans->started)
        pthread_join(orphans->thread, NULL);
    orphans->started = false;
    return orphans->count;
}
