/* Which files are pictures, by the suffix of their names. */
#ifndef VERIFY_DATA_PICTURE_H
#define VERIFY_DATA_PICTURE_H

#include <stdbool.h>

#include "base/text.h"

struct picture_kind {
    char suffix[12]; /* of what is left out: lower case, with its dot */
    bool read;       /* else it is left out, and counted */
};

/* The kind of a path's suffix, ASCII letters of either case; NULL: no picture's. */
const struct picture_kind *picture_kind(const char *path);

/* Appends the suffixes of the kinds that are read: ".jpg .png" (base/picture_formats.h). */
void picture_suffixes(struct text *text);

#endif
