/* The commands' functions, by job/commands_list.h. */
#include "commands.h"

#include "review/apply/apply.h"

/* Collective, as command_run. */
typedef enum status command_function(const struct ranks *ranks, const struct options *options,
                                     int *exit_status);

/* On rank 0 alone: label files are small, and there is one difference for all. */
static enum status apply_command(const struct ranks *ranks, const struct options *options,
                                 int *exit_status) {
    enum status status = ranks->rank == 0 ? apply_run(options, exit_status) : STATUS_OK;
    MPI_Request request;
    if (MPI_Ibcast(exit_status, 1, MPI_INT, 0, MPI_COMM_WORLD, &request) != MPI_SUCCESS)
        return FAIL(STATUS_FAILED, "MPI: cannot broadcast");
    wait_for(ranks, &request);
    return agree(ranks, status);
}

static command_function *const functions[COMMAND_COUNT] = {
    [COMMAND_VERIFY] = NULL, /* main.c */
    [COMMAND_APPLY] = apply_command,
};

enum status command_run(const struct ranks *ranks, const struct options *options,
                        int *exit_status) {
    return functions[options->command](ranks, options, exit_status);
}
