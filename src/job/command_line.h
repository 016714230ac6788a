/* The command line. */
#ifndef VERIFY_JOB_COMMAND_LINE_H
#define VERIFY_JOB_COMMAND_LINE_H

#include "job/options.h"

/* Sets what the command line says, and marks it in `given` (one bool a flag). STATUS_BAD_INPUT with
 * what to write instead for what is no flag, or none of its values. */
enum status command_line_read(int argc, char **argv, bool *given, struct options *options);

#endif
