/* The flags and commands for bash's completion. */
#include <string.h>

#include "job/options.h"
#include "pages.h"

void bash_flags(struct text *text) {
    for (size_t i = 0; i < option_count(); i++) {
        const struct option_info *info = option_info(i);
        text_format(text, "--%s\n", info->name);
        if (info->letter)
            text_format(text, "-%c\n", info->letter);
        if (!info->argument && info->initial)
            text_format(text, "--no-%s\n", info->name);
    }
}

void bash_values(struct text *text) {
    for (size_t i = 0; i < option_count(); i++) {
        const struct option_info *info = option_info(i);
        const char *const *suffixes = info->suffixes;
        struct text words = {0};
        if (!info->argument)
            continue;
        option_choices(i, " ", &words);
        text_format(text, "    %s) ", info->name);
        text_string(text, info->takes_folder ? "_verify_folders \"$2\""
                          : info->takes_path ? "_verify_files \"$2\""
                          : words.length     ? "_verify_words \"$2\" "
                                             : ":");
        for (size_t k = 0; suffixes && suffixes[k]; k++)
            text_format(text, " %s", suffixes[k]);
        text_bytes(text, words.length ? words.data : "", words.length);
        text_string(text, " ;;\n");
        text_free(&words);
    }
}

void bash_commands(struct text *text) {
    for (int i = COMMAND_VERIFY + 1; i < COMMAND_COUNT; i++)
        text_format(text, "%s\n", command_info((enum command)i)->word);
}
