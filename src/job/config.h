/* The file that --config names. */
#ifndef VERIFY_JOB_CONFIG_H
#define VERIFY_JOB_CONFIG_H

#include "job/options.h"

/* Applies a JSON file's keys to the options that `given` (one bool a flag) does not mark as said on
 * the command line. STATUS_BAD_INPUT with the file and what in it is wrong. */
enum status config_read(const char *path, const bool *given, struct options *options);

#endif
