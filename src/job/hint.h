/* What somebody meant who wrote a flag that does not exist. */
#ifndef VERIFY_JOB_HINT_H
#define VERIFY_JOB_HINT_H

#include "base/text.h"

/* Appends ": " and what to write instead of the flag of this name (without dashes, '-' and '_'
 * alike): verify's name for what Ultralytics calls so, or why there is none, or else the nearest
 * flag; nothing where none is near. */
void hint_flag(const char *name, struct text *out);

/* The same for a word that is no flag at all: a mode of `yolo`, a model or a data set without its
 * flag. `after` is the flag before it (NULL: none), which took one value or none. */
void hint_word(const char *word, const char *after, struct text *out);

#endif
