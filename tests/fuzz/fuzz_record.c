/* A line of verification_records.jsonl, which somebody may have changed, and its findings. */
#include <string.h>

#include "fuzz_file.h"
#include "review/findings.h"
#include "review/record_read.h"

static size_t lengths(const char *text) {
    return text ? strlen(text) : 0;
}

/* All texts of a record end within the line. */
static size_t texts_of(const struct record *record) {
    size_t sum = lengths(record->image) + lengths(record->label) + lengths(record->split) +
                 lengths(record->error);
    for (size_t i = 0; i < record->n_boxes; i++)
        sum += lengths(record->boxes[i].name) + lengths(record->boxes[i].suggested_name);
    for (size_t i = 0; i < record->n_missing; i++)
        sum += lengths(record->missing[i].name);
    for (size_t i = 0; i < record->n_invalid; i++)
        sum += lengths(record->invalid[i].reason);
    return sum;
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct record record = {0};
    struct findings_list list = {0};
    bool whole;
    char *line = fuzz_text(data, size);
    if (record_read(line, &record, &whole) != STATUS_OK)
        abort();
    if (whole && (texts_of(&record) > size || findings_of(&record, &list) != STATUS_OK))
        abort();
    findings_list_free(&list);
    record_free(&record);
    free(line);
}
