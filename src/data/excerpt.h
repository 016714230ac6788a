/* Text that a user's file holds, made fit for one line of a message. */
#ifndef VERIFY_DATA_EXCERPT_H
#define VERIFY_DATA_EXCERPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { EXCERPT_BYTES = 40 };

/* Appends at most EXCERPT_BYTES of the bytes, then "..." where more were there. Control bytes, and
 * those that are no UTF-8, become \xNN. */
void text_excerpt(struct text *text, const char *bytes, size_t length);

#endif
