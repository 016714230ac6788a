/* verification_records.jsonl, read back. */
#ifndef VERIFY_REVIEW_RECORDS_H
#define VERIFY_REVIEW_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/result.h"

/* Numbers of the record, which are those of points: x and y as fractions of the picture, of some
 * keypoints how visible it is, too; none: count 0. */
struct record_points {
    size_t first, count;
};

/* Numbers are as the records have them; NAN for null. Texts are the reader's. */
struct record_box {
    uint32_t line;
    int64_t class;
    const char *name;
    double xywhn[4];
    enum verdict verdict;
    enum reason reason;
    double score;
    int64_t suggested; /* -1: none */
    const char *suggested_name;
    double own, rival, contest, near, margin, shift, ghost, dup, location;
    bool has_refined;
    double refined[4];
    double agreement, error; /* of the label's points with the model's; as its task has them */
    struct record_points refined_points;
};

struct record_missing {
    int64_t class;
    const char *name;
    double confidence, score;
    double xywhn[4];
    struct record_points points;
};

struct record_invalid {
    uint32_t line;
    const char *reason;
};

struct record {
    uint64_t offset; /* of the line in the file: records are in the order of the list */
    const char *image;
    const char *label, *split, *error; /* NULL: null */
    enum bucket bucket;
    double score;
    uint32_t width, height;
    size_t n_boxes, box_capacity, n_missing, missing_capacity, n_invalid, invalid_capacity;
    struct record_box *boxes;
    struct record_missing *missing;
    struct record_invalid *invalid;
    size_t n_numbers, number_capacity;
    double *numbers; /* of points */
};

struct record_reader;

/* The records of which the first byte lies in part `part` of `n_parts` equal ones of the file: all
 * parts together are all records, in order. STATUS_BAD_INPUT where there is no such file. On
 * failure *out is NULL. */
enum status records_open(const char *output, size_t part, size_t n_parts,
                         struct record_reader **out);
/* NULL is fine. */
void records_close(struct record_reader *reader);
/* The next record, which is the reader's until the next call; NULL at the end. STATUS_BAD_INPUT
 * with the line where it is no record. */
enum status records_next(struct record_reader *reader, const struct record **record);
/* From here on, the record that begins at an offset comes next, and those behind it to the end of
 * the file. */
enum status records_seek(struct record_reader *reader, uint64_t offset);
/* The record that begins at an offset where one was found before. */
enum status records_at(struct record_reader *reader, uint64_t offset, const struct record **record);

#endif
