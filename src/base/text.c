/* A growing string. */
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/shown.h"

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
    enum { MOSTLY = 64 };
    if (!reserve(text, MOSTLY))
        return;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = text->capacity - text->length;
    int length = vsnprintf(text->data + text->length, room, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length >= room && reserve(text, (size_t)length))
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
    va_end(again);
    text->failed |= length < 0;
    if (text->failed)
        text->data[text->length] = '\0';
    else
        text->length += (size_t)length;
}

void text_count(struct text *text, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    text_bytes(text, digits + at, sizeof digits - at);
}

/* A character that a terminal would act upon, as JSON's \u (they are all below U+10000). */
static void json_escape(struct text *text, const char *bytes, size_t length) {
    const unsigned char *s = (const unsigned char *)bytes;
    unsigned code = length == 1   ? s[0]
                    : length == 2 ? (s[0] & 0x1fU) << 6 | (s[1] & 0x3fU)
                                  : (s[0] & 0xfU) << 12 | (s[1] & 0x3fU) << 6 | (s[2] & 0x3fU);
    text_format(text, "\\u%04x", code);
}

/* Bytes at the beginning that a JSON string has as they are, and that are ASCII. */
static size_t plain_run(const char *string) {
    const char *at = string;
    while (*at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\')
        at++;
    return (size_t)(at - string);
}

void text_json_string(struct text *text, const char *string) {
    size_t left = strlen(string);
    text_bytes(text, "\"", 1);
    while (left > 0) {
        size_t run = plain_run(string);
        struct character character = {.length = run};
        if (run == 0)
            character = character_read(string, left);
        if (run > 0 || (character.printable && *string != '"' && *string != '\\'))
            text_bytes(text, string, character.length);
        else if (!character.valid)
            text_string(text, "\xef\xbf\xbd");
        else if (character.printable)
            text_format(text, "\\%c", *string);
        else
            json_escape(text, string, character.length);
        string += character.length;
        left -= character.length;
    }
    text_bytes(text, "\"", 1);
}

void text_json_lines(struct text *text, const char *json, size_t length) {
    for (size_t at = 0; at < length;) {
        struct character character = character_read(json + at, length - at);
        if (character.valid && !character.printable && json[at] != '\n')
            json_escape(text, json + at, character.length);
        else
            text_bytes(text, json + at, character.length);
        at += character.length;
    }
}

/* Most numbers are short: these decimals, magnitudes below 2^40. */
enum { SHORT_DECIMALS = 6 };
static const uint64_t powers[SHORT_DECIMALS + 1] = {1, 10, 100, 1000, 10000, 100000, 1000000};

/* magnitude * 10^decimals to the nearest whole number, ties to even: exactly what printf rounds to,
 * for the product of the 53 bits and the power is computed in full. */
static uint64_t scaled(double magnitude, int decimals) {
    int exponent;
    double fraction = frexp(magnitude, &exponent);
    unsigned __int128 product =
        (unsigned __int128)(uint64_t)ldexp(fraction, DBL_MANT_DIG) * powers[decimals];
    int shift = DBL_MANT_DIG - exponent; /* above 0 */
    if (shift > 100)
        return 0;
    uint64_t whole = (uint64_t)(product >> shift);
    unsigned __int128 rest = product - ((unsigned __int128)whole << shift);
    unsigned __int128 half = (unsigned __int128)1 << (shift - 1);
    return whole + (rest > half || (rest == half && whole % 2));
}

static void short_number(struct text *text, double value, int decimals) {
    uint64_t number = scaled(fabs(value), decimals), rest = number % powers[decimals];
    if (value < 0 && number > 0)
        text_bytes(text, "-", 1);
    text_count(text, number / powers[decimals]);
    for (; decimals > 1 && rest % 10 == 0; decimals--)
        rest /= 10;
    char digits[SHORT_DECIMALS + 1] = ".";
    for (int i = decimals; i > 0; i--, rest /= 10)
        digits[i] = (char)('0' + rest % 10);
    text_bytes(text, digits, (size_t)decimals + 1);
}

void text_json_number(struct text *text, double value, int decimals) {
    if (!isfinite(value)) {
        text_string(text, "null");
        return;
    }
    if (fabs(value) < 0x1p40 && decimals >= 1 && decimals <= SHORT_DECIMALS) {
        short_number(text, value, decimals);
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

void text_json_significant(struct text *text, double value, int digits) {
    if (!isfinite(value)) {
        text_string(text, "null");
        return;
    }
    char number[32];
    /* Adding 0 takes the sign off "-0". */
    snprintf(number, sizeof number, "%.*g", digits, value + 0.0);
    char *point = strchr(number, ',');
    if (point)
        *point = '.';
    text_string(text, number);
    if (!strpbrk(number, ".e"))
        text_string(text, ".0");
}

enum status text_status(const struct text *text) {
    return text->failed ? FAIL(STATUS_FAILED, "out of memory while writing text") : STATUS_OK;
}
