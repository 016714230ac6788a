/* A line of verification_records.jsonl as a record. Internal to
 * src/review. */
#ifndef VERIFY_REVIEW_RECORD_READ_H
#define VERIFY_REVIEW_RECORD_READ_H

#include "review/records.h"

/* Reads a record from a line, whose bytes it uses up and which must outlive the record's texts;
 * the record, zeroed at first, may be read into again. *whole: it is what the program writes,
 * whatever is added. Only a lack of memory is a failure. */
enum status record_read(char *line, struct record *record, bool *whole);
void record_free(struct record *record);

#endif
