#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void text_clear(struct text *text) {
    text->length = 0;
    text->failed = false;
    if (text->data)
        text->data[0] = '\0';
}

void text_free(struct text *text) {
    free(text->data);
    *text = (struct text){0};
}

static bool reserve(struct text *text, size_t more) {
    if (!text->failed &&
        memory_reserve(&text->data, &text->capacity, text->length + more + 1, 1) != STATUS_OK)
        text->failed = true;
    return !text->failed;
}

void text_bytes(struct text *text, const char *bytes, size_t length) {
    if (!reserve(text, length))
        return;
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_string(struct text *text, const char *string) {
    text_bytes(text, string, strlen(string));
}

void text_format(struct text *text, const char *format, ...) {
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        text->failed = true;
    else if (reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

/* Length of the valid UTF-8 sequence at s (RFC 3629: no overlong forms, no surrogates), or 0. */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}

void text_json_string(struct text *text, const char *string) {
    const unsigned char *s = (const unsigned char *)string;
    text_bytes(text, "\"", 1);
    while (*s) {
        size_t length = utf8_length(s);
        if (length == 0)
            text_string(text, "\xef\xbf\xbd");
        else if (*s == '"' || *s == '\\')
            text_format(text, "\\%c", *s);
        else if (*s < 0x20)
            text_format(text, "\\u%04x", *s);
        else
            text_bytes(text, (const char *)s, length);
        s += length ? length : 1;
    }
    text_bytes(text, "\"", 1);
}

void text_json_number(struct text *text, double value, int decimals) {
    if (!isfinite(value)) {
        text_string(text, "null");
        return;
    }
    char digits[400];
    int length = snprintf(digits, sizeof digits, "%.*f", decimals, value);
    if (length < 0 || (size_t)length >= sizeof digits) {
        text->failed = true;
        return;
    }
    char *point = digits + strcspn(digits, ".,");
    if (*point) {
        *point = '.';
        char *end = digits + length;
        while (end > point + 2 && end[-1] == '0')
            *--end = '\0';
    }
    text_string(text, strcmp(digits, "-0.0") == 0 ? "0.0" : digits);
}

enum status text_status(const struct text *text) {
    return text->failed ? FAIL(STATUS_FAILED, "out of memory while writing text") : STATUS_OK;
}
