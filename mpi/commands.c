/* The commands' functions, by job/commands_list.h. */
#include "commands.h"

#include <stdio.h>

#include "base/shown.h"
#include "review/export/export.h"

/* Collective, as command_run. */
typedef enum status command_function(const struct ranks *ranks, const struct options *options,
                                     int *exit_status);

/* What rank 0 alone does. */
static enum status export_command(const struct ranks *ranks, const struct options *options,
                                  int *exit_status) {
    enum status status = STATUS_OK;
    struct text lines = {0};
    (void)exit_status;
    if (ranks->rank == 0) {
        status = export_run(&(struct export_request){.output = options->words[0],
                                                     .format = options->format,
                                                     .to = options->to,
                                                     .data = options->data},
                            &lines);
        if (status == STATUS_OK && !options->quiet)
            lines_print(stdout, lines.data);
    }
    text_free(&lines);
    return agree(ranks, status);
}

static command_function *const functions[COMMAND_COUNT] = {
    [COMMAND_VERIFY] = NULL, /* main.c */
    [COMMAND_EXPORT] = export_command,
};

enum status command_run(const struct ranks *ranks, const struct options *options,
                        int *exit_status) {
    return functions[options->command](ranks, options, exit_status);
}
