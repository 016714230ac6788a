/* What a command line may ask for besides a run: commands_list.h has a row for each. */
#ifndef VERIFY_JOB_COMMANDS_H
#define VERIFY_JOB_COMMANDS_H

#include <stddef.h>

enum command {
#define COMMAND(name, word, arguments, least, most, help) COMMAND_##name,
#include "job/commands_list.h"
#undef COMMAND
    COMMAND_COUNT,
};
enum { COMMAND_WORDS_MOST = 2 };

/* Which commands take a flag: a bit each. */
#define FOR(name)  (1u << COMMAND_##name)
#define FOR_ALL    ((1u << COMMAND_COUNT) - 1)
#define FOR_VERIFY FOR(VERIFY)
/* Of the flags that verdicts are made anew by. */
#define FOR_VERDICTS (FOR(VERIFY) | FOR(REJUDGE))

struct command_info {
    const char *word;
    const char *arguments; /* "OUTPUT [FILE]"; "": none */
    const char *help;      /* one line */
    size_t least, most;    /* how many words follow */
};
const struct command_info *command_info(enum command command);

/* The command of this word; COMMAND_VERIFY where it is none. */
enum command command_find(const char *word);

#endif
