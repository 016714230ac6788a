/* What the table of flags says of itself, and flags' values as text. */
#include <string.h>

#include "job/options_table.h"

static void help_line(const struct option_row *row, struct text *text) {
    enum { BESIDE = 20 }; /* as many columns leave the line's rest to the help */
    const struct option_info *info = &row->info;
    size_t start = text->length;
    text_format(text, "  --%s%s", info->name, info->argument ? " " : "");
    option_argument(row, text);
    size_t columns = text->length - start - 2;
    if (columns <= BESIDE)
        text_format(text, "%*s", (int)(BESIDE - columns) + 2, "");
    else
        text_format(text, "\n%*s", 24, "");
    text_string(text, info->help);
    if (row->kind != OPTION_SWITCH && info->initial && !strstr(info->help, "default"))
        text_format(text, " (default: %s)", info->initial);
    text_string(text, "\n");
}

static void append_flags(enum command command, struct text *text) {
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (option_is_for(i, command))
            help_line(option_row(i), text);
}

/* What may be done with a run's output. */
static void append_commands(struct text *text) {
    for (int i = COMMAND_VERIFY + 1; i < COMMAND_COUNT; i++) {
        const struct command_info *info = command_info((enum command)i);
        text_format(text, "  verify %s %s\n%24s%s\n", info->word, info->arguments, "", info->help);
    }
    if (COMMAND_COUNT > COMMAND_VERIFY + 1)
        text_string(text, "\n");
}

static void command_help(enum command command, struct text *text) {
    const struct command_info *info = command_info(command);
    text_format(text, "usage: verify %s %s [flags]\n\nTo %s.\n\n", info->word, info->arguments,
                info->help);
    append_flags(command, text);
}

void options_help(enum command command, struct text *text) {
    if (command != COMMAND_VERIFY) {
        command_help(command, text);
        return;
    }
    text_string(text, "usage: verify --model FILE --data PATH [flags]\n"
                      "       mpirun -np N verify --model FILE --data PATH [flags]\n\n"
                      "Verifies YOLO labels with a trained YOLO model and sorts the images into\n"
                      "DIR/{correct,mislabeled,uncertain}.\n\n");
    append_commands(text);
    append_flags(command, text);
    text_string(
        text, "\nflag=value is --flag value (model=best.pt half=False); flags are written in full\n"
              "\nexit status: 0 done, 1 failed, 2 bad usage, config, model or data set,\n"
              "  3 with --strict, 4 with --fail-on, 130 or 143 interrupted\n");
}

/* An array of a text for each line. */
static void append_lines(const char *lines, struct text *text) {
    struct text line = {0};
    const char *separator = "[";
    for (const char *at = lines; *at; at += strspn(at, "\n")) {
        size_t length = strcspn(at, "\n");
        text_clear(&line);
        text_bytes(&line, at, length);
        text_string(text, separator);
        text_json_string(text, line.data);
        separator = ", ";
        at += length;
    }
    text_string(text, "]");
    text_free(&line);
}

/* A number, or an array of several. */
static void append_counts(const char *value, struct text *text) {
    bool several = strchr(value, ',') != NULL;
    text_string(text, several ? "[" : "");
    for (const char *at = value; *at; at++) {
        text_bytes(text, at, 1);
        text_string(text, *at == ',' ? " " : "");
    }
    text_string(text, several ? "]" : "");
}

/* Whether a number is the 0 that the flag has a word for. */
static bool is_automatic(const struct option_row *row, const void *value) {
    return row->automatic && ((row->kind == OPTION_COUNT && *(const int64_t *)value == 0) ||
                              (row->kind == OPTION_REAL && *(const double *)value == 0));
}

static void append_json(const struct options *options, const struct option_row *row,
                        struct text *text) {
    const void *value = option_value(options, row);
    if (row->kind == OPTION_SWITCH)
        text_string(text, *(const bool *)value ? "true" : "false");
    else if (is_automatic(row, value))
        text_json_string(text, row->automatic);
    else if (row->kind == OPTION_COUNT)
        text_format(text, "%lld", (long long)*(const int64_t *)value);
    else if (row->kind == OPTION_REAL)
        text_json_number(text, *(const double *)value, 6);
    else if (!*(char *const *)value)
        text_string(text, "null");
    else if (row->kind == OPTION_TEXTS)
        append_lines(*(char *const *)value, text);
    else if (row->kind == OPTION_COUNTS)
        append_counts(*(char *const *)value, text);
    else
        text_json_string(text, *(char *const *)value);
}

void options_json(const struct options *options, struct text *text) {
    const char *separator = "{";
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = option_row(i);
        if (row->effect == EFFECT_NO_RUN || !option_is_for(i, COMMAND_VERIFY))
            continue;
        text_format(text, "%s\"%s\": ", separator, row->info.name);
        separator = ", ";
        append_json(options, row, text);
    }
    text_string(text, "}");
}

void options_lines(const struct options *options, struct text *text) {
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        text_format(text, "%s ", option_info(i)->name);
        append_json(options, option_row(i), text);
        text_string(text, "\n");
    }
    text_string(text, "command ");
    text_json_string(text, command_info(options->command)->word);
    for (size_t i = 0; i < options->n_words; i++) {
        text_string(text, " ");
        text_json_string(text, options->words[i]);
    }
    text_string(text, "\n");
}

/* As run.json has it: numbers to 9 digits, switches as 1 and 0. */
static void append_result(const struct options *options, const struct option_row *row,
                          struct text *text) {
    const void *value = option_value(options, row);
    if (row->kind == OPTION_SWITCH)
        text_string(text, *(const bool *)value ? "1" : "0");
    else if (row->kind == OPTION_COUNT)
        text_format(text, "%.9g", (double)*(const int64_t *)value);
    else if (row->kind == OPTION_REAL)
        text_format(text, "%.9g", *(const double *)value);
    else if (*(char *const *)value)
        text_string(text, *(char *const *)value);
}

static void append_results(const struct options *options, int effect, struct text *text) {
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = option_row(i);
        if ((int)row->effect != effect)
            continue;
        text_format(text, "--%s", row->info.name);
        text_bytes(text, "", 1);
        append_result(options, row, text);
        text_bytes(text, "", 1);
    }
}

void options_results(const struct options *options, struct text *text) {
    for (int effect = EFFECT_PREDICTIONS; effect <= EFFECT_MEANS; effect++)
        append_results(options, effect, text);
}

void options_verdicts(const struct options *options, struct text *text) {
    append_results(options, EFFECT_VERDICTS, text);
}
