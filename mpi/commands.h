/* What is done with a run's output once it is there. */
#ifndef VERIFY_MPI_COMMANDS_H
#define VERIFY_MPI_COMMANDS_H

#include "ranks.h"

/* Collective: does what options->command says, which is no run. *exit_status is the program's where
 * STATUS_OK is returned, 0 as it comes. */
enum status command_run(const struct ranks *ranks, const struct options *options, int *exit_status);

/* The commands, likewise. */
/* rejudge_command.c */
enum status rejudge_command(const struct ranks *ranks, const struct options *options,
                            int *exit_status);
/* review.c */
enum status review_command(const struct ranks *ranks, const struct options *options,
                           int *exit_status);

#endif
