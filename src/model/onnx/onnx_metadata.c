/* What an ONNX file says of itself: metadata, and class names as Python prints them. */
#include "model/onnx/onnx_import.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"

const char *metadata_find(const Onnx__ModelProto *file, const char *key) {
    for (size_t i = 0; i < file->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *pair = file->metadata_props[i];
        if (pair->key != NULL && pair->value != NULL && strcmp(pair->key, key) == 0)
            return pair->value;
    }
    return NULL;
}

static const char *skip_space(const char *at) {
    return at + strspn(at, " \t\r\n");
}

/* "[17, 3]", "(17, 2)": so many keypoints, of two or three numbers each. */
int64_t metadata_keypoints(const Onnx__ModelProto *file) {
    enum { MOST_KEYPOINTS = 65535 };
    const char *shape = metadata_find(file, "kpt_shape");
    char *end;
    if (shape == NULL)
        return 0;
    shape = skip_space(shape);
    if (*shape != '[' && *shape != '(')
        return 0;
    long count = strtol(shape + 1, &end, 10);
    end += strspn(end, " \t\r\n");
    if (*end != ',' || count < 1 || count > MOST_KEYPOINTS)
        return 0;
    long values = strtol(end + 1, NULL, 10);
    return values == 2 || values == 3 ? (int64_t)count * values : 0;
}

/* Appends a code point as UTF-8. */
static void append_code(struct text *text, uint32_t code) {
    char bytes[UTF8_BYTES];
    text_bytes(text, bytes, utf8_write(code, bytes));
}

/* The character after a backslash; returns where it ends, NULL where it cannot be. */
static const char *read_escape(const char *at, struct text *out) {
    static const char letters[] = "ntr\\'\"/", values[] = "   \\'\"/"; /* a name is one line */
    const char *letter = *at == '\0' ? NULL : strchr(letters, *at);
    if (letter != NULL) {
        text_bytes(out, &values[letter - letters], 1);
        return at + 1;
    }
    size_t digits = *at == 'x' ? 2 : *at == 'u' ? 4 : *at == 'U' ? 8 : 0;
    char number[9] = {0};
    if (digits == 0 || strspn(at + 1, "0123456789abcdefABCDEF") < digits)
        return NULL;
    memcpy(number, at + 1, digits);
    unsigned long code = strtoul(number, NULL, 16);
    if (code < ' ' || code == 127 || code > 0x10FFFF)
        return NULL;
    bool half = code >= 0xD800 && code < 0xE000; /* of a pair */
    append_code(out, half ? UTF8_REPLACEMENT : (uint32_t)code);
    return at + 1 + digits;
}

/* A string in either kind of quotes; returns where it ends, NULL where there is none. */
static const char *read_string(const char *at, struct text *out) {
    char quote = *at;
    if (quote != '\'' && quote != '"')
        return NULL;
    text_clear(out);
    text_bytes(out, "", 0);
    for (at++; at != NULL && *at != quote;) {
        if (*at == '\0')
            return NULL;
        if (*at == '\\') {
            at = read_escape(at + 1, out);
        } else {
            text_bytes(out, at, 1);
            at++;
        }
    }
    return at == NULL ? NULL : at + 1;
}

/* "7:" or "'7':" in front of a name. */
static const char *read_number(const char *at, struct text *scratch, size_t *number) {
    const char *digits = at, *after = NULL;
    char *end;
    if (*at == '\'' || *at == '"') {
        after = read_string(at, scratch);
        digits = scratch->data;
        if (after == NULL || digits == NULL)
            return NULL;
    }
    errno = 0;
    unsigned long value = *digits >= '0' && *digits <= '9' ? strtoul(digits, &end, 10) : ULONG_MAX;
    if (value > 1000000 || errno != 0 || (after != NULL && *end != '\0'))
        return NULL;
    *number = value;
    at = skip_space(after != NULL ? after : end);
    return *at == ':' ? skip_space(at + 1) : NULL;
}

enum status names_read(const char *text, char **names, size_t count, size_t *named) {
    enum status status = STATUS_OK;
    struct text name = {0};
    const char *at = skip_space(text);
    char open = *at, close = open == '{' ? '}' : ']';
    size_t next = 0;
    *named = 0;
    if (open != '{' && open != '[' && open != '(')
        goto out;
    if (open == '(')
        close = ')';
    at = skip_space(at + 1);
    while (at != NULL && *at != close) {
        size_t number = next;
        if (open == '{')
            at = read_number(at, &name, &number);
        at = at == NULL ? NULL : read_string(at, &name);
        TRY(text_status(&name));
        if (at == NULL)
            break;
        next = number + 1;
        *named = next > *named ? next : *named;
        if (number < count) {
            free(names[number]);
            TRY(memory_string(name.data == NULL ? "" : name.data, &names[number]));
        }
        at = skip_space(at);
        if (*at == ',')
            at = skip_space(at + 1);
        else if (*at != close)
            break;
    }
out:
    text_free(&name);
    return status;
}
