/* What ranks tell each other before anything else, so that those which were started with another
 * program or other flags than rank 0 are named instead of working along. */
#ifndef VERIFY_JOB_IDENTITY_H
#define VERIFY_JOB_IDENTITY_H

#include <stdbool.h>

#include "job/options.h"

/* A rank's first message: text, each field filled up with NULs. Every version of the program sends
 * it in this form, whatever else changes between versions. */
struct identity {
    char magic[16];
    char version[64];
    char flags[32]; /* fingerprint of the flags in force; "" where they could not be read */
    char host[144];
};
enum { IDENTITY_BYTES = 256 };
_Static_assert(sizeof(struct identity) == IDENTITY_BYTES, "the form is fixed");

/* `flags`: options_lines' text; NULL where reading them failed. */
void identity_make(const char *host, const char *flags, struct identity *identity);

/* Looks through the identities of all ranks, by rank; the outcome is the same for all who have
 * them. STATUS_BAD_INPUT names the first that runs another version than rank 0, and its host. */
enum status identities_compare(const struct identity *all, size_t count);
/* Whether all have read their flags, and these are the same. */
bool identities_have_same_flags(const struct identity *all, size_t count);

/* The first flag that differs between options_lines' texts of this rank and of rank 0:
 * STATUS_BAD_INPUT with both values. */
enum status flags_compare(const char *mine, const char *first);

#endif
