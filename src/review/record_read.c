/* The members of records, by tables: a key, what its value is, and where it goes. */
#include "review/record_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "review/json_reader.h"

enum kind {
    KIND_COUNT,   /* uint32_t */
    KIND_CLASS,   /* int64_t */
    KIND_NUMBER,  /* double */
    KIND_TEXT,    /* const char * */
    KIND_XYWHN,   /* double[4] */
    KIND_POINTS,  /* struct record_points */
    KIND_BUCKET,  /* enum bucket */
    KIND_VERDICT, /* enum verdict */
    KIND_REASON,  /* enum reason; REASON_COUNT for one that is not known */
    KIND_LIST,
};

struct member {
    const char *key;
    size_t length, offset;
    enum kind kind;
};

#define NAMED(type, member, kind, key)                                                             \
    { (key), sizeof(key) - 1, offsetof(struct type, member), KIND_##kind }
#define MEMBER(type, key, kind) NAMED(type, key, kind, #key)

/* In the order in which they are written. */
static const struct member box_members[] = {
    MEMBER(record_box, line, COUNT), MEMBER(record_box, class, CLASS),
    MEMBER(record_box, name, TEXT), MEMBER(record_box, xywhn, XYWHN),
    MEMBER(record_box, verdict, VERDICT), MEMBER(record_box, reason, REASON),
    MEMBER(record_box, score, NUMBER), MEMBER(record_box, suggested, CLASS),
    MEMBER(record_box, suggested_name, TEXT), MEMBER(record_box, own, NUMBER),
    MEMBER(record_box, rival, NUMBER), MEMBER(record_box, contest, NUMBER),
    MEMBER(record_box, near, NUMBER), MEMBER(record_box, margin, NUMBER),
    MEMBER(record_box, shift, NUMBER), MEMBER(record_box, ghost, NUMBER),
    MEMBER(record_box, dup, NUMBER), MEMBER(record_box, location, NUMBER),
    MEMBER(record_box, refined, XYWHN),
    /* one pair, of the label's task: record_task.c */
    NAMED(record_box, agreement, NUMBER, "outline"), NAMED(record_box, error, NUMBER, "edge"),
    NAMED(record_box, agreement, NUMBER, "rotated_iou"), NAMED(record_box, error, NUMBER, "angle"),
    NAMED(record_box, agreement, NUMBER, "oks"), NAMED(record_box, error, NUMBER, "point_error"),
    MEMBER(record_box, refined_points, POINTS)};
static const struct member missing_members[] = {
    MEMBER(record_missing, class, CLASS),       MEMBER(record_missing, name, TEXT),
    MEMBER(record_missing, confidence, NUMBER), MEMBER(record_missing, score, NUMBER),
    MEMBER(record_missing, xywhn, XYWHN),       MEMBER(record_missing, points, POINTS)};
static const struct member invalid_members[] = {MEMBER(record_invalid, line, COUNT),
                                                MEMBER(record_invalid, reason, TEXT)};
static const struct member record_members[] = {
    MEMBER(record, image, TEXT),    MEMBER(record, label, TEXT),   MEMBER(record, split, TEXT),
    MEMBER(record, bucket, BUCKET), MEMBER(record, score, NUMBER), MEMBER(record, width, COUNT),
    MEMBER(record, height, COUNT),  MEMBER(record, boxes, LIST),   MEMBER(record, missing, LIST),
    MEMBER(record, invalid, LIST),  MEMBER(record, error, TEXT)};
#define COUNT_OF(members) (sizeof(members) / sizeof *(members))

/* What members are where they are not there, or null. */
#define NO_XYWHN                                                                                   \
    { NAN, NAN, NAN, NAN }
static const struct record_box no_box = {.class = -1,
                                         .xywhn = NO_XYWHN,
                                         .verdict = VERDICT_COUNT,
                                         .reason = REASON_NONE,
                                         .score = NAN,
                                         .suggested = -1,
                                         .own = NAN,
                                         .rival = NAN,
                                         .contest = NAN,
                                         .near = NAN,
                                         .margin = NAN,
                                         .shift = NAN,
                                         .ghost = NAN,
                                         .dup = NAN,
                                         .location = NAN,
                                         .refined = NO_XYWHN,
                                         .agreement = NAN,
                                         .error = NAN};
static const struct record_missing no_missing = {
    .class = -1, .confidence = NAN, .score = NAN, .xywhn = NO_XYWHN};

/* A record that is being read. */
struct reading {
    struct json_reader json;
    struct record *record;
    enum status status; /* the first failure */
};

/* ---------------------------------------------------------------- a value */

static uint32_t read_count(struct json_reader *reader) {
    double value = json_number(reader);
    return value >= 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

static int64_t read_class(struct json_reader *reader) {
    double value = json_number(reader);
    return value >= 0 && value <= UINT32_MAX && value == floor(value) ? (int64_t)value : -1;
}

static void read_xywhn(struct json_reader *reader, double xywhn[4]) {
    double numbers[4];
    size_t n = 0;
    if (json_enter(reader, '['))
        while (json_more(reader, ']')) {
            double value = json_number(reader);
            if (n < 4)
                numbers[n] = value;
            n++;
        }
    if (n == 4)
        memcpy(xywhn, numbers, sizeof numbers);
}

/* Adds them to the record's numbers; none where one is no number. */
static enum status read_points(struct reading *reading, struct record_points *points) {
    enum status status = STATUS_OK;
    struct record *record = reading->record;
    *points = (struct record_points){.first = record->n_numbers};
    if (!json_enter(&reading->json, '['))
        return STATUS_OK;
    bool whole = true;
    while (json_more(&reading->json, ']')) {
        double value = json_number(&reading->json);
        whole = whole && isfinite(value);
        TRY(memory_reserve(&record->numbers, &record->number_capacity, record->n_numbers + 1,
                           sizeof *record->numbers));
        record->numbers[record->n_numbers++] = value;
    }
    points->count = whole ? record->n_numbers - points->first : 0;
out:
    return status;
}

static enum bucket read_bucket(const char *name) {
    int bucket = 0;
    while (bucket < BUCKET_FAILED && !(name && strcmp(name, bucket_name(bucket)) == 0))
        bucket++;
    return (enum bucket)bucket;
}

static enum verdict read_verdict(const char *name) {
    int i = 0;
    while (i < VERDICT_COUNT && !(name && strcmp(name, verdict_name(i)) == 0))
        i++;
    return (enum verdict)i;
}

static enum reason read_reason(const char *name) {
    int i = 0;
    while (name && i < REASON_COUNT && !(reason_name(i) && strcmp(name, reason_name(i)) == 0))
        i++;
    return name ? (enum reason)i : REASON_NONE;
}

/* ---------------------------------------------------------------- an object */

static void read_value(struct reading *reading, const struct member *member, char *item) {
    struct json_reader *reader = &reading->json;
    void *value = item + member->offset;
    switch (member->kind) {
    case KIND_COUNT:
        *(uint32_t *)value = read_count(reader);
        break;
    case KIND_CLASS:
        *(int64_t *)value = read_class(reader);
        break;
    case KIND_NUMBER:
        *(double *)value = json_number(reader);
        break;
    case KIND_TEXT:
        *(const char **)value = json_string(reader);
        break;
    case KIND_XYWHN:
        read_xywhn(reader, value);
        break;
    case KIND_POINTS:
        if (reading->status == STATUS_OK)
            reading->status = read_points(reading, value);
        break;
    case KIND_BUCKET:
        *(enum bucket *)value = read_bucket(json_string(reader));
        break;
    case KIND_VERDICT:
        *(enum verdict *)value = read_verdict(json_string(reader));
        break;
    case KIND_REASON:
        *(enum reason *)value = read_reason(json_string(reader));
        break;
    case KIND_LIST:
        break;
    }
}

/* The member of the object's next value, NULL where it is none of these. Mostly it is *next, the
 * one behind the last. */
static const struct member *next_member(struct json_reader *reader, const struct member *members,
                                        size_t n, size_t *next) {
    size_t length;
    const char *key = json_key(reader, &length);
    for (size_t i = 0; i < n; i++) {
        size_t k = *next + i < n ? *next + i : *next + i - n;
        if (members[k].length == length && memcmp(members[k].key, key, length) == 0) {
            *next = k + 1;
            return &members[k];
        }
    }
    return NULL;
}

/* The members that are there; false where it is no object. */
static bool read_object(struct reading *reading, const struct member *members, size_t n,
                        void *item) {
    struct json_reader *reader = &reading->json;
    size_t next = 0;
    if (!json_enter(reader, '{'))
        return false;
    while (json_more(reader, '}')) {
        const struct member *member = next_member(reader, members, n, &next);
        if (member)
            read_value(reading, member, item);
        else
            json_skip(reader);
    }
    return true;
}

/* ---------------------------------------------------------------- the lists */

static bool read_box(struct reading *reading, void *item) {
    struct record_box *box = item;
    *box = no_box;
    if (!read_object(reading, box_members, COUNT_OF(box_members), box))
        return false;
    box->has_refined = !isnan(box->refined[0]);
    return !isnan(box->xywhn[0]) && box->line > 0 && box->verdict < VERDICT_COUNT &&
           box->reason < REASON_COUNT;
}

static bool read_missing(struct reading *reading, void *item) {
    *(struct record_missing *)item = no_missing;
    return read_object(reading, missing_members, COUNT_OF(missing_members), item);
}

static bool read_invalid(struct reading *reading, void *item) {
    struct record_invalid *invalid = item;
    *invalid = (struct record_invalid){0};
    return read_object(reading, invalid_members, COUNT_OF(invalid_members), invalid) &&
           invalid->reason;
}

struct list {
    void *items; /* of the record: struct record_box ** … */
    size_t size, *count, *capacity;
    bool (*read)(struct reading *reading, void *item);
};

/* Reads a list; *whole becomes false where it is none, or an item is not what it should be. */
static enum status read_list(struct reading *reading, const struct list *list, bool *whole) {
    enum status status = STATUS_OK;
    struct json_reader *reader = &reading->json;
    *list->count = 0;
    if (!json_enter(reader, '[')) {
        *whole = false;
        return STATUS_OK;
    }
    while (json_more(reader, ']')) {
        char *items;
        TRY(memory_reserve(list->items, list->capacity, *list->count + 1, list->size));
        memcpy(&items, list->items, sizeof items);
        if (!list->read(reading, items + (*list->count)++ * list->size))
            *whole = false;
    }
out:
    return status;
}

enum { LISTS = 3 };

/* NOLINTBEGIN(readability-non-const-parameter): `line` is written through the reader. */
enum status record_read(char *line, struct record *record, bool *whole) {
    /* NOLINTEND(readability-non-const-parameter) */
    enum status status = STATUS_OK;
    struct reading reading = {.json = {.at = line}, .record = record};
    struct json_reader *reader = &reading.json;
    const struct list lists[LISTS] = {
        {&record->boxes, sizeof *record->boxes, &record->n_boxes, &record->box_capacity, read_box},
        {&record->missing, sizeof *record->missing, &record->n_missing, &record->missing_capacity,
         read_missing},
        {&record->invalid, sizeof *record->invalid, &record->n_invalid, &record->invalid_capacity,
         read_invalid}};
    size_t next = 0, n_lists = 0;
    record->image = record->label = record->split = record->error = NULL;
    record->bucket = BUCKET_FAILED;
    record->score = NAN;
    record->width = record->height = 0;
    record->n_boxes = record->n_missing = record->n_invalid = record->n_numbers = 0;
    *whole = json_enter(reader, '{');
    while (*whole && json_more(reader, '}')) {
        const struct member *member =
            next_member(reader, record_members, COUNT_OF(record_members), &next);
        if (!member)
            json_skip(reader);
        else if (member->kind != KIND_LIST)
            read_value(&reading, member, (char *)record);
        else
            for (size_t i = 0; i < LISTS; i++)
                if (member->offset == (size_t)((const char *)lists[i].items - (char *)record)) {
                    TRY(read_list(&reading, &lists[i], whole));
                    n_lists++;
                }
    }
    *whole = *whole && n_lists == LISTS && record->image && json_at_end(reader);
    status = reading.status;
out:
    return status;
}

void record_free(struct record *record) {
    free(record->boxes);
    free(record->missing);
    free(record->invalid);
    free(record->numbers);
    *record = (struct record){0};
}
