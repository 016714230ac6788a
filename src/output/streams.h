/* The output streams: the files that every image adds a part to. streams.c has a row for each; the
 * journal, merging, resuming and clearing go by the rows and know none by its name. */
#ifndef VERIFY_OUTPUT_STREAMS_H
#define VERIFY_OUTPUT_STREAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "data/file_bytes.h"
#include "output/result.h"

struct placer;

/* What an image's part of a stream is written from. Everything is the caller's. */
struct stream_source {
    const struct image_result *result;
    const struct class_map *classes;
    const struct placer *placer;
    const char *path;               /* of the image */
    const struct file_bytes *label; /* its label file; NULL: none */
    const struct text *predicted;   /* what --save-txt writes for it; NULL: nothing */
};

/* Appends an image's part to `text`: lines, or nothing. Thread-safe. */
typedef enum status stream_write(const struct stream_source *source, struct text *text);

struct stream {
    const char *name;    /* of its files in the work folder, one a rank and epoch */
    const char *file;    /* the one that they are merged into */
    bool in_work;        /* which lies in the work folder, not in the output folder */
    bool before_placed;  /* a part is on its way before the image's files are placed, not after */
    bool of_predictions; /* its writer reads the image's predictions */
    const char *flag;    /* the switch that asks for it, without "--"; NULL: always there */
    const char *head, *tail; /* of the file */
    const char *separator;   /* what each part ends in that the last one does without */
    stream_write *write;
};

enum { STREAMS_MOST = 8 }; /* room for all rows */

size_t stream_count(void);
/* `row` is below stream_count(). */
const struct stream *stream_at(size_t row);

/* The row whose parts are the lines of the manifest (manifest.h). */
size_t stream_of_manifest(void);

/* A set of streams has the bit 1u << row for each. */
bool streams_have(unsigned streams, size_t row);

/* The streams that are always there, and those whose flags are on; is_on NULL: no flag is. */
typedef bool stream_flag_is_on(const void *context, const char *flag);
unsigned streams_wanted(stream_flag_is_on *is_on, const void *context);

/* Whether any of them needs predictions. */
bool streams_need_predictions(unsigned streams);

#endif
