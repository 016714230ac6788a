/* The flags and commands for the manual page, in roff. */
#include <string.h>

#include "job/options.h"
#include "pages.h"

/* A text of which roff makes nothing but its letters. */
static void append_roff(struct text *text, const char *string) {
    for (const char *at = string; *at; at++) {
        if (*at == '-' || *at == '\\')
            text_string(text, *at == '-' ? "\\-" : "\\e");
        else if ((*at == '.' || *at == '\'') && at == string)
            text_format(text, "\\&%c", *at);
        else if (*at == '\'')
            text_string(text, "\\(aq");
        else
            text_bytes(text, at, 1);
    }
}

/* Which commands take the flag, where that is not a run alone. */
static void append_takers(struct text *text, size_t row) {
    const char *separator = "Of ";
    if (option_info(row)->commands == 0 || option_info(row)->commands == FOR_ALL)
        return;
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (option_is_for(row, (enum command)i)) {
            text_string(text, separator);
            append_roff(text, i == COMMAND_VERIFY ? "a run" : command_info((enum command)i)->word);
            separator = ", ";
        }
    text_string(text, ".\n");
}

static void append_option(struct text *text, size_t row) {
    const struct option_info *info = option_info(row);
    struct text choices = {0};
    text_string(text, ".TP\n");
    if (info->letter)
        text_format(text, ".BR \\-%c \", \" \\-\\-%s\n", info->letter, info->name);
    else {
        text_format(text, ".B%s \"\\-\\-", info->argument ? "I" : "");
        append_roff(text, info->name);
        text_string(text, info->argument ? " \" \"" : "");
        append_roff(text, info->argument ? info->argument : "");
        text_string(text, "\"\n");
    }
    append_roff(text, info->help);
    text_string(text, ".\n");
    append_takers(text, row);
    option_choices(row, ", ", &choices);
    if (choices.length) {
        text_string(text, "One of: ");
        append_roff(text, choices.data);
        text_string(text, ".\n");
    }
    text_free(&choices);
    if (info->argument && info->initial && !strstr(info->help, "default")) {
        text_string(text, "The default is ");
        append_roff(text, info->initial);
        text_string(text, ".\n");
    }
}

void man_options(struct text *text) {
    /* Rows of one group need not be neighbours. */
    for (size_t i = 0; i < option_count(); i++) {
        const char *group = option_info(i)->group;
        size_t first = 0;
        while (strcmp(option_info(first)->group, group) != 0)
            first++;
        if (first < i)
            continue;
        text_string(text, ".SS \"");
        append_roff(text, group);
        text_string(text, "\"\n");
        for (size_t k = i; k < option_count(); k++)
            if (strcmp(option_info(k)->group, group) == 0)
                append_option(text, k);
    }
}

void man_commands(struct text *text) {
    for (int i = COMMAND_VERIFY + 1; i < COMMAND_COUNT; i++) {
        const struct command_info *info = command_info((enum command)i);
        text_format(text, ".TP\n.BI \"verify %s \" \"", info->word);
        append_roff(text, info->arguments);
        text_string(text, "\"\n");
        append_roff(text, info->help);
        text_string(text, ".\n");
    }
}
