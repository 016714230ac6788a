/* Goes through JSON texts. */
#include "data/json_scan.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "data/number.h"

enum { MOST_DEPTH = 64 };

static bool wrong(struct json_scan *scan, const char *problem) {
    if (!scan->problem)
        scan->problem = problem;
    return false;
}

static void skip_blanks(struct json_scan *scan) {
    while (scan->at < scan->length && strchr(" \t\r\n", scan->bytes[scan->at]) &&
           scan->bytes[scan->at])
        scan->at++;
}

/* The next byte that is no blank; NUL at the end. */
static char look(struct json_scan *scan) {
    if (scan->problem)
        return '\0';
    skip_blanks(scan);
    return scan->at < scan->length ? scan->bytes[scan->at] : '\0';
}

static bool skip_string(struct json_scan *scan) {
    const char *bytes = scan->bytes;
    for (scan->at++; scan->at < scan->length; scan->at++) {
        if (bytes[scan->at] == '"') {
            scan->at++;
            return true;
        }
        if ((unsigned char)bytes[scan->at] < 0x20)
            break;
        scan->at += bytes[scan->at] == '\\';
    }
    if (scan->at > scan->length)
        scan->at = scan->length;
    return wrong(scan, "a text has no end");
}

static bool is_plain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == '.';
}

static bool skip_plain(struct json_scan *scan) {
    size_t begin = scan->at;
    while (scan->at < scan->length && is_plain(scan->bytes[scan->at]))
        scan->at++;
    return scan->at > begin || wrong(scan, "a value is expected");
}

/* Goes past an object or an array, whose brackets must match; what stands between them is looked at
 * as far as it takes to find its end. */
static bool skip_nested(struct json_scan *scan) {
    uint64_t kinds = 0; /* a bit a level: whether it is an object */
    unsigned depth = 0;
    do {
        char c = look(scan);
        if (c == '{' || c == '[') {
            if (depth++ == MOST_DEPTH)
                return wrong(scan, "more than 64 levels of nesting");
            kinds = kinds << 1 | (c == '{');
            scan->at++;
        } else if (c == '}' || c == ']') {
            if ((kinds & 1) != (c == '}'))
                return wrong(scan, "brackets do not match");
            kinds >>= 1;
            depth--;
            scan->at++;
        } else if (c == '"') {
            if (!skip_string(scan))
                return false;
        } else if (c == ',' || c == ':') {
            scan->at++;
        } else if (!skip_plain(scan)) {
            return false;
        }
    } while (depth > 0);
    return true;
}

bool json_scan_value(struct json_scan *scan, struct json_span *value) {
    char c = look(scan);
    value->begin = scan->at;
    bool there = !scan->problem && (c == '"'               ? skip_string(scan)
                                    : c == '{' || c == '[' ? skip_nested(scan)
                                                           : skip_plain(scan));
    value->end = scan->at;
    return there;
}

bool json_scan_enter(struct json_scan *scan, char bracket) {
    if (look(scan) != bracket)
        return false;
    scan->at++;
    return true;
}

/* Whether something follows before the closing bracket. */
static bool follows(struct json_scan *scan, bool *first, char bracket) {
    char c = look(scan);
    if (c == bracket) {
        scan->at++;
        return false;
    }
    if (!*first && c != ',')
        return wrong(scan, c ? "a comma or a closing bracket is expected" : "it ends too early");
    scan->at += !*first;
    *first = false;
    look(scan);
    return !scan->problem;
}

bool json_scan_element(struct json_scan *scan, bool *first) {
    return follows(scan, first, ']');
}

bool json_scan_member(struct json_scan *scan, bool *first, struct json_span *key) {
    if (!follows(scan, first, '}'))
        return false;
    if (look(scan) != '"')
        return wrong(scan, "a member's name is expected");
    if (!json_scan_value(scan, key))
        return false;
    if (look(scan) != ':')
        return wrong(scan, "a colon is expected");
    scan->at++;
    return true;
}

bool json_span_is(const char *bytes, struct json_span span, const char *text) {
    size_t length = strlen(text);
    return span.end - span.begin == length + 2 && bytes[span.begin] == '"' &&
           memcmp(bytes + span.begin + 1, text, length) == 0;
}

bool json_span_number(const char *bytes, struct json_span span, double *number) {
    return span.end > span.begin &&
           number_parse(bytes + span.begin, span.end - span.begin, number) == NUMBER_FINITE;
}

/* Four hexadecimal digits. */
static bool take_hex(const char **at, const char *end, uint32_t *value) {
    *value = 0;
    if (end - *at < 4)
        return false;
    for (int i = 0; i < 4; i++, ++*at) {
        char c = **at;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit > 15)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

bool json_escape_read(const char **at, const char *end, uint32_t *code) {
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t low;
    if (*at == end)
        return false;
    char letter = *(*at)++;
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (found) {
        *code = (unsigned char)meant[found - letters];
        return true;
    }
    if (letter != 'u' || !take_hex(at, end, code))
        return false;
    const char *next = *at;
    if (*code >= 0xd800 && *code < 0xdc00 && end - next >= 2 && next[0] == '\\' && next[1] == 'u') {
        next += 2;
        if (take_hex(&next, end, &low) && low >= 0xdc00 && low < 0xe000) {
            *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
            *at = next;
        }
    }
    return true;
}

bool json_span_text(const char *bytes, struct json_span span, struct text *text) {
    text_clear(text);
    if (span.end - span.begin < 2 || bytes[span.begin] != '"')
        return false;
    const char *at = bytes + span.begin + 1, *end = bytes + span.end - 1;
    if (memchr(at, '\0', (size_t)(end - at)))
        return false;
    while (at < end) {
        const char *stop = memchr(at, '\\', (size_t)(end - at));
        text_bytes(text, at, (size_t)((stop ? stop : end) - at));
        if (!stop)
            break;
        uint32_t code;
        char character[UTF8_BYTES];
        at = stop + 1;
        if (!json_escape_read(&at, end, &code) || code == 0 || json_is_half(code))
            return false;
        text_bytes(text, character, utf8_write(code, character));
    }
    text_string(text, "");
    return true;
}

size_t json_line(const char *bytes, size_t at) {
    size_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += bytes[i] == '\n';
    return line;
}
