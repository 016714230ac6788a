/* Text that a user's file holds, made fit for one line of a message. */
#ifndef VERIFY_DATA_EXCERPT_H
#define VERIFY_DATA_EXCERPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { EXCERPT_BYTES = 40 };

/* Appends at most EXCERPT_BYTES of the bytes as text_shown does, then "..." where more were there.
 */
void text_excerpt(struct text *text, const char *bytes, size_t length);

#endif
