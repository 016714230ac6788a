/* The names that a run makes in its output folder, but for WORK_FOLDER. Internal to src/output. */
#ifndef VERIFY_OUTPUT_MADE_H
#define VERIFY_OUTPUT_MADE_H

#include "base/text.h"

enum made {
    MADE_REPORT,
    MADE_RECORDS,
    MADE_PREDICTIONS,
    MADE_FILES, /* those above are files, those below folders */
    MADE_CORRECT = MADE_FILES,
    MADE_MISLABELED,
    MADE_UNCERTAIN,
    MADE_PREDICTED,
    MADE_LOGS,
    MADE_NAMES
};
extern const char *const made_names[MADE_NAMES];

/* Appends those that are there, with commas between. `output` is the path of the open folder, for
 * messages. */
enum status made_find(int folder, const char *output, struct text *list);

#endif
