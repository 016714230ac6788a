/* Opening a backend that is a plug-in. */
#ifndef VERIFY_JOB_PLUGINS_H
#define VERIFY_JOB_PLUGINS_H

#include "backend.h"

/* *out: the backend that a row of `backends` stands for, with all its functions: the row itself, or
 * that of its plug-in, which stays open until the process ends. The file is looked for in the
 * folder that the environment's VERIFY_PLUGIN_DIR names, beside the program, and in
 * ../lib/verify-labels from there. STATUS_BAD_INPUT with what is missing, where it was looked for
 * and what to do, where it is nowhere, cannot be opened or is of another build. */
enum status plugin_open(const struct backend_interface *row, const struct backend_interface **out);

/* Whether a plug-in's device may be in this machine, by its row's signs. */
bool plugin_device_present(const struct backend_interface *row);

#endif
