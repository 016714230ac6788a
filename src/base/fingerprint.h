/* Whether two files, or two lists, are the same: FNV-1a of 64 bits (Fowler, Noll, Vo;
 * draft-eastlake-fnv). It finds what changed by mistake; it is no defence against someone who wants
 * two files to look the same. */
#ifndef VERIFY_BASE_FINGERPRINT_H
#define VERIFY_BASE_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define FINGERPRINT_START UINT64_C(0xcbf29ce484222325)
enum { FINGERPRINT_DIGITS = 16 };

/* Goes on from `so_far`, FINGERPRINT_START at the beginning. */
uint64_t fingerprint_bytes(uint64_t so_far, const void *bytes, size_t length);
/* Goes on with the contents of a file. STATUS_BAD_INPUT where it cannot be read. */
enum status fingerprint_file(const char *path, uint64_t *so_far);
/* In hexadecimal. */
void fingerprint_text(uint64_t fingerprint, char text[FINGERPRINT_DIGITS + 1]);

#endif
