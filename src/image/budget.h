/* The memory that the pictures of a rank may take together, and the word that none is wanted any
 * more. Thread-safe. */
#ifndef VERIFY_IMAGE_BUDGET_H
#define VERIFY_IMAGE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct image_budget;

/* `bytes` for all that `users` threads decode at one time. On failure *out is NULL. */
enum status image_budget_make(size_t bytes, size_t users, struct image_budget **out);
/* NULL is fine. Nobody may be using it any more. */
void image_budget_free(struct image_budget *budget);

/* All of it. */
size_t image_budget_bytes(const struct image_budget *budget);
/* What a user may keep allocated between two pictures, beside what it has taken: its part of half
 * the budget. */
size_t image_budget_kept(const struct image_budget *budget);

/* Takes this much, at most image_budget_bytes, as soon as it is there; who asked first has it
 * first, so that a large picture is not passed over for ever. The caller holds nothing yet: so
 * nobody waits for another who waits. False: cancelled. */
bool image_budget_take(struct image_budget *budget, size_t bytes);
/* Takes more if it is there now. */
bool image_budget_grow(struct image_budget *budget, size_t bytes);
void image_budget_give(struct image_budget *budget, size_t bytes);

/* Nobody waits any more, and decoding is given up at its next row. */
void image_budget_cancel(struct image_budget *budget);
/* Cheap. NULL is fine: never cancelled. */
bool image_budget_cancelled(const struct image_budget *budget);

#endif
