/* The output folder of a run of verify, recognised by the names that are in it. */
#ifndef VERIFY_DATA_OUTPUT_SIGNS_H
#define VERIFY_DATA_OUTPUT_SIGNS_H

#include <stdbool.h>
#include <stddef.h>

/* Start with a zeroed struct. */
struct output_signs {
    bool work_folder, summary, bucket;
};

/* Notes the name of something in the folder. */
void output_signs_note(struct output_signs *signs, const char *name);

/* Whether the folder (open as `folder`), all of whose names were noted, is one that a run has
 * written to: it holds the report or the records beside the three folders, or the run's own
 * .verify. */
bool output_signs_hold(const struct output_signs *signs, int folder);

/* The folders of an output that a run places images in, one after the other; NULL behind the last.
 */
const char *output_signs_bucket(size_t number);

/* Whether a folder of that name, in an output folder, is the run's. */
bool output_signs_owns(const char *name);

#endif
