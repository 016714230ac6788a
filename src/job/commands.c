/* The table of commands. */
#include "job/commands.h"

#include <string.h>

static const struct command_info rows[] = {
#define COMMAND(name, word_, arguments_, least_, most_, help_)                                     \
    [COMMAND_##name] = {word_, arguments_, help_, least_, most_},
#include "job/commands_list.h"
#undef COMMAND
};

const struct command_info *command_info(enum command command) {
    return &rows[command];
}

enum command command_find(const char *word) {
    size_t i = COMMAND_COUNT - 1;
    while (i > COMMAND_VERIFY && strcmp(rows[i].word, word) != 0)
        i--;
    return (enum command)i;
}
