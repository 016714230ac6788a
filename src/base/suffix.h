/* What a file's name says of its kind. */
#ifndef VERIFY_BASE_SUFFIX_H
#define VERIFY_BASE_SUFFIX_H

#include <stdbool.h>

/* Whether the path ends in the suffix (".txt"), ASCII letters of either case. */
bool has_suffix(const char *path, const char *suffix);

/* In one of them, of which the last is followed by NULL. */
bool has_suffix_of(const char *path, const char *const *suffixes);

#endif
