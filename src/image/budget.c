/* The memory that a rank's pictures share. */
#include "image/budget.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"

struct image_budget {
    size_t bytes, users;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t taken;
    uint64_t next_ticket, served; /* of those who wait, in the order of asking */
    atomic_bool cancelled;
};

enum status image_budget_make(size_t bytes, size_t users, struct image_budget **out) {
    struct image_budget *budget;
    enum status status = memory_zeroed(1, sizeof *budget, &budget);
    *out = budget;
    if (status != STATUS_OK)
        return status;
    budget->bytes = bytes;
    budget->users = users ? users : 1;
    pthread_mutex_init(&budget->mutex, NULL);
    pthread_cond_init(&budget->changed, NULL);
    return STATUS_OK;
}

void image_budget_free(struct image_budget *budget) {
    if (!budget)
        return;
    pthread_cond_destroy(&budget->changed);
    pthread_mutex_destroy(&budget->mutex);
    free(budget);
}

size_t image_budget_bytes(const struct image_budget *budget) {
    return budget->bytes;
}

size_t image_budget_kept(const struct image_budget *budget) {
    return budget->bytes / 2 / budget->users;
}

bool image_budget_take(struct image_budget *budget, size_t bytes) {
    pthread_mutex_lock(&budget->mutex);
    uint64_t ticket = budget->next_ticket++;
    while (!image_budget_cancelled(budget) &&
           (ticket != budget->served || budget->bytes - budget->taken < bytes))
        pthread_cond_wait(&budget->changed, &budget->mutex);
    bool taken = !image_budget_cancelled(budget);
    if (taken) {
        budget->taken += bytes;
        budget->served++;
        if (budget->served != budget->next_ticket)
            pthread_cond_broadcast(&budget->changed);
    }
    pthread_mutex_unlock(&budget->mutex);
    return taken;
}

bool image_budget_grow(struct image_budget *budget, size_t bytes) {
    pthread_mutex_lock(&budget->mutex);
    bool taken = budget->bytes - budget->taken >= bytes;
    if (taken)
        budget->taken += bytes;
    pthread_mutex_unlock(&budget->mutex);
    return taken;
}

void image_budget_give(struct image_budget *budget, size_t bytes) {
    pthread_mutex_lock(&budget->mutex);
    budget->taken -= bytes;
    if (budget->served != budget->next_ticket)
        pthread_cond_broadcast(&budget->changed);
    pthread_mutex_unlock(&budget->mutex);
}

void image_budget_cancel(struct image_budget *budget) {
    pthread_mutex_lock(&budget->mutex);
    atomic_store(&budget->cancelled, true);
    pthread_cond_broadcast(&budget->changed);
    pthread_mutex_unlock(&budget->mutex);
}

bool image_budget_cancelled(const struct image_budget *budget) {
    return budget && atomic_load_explicit(&budget->cancelled, memory_order_relaxed);
}
