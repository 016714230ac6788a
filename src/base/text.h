/* A growing string. Failure of an append is remembered, so that a run of appends needs one check
 * at its end. */
#ifndef VERIFY_BASE_TEXT_H
#define VERIFY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct text {
    char *data; /* NUL-terminated once anything was appended; owned */
    size_t length;
    size_t capacity;
    bool failed;
};

/* Start with `struct text text = {0};`. */
void text_clear(struct text *text); /* empties it, keeps the memory */
void text_free(struct text *text);

void text_bytes(struct text *text, const char *bytes, size_t length);
void text_string(struct text *text, const char *string);
void text_count(struct text *text, uint64_t number); /* in decimal */
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a JSON string literal, quotes included. Bytes that are not valid UTF-8 become U+FFFD;
 * characters that are not printable (base/shown.h) are escaped, so that a file can be shown. */
void text_json_string(struct text *text, const char *string);

/* Appends JSON that another has written, with characters that are not printable escaped likewise;
 * its newlines stay. */
void text_json_lines(struct text *text, const char *json, size_t length);

/* Appends a number with at most `decimals` decimals and at least one ("0.25", "3.0"), rounded
 * as printf rounds; "-0.0" becomes "0.0", not-a-number and infinities become null. The bytes do
 * not depend on the locale. */
void text_json_number(struct text *text, double value, int decimals);

/* The same with so many significant digits (1 to 17), as "%g" has them: "0.00210345", "3.1e-07". */
void text_json_significant(struct text *text, double value, int digits);

/* STATUS_OK unless an append failed for lack of memory. */
enum status text_status(const struct text *text);

#endif
