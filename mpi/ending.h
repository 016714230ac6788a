/* How the process ends. */
#ifndef VERIFY_MPI_ENDING_H
#define VERIFY_MPI_ENDING_H

#include <stdbool.h>

#include "base/status.h"

/* Ends the process after a while where its end is held up: after a failure, or a signal (0: none)
 * that ended the work. An mpirun that was told to end serves nobody any more, and MPI_Finalize
 * would wait for it until both are killed; and a device that hangs may hold up whoever lets go of
 * it. */
void ending_limit(enum status status, int signal);

/* The process ends with STATUS_FAILED in so many seconds, whatever it waits for by then. */
void ending_alarm(unsigned seconds);

/* Whether lines for standard output were lost, though somebody reads it: a pipe that was closed is
 * the wish of who read it. */
bool ending_lost_lines(void);

#endif
