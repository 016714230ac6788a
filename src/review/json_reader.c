/* Reads JSON as RFC 8259 has it; of values that are skipped, strings and brackets alone. */
#include "review/json_reader.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "data/json_scan.h"
#include "data/number.h"

static const char none[] = "";
enum { MOST_ESCAPE = 11 }; /* bytes behind a backslash: a surrogate pair */

static void fail(struct json_reader *reader) {
    reader->failed = true;
    reader->at += strlen(reader->at);
}

/* The next character that is no blank. */
static char peek(struct json_reader *reader) {
    reader->at += strspn(reader->at, " \t\r\n");
    return *reader->at;
}

/* ---------------------------------------------------------------- strings */

/* What follows a backslash at *at, to `out`; returns where it ends there. NULL: nothing that may.
 */
static char *read_escape(char **at, char *out) {
    uint32_t code;
    const char *next = *at;
    if (!json_escape_read(&next, *at + strnlen(*at, MOST_ESCAPE), &code))
        return NULL;
    *at += next - *at;
    return out + utf8_write(json_is_half(code) ? UTF8_REPLACEMENT : code, out);
}

/* The string that begins at `at`, unescaped and with a NUL behind it. */
static const char *take_string(struct json_reader *reader, size_t *length) {
    char *begin = ++reader->at, *at = begin, *out = begin;
    for (;;) {
        size_t plain = strcspn(at, "\"\\");
        if (out != at)
            memmove(out, at, plain);
        at += plain;
        out += plain;
        if (*at != '\\')
            break;
        at++;
        out = read_escape(&at, out);
        if (!out)
            break;
    }
    reader->at = at;
    if (!out || *at != '"') {
        fail(reader);
        *length = 0;
        return none;
    }
    reader->at++;
    *out = '\0';
    *length = (size_t)(out - begin);
    return begin;
}

/* ---------------------------------------------------------------- values */

static void skip_string(struct json_reader *reader) {
    char *at = reader->at + 1;
    for (at += strcspn(at, "\"\\"); *at == '\\'; at += strcspn(at, "\"\\"))
        at += at[1] ? 2 : 1;
    reader->at = at;
    if (*at == '"')
        reader->at++;
    else
        fail(reader);
}

static void skip_brackets(struct json_reader *reader) {
    size_t depth = 0;
    do {
        reader->at += strcspn(reader->at, "\"[]{}");
        char c = *reader->at;
        if (c == '"') {
            skip_string(reader);
            continue;
        }
        if (c == '\0') {
            fail(reader);
            return;
        }
        depth += c == '[' || c == '{' ? 1 : SIZE_MAX;
        reader->at++;
    } while (depth > 0 && !reader->failed);
}

/* The length of a number, or of a word such as null. */
static size_t plain_length(const struct json_reader *reader) {
    return strcspn(reader->at, ",]}: \t\r\n\"[{");
}

void json_skip(struct json_reader *reader) {
    char c = peek(reader);
    size_t length = plain_length(reader);
    if (c == '"')
        skip_string(reader);
    else if (c == '[' || c == '{')
        skip_brackets(reader);
    else if (length > 0)
        reader->at += length;
    else
        fail(reader);
}

bool json_enter(struct json_reader *reader, char bracket) {
    if (peek(reader) != bracket) {
        json_skip(reader);
        return false;
    }
    reader->at++;
    return true;
}

bool json_more(struct json_reader *reader, char end) {
    char c = peek(reader);
    if (c == end) {
        reader->at++;
        return false;
    }
    if (c == ',')
        reader->at++;
    if (peek(reader) == '\0')
        fail(reader);
    return !reader->failed;
}

const char *json_key(struct json_reader *reader, size_t *length) {
    const char *key = none;
    *length = 0;
    if (peek(reader) == '"')
        key = take_string(reader, length);
    else
        fail(reader);
    if (peek(reader) == ':')
        reader->at++;
    else
        fail(reader);
    return key;
}

const char *json_string(struct json_reader *reader) {
    size_t length;
    if (peek(reader) == '"')
        return take_string(reader, &length);
    json_skip(reader);
    return NULL;
}

double json_number(struct json_reader *reader) {
    double value;
    char c = peek(reader);
    size_t length = plain_length(reader);
    bool number = (c == '-' || (c >= '0' && c <= '9')) &&
                  number_parse(reader->at, length, &value) == NUMBER_FINITE;
    if (!number) {
        json_skip(reader);
        return NAN;
    }
    reader->at += length;
    return value;
}

bool json_at_end(struct json_reader *reader) {
    return peek(reader) == '\0' && !reader->failed;
}
