/* One flag's value: read from a text, and checked. */
#include "job/options_set.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "job/devices.h"

static enum status check_choice(const struct option_row *row, const char *value,
                                const char *where) {
    struct text choices = {0};
    for (const char *const *choice = row->choices; *choice; choice++)
        if (strcmp(*choice, value) == 0)
            return STATUS_OK;
    option_argument(row, &choices);
    enum status status = text_status(&choices);
    if (status == STATUS_OK)
        status = FAIL(STATUS_BAD_INPUT, "%s: '%s' is not one of %s", where, value, choices.data);
    text_free(&choices);
    return status;
}

/* That a path is one, and nothing that a shell or a browser would make something of. */
static enum status check_path(const struct option_row *row, const char *value, const char *where) {
    if (strcmp(value, "~") == 0 || strncmp(value, "~/", 2) == 0)
        return FAIL(STATUS_BAD_INPUT,
                    "%s: %s: '~' means the home folder to a shell, which has not seen it (behind "
                    "'=', in quotes, in a file): write the whole path",
                    where, value);
    if (strstr(value, "://"))
        return FAIL(STATUS_BAD_INPUT, "%s: %s: is a URL: %s", where, value,
                    row->info.takes_folder ? "give a folder of this machine's"
                                           : "download what is there, and give the file's path");
    return STATUS_OK;
}

static enum status check_text(const struct option_row *row, const char *value, const char *where) {
    struct devices devices;
    if (row->kind == OPTION_CHOICE)
        return check_choice(row, value, where);
    if (*value == '\0')
        return FAIL(STATUS_BAD_INPUT, "%s: needs a value", where);
    if (row->kind == OPTION_TEXTS && strchr(value, '\n'))
        return FAIL(STATUS_BAD_INPUT, "%s: holds a line's end", where);
    if (row->kind == OPTION_DEVICES && devices_read(value, &devices) != STATUS_OK)
        return status_prefix(STATUS_BAD_INPUT, "%s: ", where);
    return row->info.takes_path ? check_path(row, value, where) : STATUS_OK;
}

static enum status set_text(char **text, const char *value) {
    free(*text);
    *text = NULL;
    return memory_string(value, text);
}

static enum status read_number(const struct option_row *row, const char *value, const char *where,
                               double *number) {
    char *end;
    errno = 0;
    *number = strtod(value, &end);
    if (end == value || *end || errno || !isfinite(*number))
        return FAIL(STATUS_BAD_INPUT, "%s: '%s' is not a number", where, value);
    if (row->kind != OPTION_REAL && *number != floor(*number))
        return FAIL(STATUS_BAD_INPUT, "%s: %s is not a whole number", where, value);
    if (*number < row->least || *number > row->most)
        return FAIL(STATUS_BAD_INPUT, "%s: %s is outside of %.17g to %.17g", where, value,
                    row->least, row->most);
    return STATUS_OK;
}

/* Of a flag that is repeated: one line more. */
static enum status add_line(char **text, const char *value) {
    struct text lines = {0};
    text_format(&lines, "%s%s%s", *text ? *text : "", *text ? "\n" : "", value);
    enum status status = text_status(&lines);
    if (status == STATUS_OK)
        status = set_text(text, lines.data);
    text_free(&lines);
    return status;
}

size_t option_counts(const char *value, int64_t counts[OPTION_COUNTS_MOST]) {
    size_t n = 0;
    char *end = (char *)value;
    while (n < OPTION_COUNTS_MOST) {
        counts[n++] = (int64_t)strtod(end, &end);
        if (*end != ',')
            break;
        end++;
    }
    return n;
}

/* Numbers with commas between them, each written in one way. */
static enum status set_counts(const struct option_row *row, char **text, const char *value,
                              const char *where) {
    enum status status = STATUS_OK;
    struct text counts = {0}, part = {0};
    size_t n = 0;
    for (const char *at = value;; at++) {
        size_t length = strcspn(at, ",");
        double number;
        text_clear(&part);
        text_bytes(&part, at, length);
        TRY(text_status(&part));
        TRY(read_number(row, part.data, where, &number));
        if (++n > OPTION_COUNTS_MOST)
            TRY(FAIL(STATUS_BAD_INPUT, "%s: more than %d numbers", where, OPTION_COUNTS_MOST));
        text_format(&counts, "%s%.0f", n > 1 ? "," : "", number);
        at += length;
        if (*at == '\0')
            break;
    }
    TRY(text_status(&counts));
    TRY(set_text(text, counts.data));
out:
    text_free(&counts);
    text_free(&part);
    return status;
}

enum status option_set(struct options *options, size_t index, const char *value,
                       const char *where) {
    enum status status;
    const struct option_row *row = option_row(index);
    void *member = option_member(options, row);
    double number = 0;
    options->imgsz_given |= index == OPTION_AT_imgsz;
    if (row->kind == OPTION_COUNTS)
        return set_counts(row, member, value, where);
    if (row->kind <= OPTION_CHOICE) {
        TRY(check_text(row, value, where));
        return row->kind == OPTION_TEXTS ? add_line(member, value) : set_text(member, value);
    }
    if (!row->automatic || strcmp(value, row->automatic) != 0)
        TRY(read_number(row, value, where, &number));
    if (row->kind == OPTION_COUNT)
        *(int64_t *)member = (int64_t)number;
    else
        *(double *)member = number;
    return STATUS_OK;
out:
    return status;
}

bool option_read_switch(const char *text, bool *on) {
    static const struct {
        const char *word;
        bool on;
    } words[] = {{"true", true}, {"1", true}, {"false", false}, {"0", false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i].word) == 0) {
            *on = words[i].on;
            return true;
        }
    return false;
}

void option_switch(struct options *options, size_t row, bool on) {
    *(bool *)option_member(options, option_row(row)) = on;
}

enum status options_set_initial(struct options *options) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_info *info = option_info(i);
        if (option_is_switch(i))
            option_switch(options, i, info->initial != NULL);
        else if (info->initial)
            TRY(option_set(options, i, info->initial, info->name));
    }
    options->imgsz_given = false;
out:
    return status;
}
