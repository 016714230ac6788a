/* What a file looked like when it was written, in run.json: whoever changes it changes that.
 * Internal to src/output. */
#ifndef VERIFY_OUTPUT_FILE_NOTE_H
#define VERIFY_OUTPUT_FILE_NOTE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Adds to `files` what `about` tells, under this name: [bytes, seconds, nanoseconds]. False: lack
 * of memory. */
bool file_note_add(struct json_object *files, const char *name, const struct stat *about);
/* Whether that is what was noted (NULL: nothing). */
bool file_note_holds(struct json_object *noted, const struct stat *about);

#endif
