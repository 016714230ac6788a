/* verification_records.jsonl, read back line by line. */
#include "review/records.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/text.h"
#include "output/streams.h"
#include "review/record_read.h"

struct record_reader {
    struct text path;
    struct lines lines; /* its file is -1 before it is opened */
    uint64_t end;       /* of the part */
    struct text line;   /* the last one, of which the record's texts are */
    struct record record;
};

static enum status cannot_read(const struct record_reader *reader) {
    return FAIL(STATUS_BAD_INPUT, "%s: cannot be read: %s", reader->path.data, strerror(errno));
}

/* Sets the reader to the first line that begins at `start` or later. */
static enum status begin_at(struct record_reader *reader, uint64_t start) {
    const char *rest;
    if (start == 0)
        return STATUS_OK;
    lines_seek(&reader->lines, start - 1);
    return lines_next(&reader->lines, &rest) < 0 ? cannot_read(reader) : STATUS_OK;
}

enum status records_open(const char *output, size_t part, size_t n_parts,
                         struct record_reader **out) {
    enum status status;
    struct record_reader *reader = NULL;
    struct stat about;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *reader, &reader));
    reader->lines.file = -1;
    text_format(&reader->path, "%s/%s", output, stream_at(0)->file);
    TRY(text_status(&reader->path));
    reader->lines.file = file_open(reader->path.data, 0, &about);
    if (reader->lines.file == FILE_NOT_REGULAR)
        TRY(FAIL(STATUS_BAD_INPUT, "%s: is not a file", reader->path.data));
    if (reader->lines.file < 0)
        TRY(cannot_read(reader));
    uint64_t size = (uint64_t)about.st_size, each = size / n_parts;
    reader->end = part + 1 == n_parts ? size : each * (part + 1);
    TRY(begin_at(reader, each * part));
    *out = reader;
    reader = NULL;
out:
    records_close(reader);
    return status;
}

void records_close(struct record_reader *reader) {
    if (!reader)
        return;
    if (reader->lines.file >= 0)
        close(reader->lines.file);
    lines_free(&reader->lines);
    text_free(&reader->line);
    text_free(&reader->path);
    record_free(&reader->record);
    free(reader);
}

enum status records_seek(struct record_reader *reader, uint64_t offset) {
    lines_seek(&reader->lines, offset);
    reader->end = UINT64_MAX;
    return STATUS_OK;
}

enum status records_next(struct record_reader *reader, const struct record **record) {
    enum status status = STATUS_OK;
    bool whole = false;
    *record = NULL;
    uint64_t offset = reader->lines.offset;
    const char *line;
    if (offset >= reader->end)
        return STATUS_OK;
    ssize_t length = lines_next(&reader->lines, &line);
    if (length <= 0)
        return length < 0 ? cannot_read(reader) : STATUS_OK;
    text_clear(&reader->line);
    text_bytes(&reader->line, line, (size_t)length);
    TRY(text_status(&reader->line));
    TRY(record_read(reader->line.data, &reader->record, &whole));
    if (!whole)
        return FAIL(STATUS_BAD_INPUT, "%s: what begins at byte %llu is not a record of this verify",
                    reader->path.data, (unsigned long long)offset);
    reader->record.offset = offset;
    *record = &reader->record;
out:
    return status;
}

enum status records_at(struct record_reader *reader, uint64_t offset,
                       const struct record **record) {
    enum status status;
    TRY(records_seek(reader, offset));
    TRY(records_next(reader, record));
    if (!*record)
        status = FAIL(STATUS_FAILED, "%s: has changed while it was read", reader->path.data);
out:
    return status;
}
