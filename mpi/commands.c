/* The commands' functions, by job/commands_list.h. */
#include "commands.h"

/* Collective, as command_run. */
typedef enum status command_function(const struct ranks *ranks, const struct options *options,
                                     int *exit_status);

static command_function *const functions[COMMAND_COUNT] = {
    [COMMAND_VERIFY] = NULL, /* main.c */
    [COMMAND_REVIEW] = review_command,
};

enum status command_run(const struct ranks *ranks, const struct options *options,
                        int *exit_status) {
    return functions[options->command](ranks, options, exit_status);
}
