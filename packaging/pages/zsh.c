/* The flags for zsh's completion: specifications as `_arguments` reads them, a word in quotes each.
 */
#include <string.h>

#include "job/options.h"
#include "pages.h"

/* A text inside of '…[…]', where brackets, colons and quotes have a meaning. */
static void append_quoted(struct text *text, const char *string) {
    for (const char *at = string; *at; at++) {
        if (*at == '\'')
            text_string(text, "'\\''");
        else
            text_format(text, "%s%c", strchr("[]:\\", *at) ? "\\" : "", *at);
    }
}

static void append_words(struct text *text, const char *const *words, const char *separator) {
    for (size_t i = 0; words[i]; i++)
        text_format(text, "%s%s", i ? separator : "", words[i]);
}

/* What a value may be, as an action of _arguments. */
static void append_value(struct text *text, size_t row) {
    const struct option_info *info = option_info(row);
    struct text words = {0};
    if (!info->argument)
        return;
    option_choices(row, " ", &words);
    text_string(text, ":");
    append_quoted(text, info->argument);
    text_string(text, ":");
    if (info->takes_folder)
        text_string(text, "_files -/");
    else if (info->takes_path && info->suffixes) {
        /* Behind '*' a group without '|' means kinds of files. */
        bool several = info->suffixes[1] != NULL;
        text_string(text, several ? "_files -g \"*(" : "_files -g \"*");
        append_words(text, info->suffixes, "|");
        text_string(text, several ? ")\"" : "\"");
    } else if (info->takes_path)
        text_string(text, "_files");
    else if (words.length)
        text_format(text, "(%s)", words.data);
    else
        text_string(text, " "); /* a value that nothing is known of */
    text_free(&words);
}

void zsh_flags(struct text *text) {
    for (size_t i = 0; i < option_count(); i++) {
        const struct option_info *info = option_info(i);
        bool negated = !info->argument && info->initial;
        text_string(text, "'");
        if (negated)
            text_format(text, "(--no-%s)", info->name);
        else if (info->letter)
            text_format(text, "(-%c)", info->letter);
        text_format(text, "--%s%s[", info->name, info->argument ? "=" : "");
        append_quoted(text, info->help);
        text_string(text, "]");
        append_value(text, i);
        text_string(text, "'\n");
        if (negated)
            text_format(text, "'(--%s)--no-%s[not --%s]'\n", info->name, info->name, info->name);
        if (info->letter)
            text_format(text, "'(--%s)-%c[the same as --%s]'\n", info->name, info->letter,
                        info->name);
    }
}

void zsh_commands(struct text *text) {
    for (int i = COMMAND_VERIFY + 1; i < COMMAND_COUNT; i++) {
        const struct command_info *info = command_info((enum command)i);
        text_format(text, "'%s:", info->word);
        append_quoted(text, info->help);
        text_string(text, "'\n");
    }
}
