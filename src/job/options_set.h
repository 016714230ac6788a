/* Setting flags from texts, as the command line and --config have them. */
#ifndef VERIFY_JOB_OPTIONS_SET_H
#define VERIFY_JOB_OPTIONS_SET_H

#include "job/options_table.h"

/* Sets the option of this row, which is no switch, as if given on the command line; `where` begins
 * the message of a failure ("--conf", "config.json: conf"). */
enum status option_set(struct options *options, size_t row, const char *value, const char *where);
/* Whether the text says on or off, as it may stand behind a switch and '=': True, False, 1, 0. */
bool option_read_switch(const char *text, bool *on);
/* Turns the switch of this row on or off. */
void option_switch(struct options *options, size_t row, bool on);

/* Sets all options to what they are where nothing is given. They must be zeroed. */
enum status options_set_initial(struct options *options);

#endif
