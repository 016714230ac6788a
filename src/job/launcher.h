/* Whether the processes of a job were started by a launcher that their MPI understands. */
#ifndef VERIFY_JOB_LAUNCHER_H
#define VERIFY_JOB_LAUNCHER_H

#include "base/status.h"

/* Processes of a launcher that belongs to another MPI do not find each other: each would do the
 * whole job, and all of them in one output folder. Looks at what launchers leave in the
 * environment. `size`: the number of processes that MPI knows of; `library`: what MPI calls itself.
 * STATUS_BAD_INPUT, with what to do, where a launcher started more than this one. */
enum status launcher_check(int size, const char *library);

#endif
