/* A JSON text gone through piece by piece, so that each value's place in it is known and nothing of
 * it is kept: for files too large to be made objects of, and to change a few bytes of one. */
#ifndef VERIFY_DATA_JSON_SCAN_H
#define VERIFY_DATA_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Bytes [begin, end) of the text: a value, with its quotes or brackets; begin == end: none. */
struct json_span {
    size_t begin, end;
};

/* The caller sets the text, and `at` where to begin. Once something is no JSON, `problem` says
 * what, and all calls return false. */
struct json_scan {
    const char *bytes;
    size_t length, at;
    const char *problem;
};

/* Goes past the next value, of any kind, nested at most 64 deep. */
bool json_scan_value(struct json_scan *scan, struct json_span *value);

/* Whether the next value opens with this bracket, behind which the scan is then. */
bool json_scan_enter(struct json_scan *scan, char bracket);

/* Within an object: goes to its next member's value; false at its end, behind which the scan is
 * then. Within an array: to its next element, whose first byte is at scan->at. `first` is true
 * before the first call. */
bool json_scan_member(struct json_scan *scan, bool *first, struct json_span *key);
bool json_scan_element(struct json_scan *scan, bool *first);

/* Whether a value is this string, written without escapes. */
bool json_span_is(const char *bytes, struct json_span span, const char *text);
/* Whether a value is a finite number: *number. */
bool json_span_number(const char *bytes, struct json_span span, double *number);
/* Replaces *text by a string's characters; false where it is no string, or holds a NUL. */
bool json_span_text(const char *bytes, struct json_span span, struct text *text);

/* Reads the escape whose backslash is before *at, and goes behind it: a character, which may be
 * NUL, or half of a surrogate pair that stands alone. False where it is none. */
bool json_escape_read(const char **at, const char *end, uint32_t *code);
static inline bool json_is_half(uint32_t code) {
    return code >= 0xd800 && code < 0xe000;
}

/* The line of a place in a text, from 1. */
size_t json_line(const char *bytes, size_t at);

#endif
