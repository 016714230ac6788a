/* The commands' functions, by job/commands_list.h. */
#include "commands.h"

#include <stdio.h>

#include "base/shown.h"
#include "review/apply/apply.h"
#include "review/diff/diff.h"
#include "review/export/export.h"

/* The exit status of diff. */
enum { NEW_FINDINGS = 4 };

/* Collective, as command_run. */
typedef enum status command_function(const struct ranks *ranks, const struct options *options,
                                     int *exit_status);

/* On rank 0 alone: label files are small, and there is one difference for all. */
static enum status apply_command(const struct ranks *ranks, const struct options *options,
                                 int *exit_status) {
    int outcome = STATUS_OK;
    enum status status = ranks->rank == 0 ? apply_run(options, &outcome) : STATUS_OK;
    MPI_Request request;
    MPI_Ibcast(&outcome, 1, MPI_INT, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    *exit_status = outcome;
    return agree(ranks, status);
}

/* What rank 0 alone does. */
static enum status export_command(const struct ranks *ranks, const struct options *options,
                                  int *exit_status) {
    enum status status = STATUS_OK;
    struct text lines = {0};
    *exit_status = STATUS_OK;
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

static enum status diff_command(const struct ranks *ranks, const struct options *options,
                                int *exit_status) {
    enum status status = STATUS_OK;
    uint64_t fresh = 0;
    if (ranks->rank == 0)
        status = diff_run(&(struct diff_request){.old = options->words[0],
                                                 .new = options->words[1],
                                                 .json = options->json,
                                                 .quiet = options->quiet},
                          &fresh);
    status = agree(ranks, status);
    if (status == STATUS_OK && fresh > 0)
        *exit_status = NEW_FINDINGS;
    return status;
}

static command_function *const functions[COMMAND_COUNT] = {
    [COMMAND_VERIFY] = NULL, /* main.c */
    [COMMAND_APPLY] = apply_command,   [COMMAND_EXPORT] = export_command,
    [COMMAND_DIFF] = diff_command,     [COMMAND_REJUDGE] = rejudge_command,
    [COMMAND_REVIEW] = review_command,
};

enum status command_run(const struct ranks *ranks, const struct options *options,
                        int *exit_status) {
    return functions[options->command](ranks, options, exit_status);
}
