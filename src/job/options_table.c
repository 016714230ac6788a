/* The table of flags: options_list.h as rows, and finding one. */
#include "job/options_table.h"

#include <string.h>

#include "job/devices.h"
#include "job/export_formats.h"
#include "model/formats.h"

/* Words, NULL behind the last. */
#define WORDS(...)           ((const char *const[]){__VA_ARGS__, NULL})
#define RANGE(least_, most_) .least = (least_), .most = (most_)

/* Of the models that are read. */
#define SUFFIX(recognises, read, title, suffix) suffix,
#define MODEL_SUFFIXES                          ((const char *const[]){MODEL_FORMATS(SUFFIX) NULL})

/* Of what findings are exported in. */
#define WORD(name, word) word,
#define EXPORT_WORDS     ((const char *const[]){EXPORT_FORMATS(WORD) NULL})

#define HEADING_INPUT   "Input"
#define HEADING_OUTPUT  "Output"
#define HEADING_NETWORK "Network"
#define HEADING_VERDICT "Verdicts"
#define HEADING_RUN     "Run"
#define HEADING_APPLY   "Corrections"
#define HEADING_HELP    "Help"

static const struct option_row rows[] = {
#define OPTION(kind_, member, name_, argument_, group_, effect_, initial_, help_, ...)             \
    [OPTION_AT_##member] = {.info.name = name_,                                                    \
                            .info.argument = argument_,                                            \
                            .info.initial = initial_,                                              \
                            .info.help = help_,                                                    \
                            .info.group = HEADING_##group_,                                        \
                            .info.takes_path = OPTION_##kind_ <= OPTION_PATH,                      \
                            .info.takes_folder = OPTION_##kind_ == OPTION_FOLDER,                  \
                            .kind = OPTION_##kind_,                                                \
                            .effect = EFFECT_##effect_,                                            \
                            .offset = offsetof(struct options, member),                            \
                            __VA_ARGS__},
#include "job/options_list.h"
#undef OPTION
};

const struct option_row *option_row(size_t row) {
    return &rows[row];
}

size_t option_count(void) {
    return OPTION_ROWS;
}

bool option_is_switch(size_t row) {
    return rows[row].kind == OPTION_SWITCH;
}

bool option_is_list(size_t row) {
    return rows[row].kind == OPTION_FILES || rows[row].kind == OPTION_COUNTS ||
           option_is_repeated(row);
}

bool option_is_repeated(size_t row) {
    return rows[row].kind == OPTION_TEXTS;
}

const struct option_info *option_info(size_t row) {
    return &rows[row].info;
}

bool option_is_for(size_t row, enum command command) {
    unsigned commands = rows[row].info.commands;
    return (commands ? commands : FOR_VERIFY) >> command & 1;
}

void *option_member(struct options *options, const struct option_row *row) {
    return (char *)options + row->offset;
}

const void *option_value(const struct options *options, const struct option_row *row) {
    return (const char *)options + row->offset;
}

static void append_choices(const struct option_row *row, const char *separator, struct text *text) {
    if (row->kind == OPTION_DEVICES)
        devices_choices(separator, text);
    for (size_t i = 0; row->choices && row->choices[i]; i++)
        text_format(text, "%s%s", i ? separator : "", row->choices[i]);
}

void option_choices(size_t row, const char *separator, struct text *text) {
    append_choices(&rows[row], separator, text);
}

void option_argument(const struct option_row *row, struct text *text) {
    if (row->kind == OPTION_CHOICE || row->kind == OPTION_DEVICES)
        append_choices(row, "|", text);
    else if (row->info.argument)
        text_string(text, row->info.argument);
    if (row->kind == OPTION_DEVICES)
        text_string(text, "|0,1,...");
}

bool option_same_name(const char *a, const char *b) {
    for (; *a && *b; a++, b++)
        if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
            return false;
    return *a == *b;
}

int option_find(const char *name, bool *negated) {
    *negated = false;
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (option_same_name(name, rows[i].info.name))
            return (int)i;
    if (strncmp(name, "no-", 3) != 0 && strncmp(name, "no_", 3) != 0)
        return -1;
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (rows[i].kind == OPTION_SWITCH && option_same_name(name + 3, rows[i].info.name)) {
            *negated = true;
            return (int)i;
        }
    return -1;
}
