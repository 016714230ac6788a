/* Batches of items that are with the backend. */
#include "job/flight.h"

#include <stdlib.h>

#include "base/memory.h"

/* Closer looks are batches of their own, between two flights. */
enum status flights_make(const struct verify_job *job, struct flights *flights) {
    enum status status;
    *flights = (struct flights){.depth = job->interface && !job->zoom ? job->interface->depth : 1,
                                .batch = job->interface ? job->interface->batch(job->backend) : 1};
    TRY(memory_zeroed(flights->depth, sizeof *flights->ring, &flights->ring));
    for (size_t i = 0; i < flights->depth; i++) {
        struct flight *flight = &flights->ring[i];
        TRY(memory_zeroed(flights->batch, sizeof(void *), &flight->items));
        TRY(memory_zeroed(flights->batch, sizeof *flight->pictures, &flight->pictures));
    }
out:
    return status;
}

void flights_free(struct flights *flights) {
    for (size_t i = 0; flights->ring && i < flights->depth; i++) {
        free(flights->ring[i].items);
        free(flights->ring[i].pictures);
    }
    free(flights->ring);
}

struct flight *flights_next(struct flights *flights) {
    return flights->count < flights->depth
               ? &flights->ring[(flights->first + flights->count) % flights->depth]
               : NULL;
}

enum status flights_submit(const struct verify_job *job, struct flights *flights) {
    struct flight *flight = flights_next(flights);
    flights->count++;
    flight->n_pictures = 0;
    for (size_t i = 0; job->interface && i < flight->n_items; i++) {
        struct item *item = flight->items[i];
        flight->pictures[flight->n_pictures++] = (struct picture){
            .slot = item->slot,
            .n_views = item->n_views,
            .views = item->views,
            .n_labels = item->labels.n_labels,
            .targets = item->targets,
            .findings = &item->findings,
            .n_planted = item->planting.n_targets,
            .planted = item->planting.n_planted ? item->planting.targets : NULL,
            .planted_findings = &item->planted_findings,
        };
    }
    return flight->n_pictures
               ? job->interface->submit(job->backend, flight->pictures, flight->n_pictures)
               : STATUS_OK;
}

enum status flights_collect(const struct verify_job *job, struct flights *flights,
                            const struct flight **out) {
    const struct flight *flight = *out = &flights->ring[flights->first];
    flights->first = (flights->first + 1) % flights->depth;
    flights->count--;
    return flight->n_pictures ? job->interface->collect(job->backend) : STATUS_OK;
}
