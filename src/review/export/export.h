/* verify export: a run's findings for other tools. */
#ifndef VERIFY_REVIEW_EXPORT_EXPORT_H
#define VERIFY_REVIEW_EXPORT_EXPORT_H

#include "base/text.h"

struct export_request {
    const char *output; /* of a run */
    const char *format; /* of job/export_formats.h */
    const char *to;     /* NULL: EXPORT_FOLDER/FORMAT in the output folder */
    const char *data;   /* where the images lie now; NULL: where they were */
};

#define EXPORT_FOLDER "export"

/* Writes the export, and appends the lines that say what was done. STATUS_BAD_INPUT with one line
 * where the output is no finished run's, the folder is not ours to write, or no image is there. */
enum status export_run(const struct export_request *request, struct text *lines);

#endif
