/* The table of output streams. */
#include "output/streams.h"

#include "output/evidence.h"
#include "output/manifest.h"
#include "output/sketches.h"

/* Writers: each stands in a file of its own kind, and is called through the table alone. */
stream_write evidence_stream_write, manifest_stream_write, predictions_stream_write,
    record_stream_write, sketches_stream_write;

/* The order is that of places in a journal's lines: a new row is the last one. */
static const struct stream rows[] = {
    {.name = "records",
     .file = "verification_records.jsonl",
     .head = "",
     .tail = "",
     .separator = "",
     .write = record_stream_write},
    {.name = "predictions",
     .file = "predictions.json",
     .of_predictions = true,
     .flag = "save-json",
     .head = "[\n",
     .tail = "\n]\n",
     .separator = ",\n",
     .write = predictions_stream_write},
    {.name = "placed",
     .file = MANIFEST,
     .in_work = true,
     .before_placed = true,
     .head = "",
     .tail = "",
     .separator = "",
     .write = manifest_stream_write},
    {.name = EVIDENCE_FILE,
     .file = EVIDENCE_FILE,
     .in_work = true,
     .head = EVIDENCE_HEAD,
     .tail = "",
     .separator = "",
     .write = evidence_stream_write},
    {.name = SKETCHES_FILE,
     .file = SKETCHES_FILE,
     .in_work = true,
     .flag = "hash",
     .head = SKETCHES_HEAD,
     .tail = "",
     .separator = "",
     .write = sketches_stream_write},
};

enum { ROWS = sizeof rows / sizeof *rows };
_Static_assert((int)ROWS <= (int)STREAMS_MOST, "raise STREAMS_MOST");

size_t stream_count(void) {
    return ROWS;
}

const struct stream *stream_at(size_t row) {
    return &rows[row];
}

size_t stream_of_manifest(void) {
    size_t row = 0;
    while (rows[row].write != manifest_stream_write)
        row++;
    return row;
}

bool streams_have(unsigned streams, size_t row) {
    return streams >> row & 1;
}

unsigned streams_wanted(stream_flag_is_on *is_on, const void *context) {
    unsigned streams = 0;
    for (size_t row = 0; row < ROWS; row++) {
        const char *flag = rows[row].flag;
        if (!flag || (is_on && is_on(context, flag)))
            streams |= 1u << row;
    }
    return streams;
}

bool streams_need_predictions(unsigned streams) {
    for (size_t row = 0; row < ROWS; row++)
        if (streams_have(streams, row) && rows[row].of_predictions)
            return true;
    return false;
}
