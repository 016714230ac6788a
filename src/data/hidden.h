/* Whether folders that are left out hold pictures. */
#ifndef VERIFY_DATA_HIDDEN_H
#define VERIFY_DATA_HIDDEN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the folder `name` in `parent` (open), or one below it, holds a picture. Links are not
 * followed. Each entry that is looked at takes one from *budget; once it is used up, the answer is
 * no. */
bool hidden_has_pictures(int parent, const char *name, size_t *budget);

#endif
