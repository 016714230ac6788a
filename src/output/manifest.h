/* Which files a run has put into the output folder, and what was written into them: so that
 * starting over removes just those, and none that somebody has changed since.
 *
 * A line an image. It is written before the image's files are (journal_announce), so that there is
 * no file without its line, however the process ends. The lines of all images that are done become
 * WORK_FOLDER/manifest in the end. */
#ifndef VERIFY_OUTPUT_MANIFEST_H
#define VERIFY_OUTPUT_MANIFEST_H

#include <time.h>

#include "base/text.h"
#include "data/file_bytes.h"
#include "output/below.h"
#include "output/result.h"

#define MANIFEST "manifest"

/* A file that was written from memory. */
struct manifest_file {
    bool there;
    uint64_t size;
    uint32_t crc; /* CRC-32 */
};

enum manifest_image { MANIFEST_NO_IMAGE, MANIFEST_LINK, MANIFEST_COPY, MANIFEST_IMAGES };

struct manifest_entry {
    enum bucket bucket;
    enum manifest_image image;
    uint64_t image_size;        /* of the picture itself */
    struct timespec image_time; /* of its last change */
    struct manifest_file label, predicted;
    const char *path; /* of the image, below its bucket's folder */
};

/* What own_text (own.h) compares with. */
struct manifest_file manifest_file_of(const char *bytes, size_t length);

/* Appends the entry's line, with its newline. */
void manifest_write(const struct manifest_entry *entry, struct text *text);

/* Reads a line without its newline, whose bytes it changes: entry->path points into it. False where
 * it is no such line, or its path could lead out of the folder. */
bool manifest_read(char *line, struct manifest_entry *entry);

/* Calls `each` for the lines of one file, with the byte where a line begins, up to the first that
 * is none, and for none of a file that is absent: the last one of a process that was killed, which
 * had placed nothing of it yet. Stops with the first status that is not STATUS_OK. */
typedef enum status manifest_line(void *context, uint64_t offset,
                                  const struct manifest_entry *entry);
enum status manifest_lines(const struct location *location, manifest_line *each, void *context);

typedef enum status manifest_each(void *context, const struct manifest_entry *entry);

/* Calls `each` for all lines that the work folder holds, of a run that is complete or not; an image
 * may come several times. Stops with the first status that is not STATUS_OK. `work` is the work
 * folder, opened; `path` its path, for messages. */
enum status manifest_walk(int work, const char *path, manifest_each *each, void *context);

#endif
