/* --config: a JSON file with a key for each flag. */
#include "job/config.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "data/file_bytes.h"
#include "job/hint.h"
#include "job/options_set.h"

enum { CONFIG_BYTES = 1 << 20, CONFIG_DEPTH = 8 };

static enum status read_file(const char *path, char **out, size_t *length) {
    struct file_bytes file;
    enum status status = file_bytes_read(path, CONFIG_BYTES, &file);
    *out = file.bytes;
    *length = file.length;
    if (status == STATUS_OK && !file.bytes)
        status =
            FAIL(STATUS_BAD_INPUT, "--config %s: %s%s", path, file.problem,
                 S_ISFIFO(file.about.st_mode) ? ", since every rank reads it: write what comes "
                                                "through the pipe into a file"
                                              : "");
    return status;
}

static bool begins_with(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* What is wrong at the byte at which json-c stopped: the slips that are common, by what they look
 * like, else json-c's own words. */
static const char *explain(const char *path, const char *bytes, size_t length, size_t end,
                           enum json_tokener_error error) {
    const char *at = bytes + end, *before = at, *dot = strrchr(path, '.');
    while (before > bytes && strchr(" \t\r\n", before[-1]))
        before--;
    bool empty = before == bytes;
    if (empty && end == length)
        return "is empty; {\"model\": \"best.pt\", ...} is expected";
    if ((dot && (strcasecmp(dot, ".yaml") == 0 || strcasecmp(dot, ".yml") == 0)) ||
        (empty && !strchr("{/#", *at)))
        return "is not JSON: {\"model\": \"best.pt\", ...} is expected (a data.yaml goes to "
               "--data)";
    if ((*at == '}' || *at == ']') && !empty && before[-1] == ',')
        return *at == '}' ? "a comma before '}': leave it out" : "a comma before ']': leave it out";
    if (*at == '/' || *at == '#')
        return "a comment, which JSON has not: leave it out";
    if (*at == '\'')
        return "a single quote: JSON has texts in double quotes";
    if (begins_with(at, "True") || begins_with(at, "False") || begins_with(at, "None"))
        return "JSON writes true, false and null in small letters";
    if (error == json_tokener_error_parse_object_key_sep)
        return "a ':' is missing between a key and its value";
    if (error == json_tokener_continue || end == length)
        return "ends too early: a '}', a ']' or a quote is missing";
    if (*at == '"' && !empty && strchr("\"}]0123456789el", before[-1]))
        return "a comma is missing before this line's text";
    return json_tokener_error_desc(error);
}

/* Where json-c stopped, and why. */
struct stop {
    enum json_tokener_error error;
    size_t end;
};

/* `bytes` end in a NUL, which tells json-c that a number at the very end is complete. *out is NULL
 * where they are not JSON. */
static enum status read_json(const char *bytes, size_t length, int flags, struct json_object **out,
                             struct stop *stop) {
    struct json_tokener *tokener = json_tokener_new_ex(CONFIG_DEPTH);
    *out = NULL;
    if (!tokener)
        return FAIL(STATUS_FAILED, "out of memory");
    json_tokener_set_flags(tokener, flags);
    *out = json_tokener_parse_ex(tokener, bytes, (int)length + 1);
    *stop = (struct stop){json_tokener_get_error(tokener), json_tokener_get_parse_end(tokener)};
    json_tokener_free(tokener);
    return STATUS_OK;
}

/* Only its strict mode refuses what is not JSON, but json-c 0.18 takes letters beyond ASCII for
 * control characters then: it is shown other letters in their places first. */
static enum status read_strictly(const char *bytes, size_t length, struct json_object **out,
                                 struct stop *stop) {
    enum status status;
    char *ascii;
    *out = NULL;
    TRY(memory_string(bytes, &ascii));
    for (size_t i = 0; ascii[i] != '\0'; i++)
        ascii[i] = (unsigned char)ascii[i] < 0x80 ? ascii[i] : 'x';
    TRY(read_json(ascii, length, JSON_TOKENER_STRICT, out, stop));
    if (stop->error == json_tokener_success) {
        json_object_put(*out);
        TRY(read_json(bytes, length, JSON_TOKENER_VALIDATE_UTF8, out, stop));
    }
out:
    free(ascii);
    return status;
}

static size_t line_of(const char *bytes, size_t end) {
    size_t line = 1;
    for (size_t i = 0; i < end; i++)
        line += bytes[i] == '\n';
    return line;
}

static enum status parse(const char *path, const char *bytes, size_t length,
                         struct json_object **out) {
    enum status status;
    struct stop stop;
    if (strlen(bytes) != length)
        return FAIL(STATUS_BAD_INPUT, "--config %s: line %zu: a NUL byte", path,
                    line_of(bytes, strlen(bytes)));
    TRY(read_strictly(bytes, length, out, &stop));
    if (stop.error != json_tokener_success) {
        size_t end = stop.end < length ? stop.end : length;
        status = FAIL(STATUS_BAD_INPUT, "--config %s: line %zu: %s", path, line_of(bytes, end),
                      explain(path, bytes, length, end, stop.error));
    } else if (!json_object_is_type(*out, json_type_object)) {
        status = FAIL(STATUS_BAD_INPUT, "--config %s: not a JSON object", path);
    }
out:
    if (status != STATUS_OK) {
        json_object_put(*out);
        *out = NULL;
    }
    return status;
}

static enum status unknown_key(const char *path, const char *key) {
    struct text hint = {0};
    hint_flag(key, &hint);
    enum status status = text_status(&hint);
    if (status == STATUS_OK)
        status = FAIL(STATUS_BAD_INPUT, "--config %s: '%s' is not a flag%s; see --help", path, key,
                      hint.length ? hint.data : "");
    text_free(&hint);
    return status;
}

static enum status apply(const char *path, const char *key, struct json_object *value,
                         const bool *given, struct options *options);

static enum status apply_all(const char *path, struct json_object *object, const bool *given,
                             struct options *options) {
    json_object_object_foreach(object, key, value) {
        enum status status = apply(path, key, value, given, options);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Of a flag that takes several values: all of an array. */
static enum status apply_list(struct json_object *values, size_t row, const char *where,
                              const bool *given, struct options *options) {
    enum status status = STATUS_OK;
    struct text text = {0};
    bool repeated = option_is_repeated(row);
    for (size_t i = 0; i < json_object_array_length(values) && !given[row]; i++) {
        struct json_object *value = json_object_array_get_idx(values, i);
        enum json_type type = json_object_get_type(value);
        if (type != json_type_string && type != json_type_int)
            TRY(FAIL(STATUS_BAD_INPUT, "%s: an element is neither a text nor a number", where));
        const char *string = json_object_get_string(value);
        if (type == json_type_string && strlen(string) != (size_t)json_object_get_string_len(value))
            TRY(FAIL(STATUS_BAD_INPUT, "%s: holds a NUL byte", where));
        if (repeated)
            TRY(option_set(options, row, string, where));
        text_format(&text, "%s%s", i ? "," : "", string);
    }
    TRY(text_status(&text));
    if (!repeated && !given[row])
        TRY(option_set(options, row, text.length ? text.data : "", where));
out:
    text_free(&text);
    return status;
}

static enum status apply(const char *path, const char *key, struct json_object *value,
                         const bool *given, struct options *options) {
    bool negated;
    int row = option_find(strcmp(key, "output_base") == 0 ? "output" : key, &negated);
    if (row < 0 || !option_is_for((size_t)row, COMMAND_VERIFY)) {
        /* Groups such as {"paths": {…}} only order the keys. */
        if (json_object_is_type(value, json_type_object))
            return apply_all(path, value, given, options);
        return unknown_key(path, key);
    }
    char where[256];
    snprintf(where, sizeof where, "--config %.160s: %.60s", path, key);
    enum json_type type = json_object_get_type(value);
    if (type == json_type_null)
        return STATUS_OK;
    if (option_is_switch((size_t)row)) {
        if (type != json_type_boolean)
            return FAIL(STATUS_BAD_INPUT, "%s: neither true nor false", where);
        if (!given[row])
            option_switch(options, (size_t)row, json_object_get_boolean(value) != negated);
        return STATUS_OK;
    }
    if (type == json_type_string &&
        strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
        return FAIL(STATUS_BAD_INPUT, "%s: holds a NUL byte", where);
    if (type == json_type_array && option_is_list((size_t)row))
        return apply_list(value, (size_t)row, where, given, options);
    if (type != json_type_string && type != json_type_int && type != json_type_double)
        return FAIL(STATUS_BAD_INPUT, "%s: neither a text nor a number", where);
    if (given[row])
        return STATUS_OK;
    return option_set(options, (size_t)row, json_object_get_string(value), where);
}

enum status config_read(const char *path, const bool *given, struct options *options) {
    enum status status;
    struct json_object *root = NULL;
    char *bytes = NULL;
    size_t length = 0;
    TRY(read_file(path, &bytes, &length));
    TRY(parse(path, bytes, length, &root));
    TRY(apply_all(path, root, given, options));
out:
    json_object_put(root);
    free(bytes);
    return status;
}
