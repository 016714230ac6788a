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
#include "output/json_member.h"
#include "output/streams.h"

struct record_reader {
    struct text path;
    struct lines lines; /* its file is -1 before it is opened */
    uint64_t end;       /* of the part */
    struct json_tokener *tokener;
    struct json_object *object; /* of the last line */
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
    reader->tokener = json_tokener_new();
    if (!reader->tokener)
        TRY(FAIL(STATUS_FAILED, "out of memory: %s", reader->path.data));
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
    if (reader->tokener)
        json_tokener_free(reader->tokener);
    json_object_put(reader->object);
    text_free(&reader->path);
    free(reader->record.boxes);
    free(reader->record.missing);
    free(reader->record.invalid);
    free(reader);
}

enum status records_seek(struct record_reader *reader, uint64_t offset) {
    lines_seek(&reader->lines, offset);
    reader->end = UINT64_MAX;
    return STATUS_OK;
}

/* ---------------------------------------------------------------- a record's parts */

static enum bucket read_bucket(const char *name) {
    int bucket = 0;
    while (bucket < BUCKET_FAILED && !(name && strcmp(name, bucket_name(bucket)) == 0))
        bucket++;
    return (enum bucket)bucket;
}

static bool read_verdict(const char *name, enum verdict *verdict) {
    int i = 0;
    while (i < VERDICT_COUNT && !(name && strcmp(name, verdict_name(i)) == 0))
        i++;
    *verdict = (enum verdict)i;
    return i < VERDICT_COUNT;
}

/* null is REASON_NONE. */
static bool read_reason(const char *name, enum reason *reason) {
    int i = 0;
    while (name && i < REASON_COUNT && !(reason_name(i) && strcmp(name, reason_name(i)) == 0))
        i++;
    *reason = name ? (enum reason)i : REASON_NONE;
    return i < REASON_COUNT;
}

/* Four numbers; false, and NAN, for null. */
static bool read_xywhn(struct json_object *object, const char *key, double xywhn[4]) {
    struct json_object *list = json_member(object, key, json_type_array);
    bool found = list && json_object_array_length(list) == 4;
    for (size_t i = 0; i < 4; i++)
        xywhn[i] = found ? json_object_get_double(json_object_array_get_idx(list, i)) : NAN;
    return found;
}

/* -1 for null. */
static int64_t read_class(struct json_object *object, const char *key) {
    struct json_object *value = json_member(object, key, json_type_int);
    return value ? json_object_get_int64(value) : -1;
}

static bool read_box(struct json_object *object, struct record_box *box) {
    const struct {
        const char *key;
        double *value;
    } numbers[] = {{"score", &box->score},      {"own", &box->own},     {"rival", &box->rival},
                   {"contest", &box->contest},  {"near", &box->near},   {"margin", &box->margin},
                   {"shift", &box->shift},      {"ghost", &box->ghost}, {"dup", &box->dup},
                   {"location", &box->location}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i].value = json_member_number(object, numbers[i].key);
    box->line = (uint32_t)json_member_count(object, "line");
    box->class = read_class(object, "class");
    box->name = json_member_text(object, "name");
    box->suggested = read_class(object, "suggested");
    box->suggested_name = json_member_text(object, "suggested_name");
    box->has_refined = read_xywhn(object, "refined", box->refined);
    return read_xywhn(object, "xywhn", box->xywhn) && box->line > 0 &&
           read_verdict(json_member_text(object, "verdict"), &box->verdict) &&
           read_reason(json_member_text(object, "reason"), &box->reason);
}

static bool read_missing(struct json_object *object, struct record_missing *missing) {
    missing->class = read_class(object, "class");
    missing->name = json_member_text(object, "name");
    missing->confidence = json_member_number(object, "confidence");
    missing->score = json_member_number(object, "score");
    return read_xywhn(object, "xywhn", missing->xywhn) ||
           json_object_is_type(object, json_type_object);
}

static bool read_invalid(struct json_object *object, struct record_invalid *invalid) {
    invalid->line = (uint32_t)json_member_count(object, "line");
    invalid->reason = json_member_text(object, "reason");
    return invalid->reason != NULL;
}

/* Reads the items of the record's list of that name into its array. *whole: all are what they
 * should be. */
#define READ_LIST(key, array, count, capacity, read)                                               \
    do {                                                                                           \
        struct json_object *list_ = json_member(object, key, json_type_array);                     \
        size_t n_ = list_ ? json_object_array_length(list_) : 0;                                   \
        *whole = *whole && list_;                                                                  \
        TRY(memory_reserve(&(array), &(capacity), n_, sizeof *(array)));                           \
        for (size_t i_ = 0; i_ < n_; i_++)                                                         \
            *whole = *whole && (read)(json_object_array_get_idx(list_, i_), &(array)[i_]);         \
        (count) = n_;                                                                              \
    } while (0)

static enum status read_record(struct json_object *object, struct record *record, bool *whole) {
    enum status status = STATUS_OK;
    record->image = json_member_text(object, "image");
    record->label = json_member_text(object, "label");
    record->split = json_member_text(object, "split");
    record->error = json_member_text(object, "error");
    record->bucket = read_bucket(json_member_text(object, "bucket"));
    record->score = json_member_number(object, "score");
    record->width = (uint32_t)json_member_count(object, "width");
    record->height = (uint32_t)json_member_count(object, "height");
    *whole = record->image != NULL;
    READ_LIST("boxes", record->boxes, record->n_boxes, record->box_capacity, read_box);
    READ_LIST("missing", record->missing, record->n_missing, record->missing_capacity,
              read_missing);
    READ_LIST("invalid", record->invalid, record->n_invalid, record->invalid_capacity,
              read_invalid);
out:
    return status;
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
    json_object_put(reader->object);
    json_tokener_reset(reader->tokener);
    reader->object = json_tokener_parse_ex(reader->tokener, line, (int)length);
    if (json_object_is_type(reader->object, json_type_object))
        TRY(read_record(reader->object, &reader->record, &whole));
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
