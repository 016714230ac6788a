/* The scripts that hand JSON to the page: how each begins and ends. */
#ifndef VERIFY_REVIEW_PAGES_PAGE_SCRIPT_H
#define VERIFY_REVIEW_PAGES_PAGE_SCRIPT_H

#include <stddef.h>

#include "base/text.h"

/* Replaces `text` by the beginning of a script: its kind, and its number among those of it. */
void page_script_begin(const char *kind, size_t file, struct text *text);
/* Ends a script: within one "<" must not stand, and JSON has it in strings alone. */
enum status page_script_end(struct text *text);

/* Four fractions of a picture with commas between. */
void page_script_four(struct text *text, const double numbers[4]);

#endif
