/* JSON text taken apart value by value, without a tree: records are many. */
#ifndef VERIFY_REVIEW_JSON_READER_H
#define VERIFY_REVIEW_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>

/* Strings are unescaped where they stand, so the text is used up. What is not the kind of value
 * that is asked for is skipped. */
struct json_reader {
    char *at;    /* what comes next; the text ends with a NUL; the caller's */
    bool failed; /* it is no JSON: nothing more is found in it */
};

/* Enters an array ('[') or object ('{'); false where the next value is none, which is skipped. */
bool json_enter(struct json_reader *reader, char bracket);
/* Whether the array or object that ends with this bracket has another value; leaves it where not.
 */
bool json_more(struct json_reader *reader, char end);
/* The key of an object's next value, and its length; "" on failure. */
const char *json_key(struct json_reader *reader, size_t *length);

/* The next value. NULL where it is no string, NAN where it is no number. */
const char *json_string(struct json_reader *reader);
double json_number(struct json_reader *reader);
void json_skip(struct json_reader *reader);

/* Whether the text is at its end, blanks apart, and all of it was JSON as far as it was looked at.
 */
bool json_at_end(struct json_reader *reader);

#endif
