/* The names that a run makes in its output folder, but for WORK_FOLDER. Internal to src/output. */
#ifndef VERIFY_OUTPUT_MADE_H
#define VERIFY_OUTPUT_MADE_H

#include "base/text.h"
#include "output/result.h"
#include "output/streams.h"

/* A file right in the output folder. */
struct made_file {
    const char *name;
    const char *flag; /* the switch that asks for it, as in struct stream; NULL: always there */
};
enum { MADE_FILES_MOST = STREAMS_MOST + 1 };

/* The report, then the streams' files; returns how many there are. */
size_t made_files(struct made_file files[MADE_FILES_MOST]);

/* The folders: the buckets', then these. */
enum made_folder { MADE_PREDICTED = BUCKET_FAILED, MADE_LOGS, MADE_PAGE, MADE_FOLDERS };
const char *made_folder_name(size_t folder);

/* Appends those that are there, with commas between. `output` is the path of the open folder, for
 * messages. */
enum status made_find(int folder, const char *output, struct text *list);

#endif
