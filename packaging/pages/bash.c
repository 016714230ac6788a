/* The flags for bash's completion. */
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
        const char *const *words = info->takes_path ? info->suffixes : info->choices;
        if (!info->argument)
            continue;
        text_format(text, "    %s) ", info->name);
        text_string(text, info->takes_folder ? "_verify_folders \"$2\""
                          : info->takes_path ? "_verify_files \"$2\""
                          : words            ? "_verify_words \"$2\""
                                             : ":");
        for (size_t k = 0; words && words[k]; k++)
            text_format(text, " %s", words[k]);
        text_string(text, " ;;\n");
    }
}
