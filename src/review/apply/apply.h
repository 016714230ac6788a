/* verify apply: decisions on a run's findings, carried out on the data set's label files. */
#ifndef VERIFY_REVIEW_APPLY_APPLY_H
#define VERIFY_REVIEW_APPLY_APPLY_H

#include "base/status.h"
#include "job/options.h"

enum { APPLY_REFUSED = 3 }; /* exit status: done, but some decisions were refused */

/* Does what the flags say; says on the screen what it came to. *exit_status is APPLY_REFUSED where
 * some were refused. STATUS_BAD_INPUT where there is nothing to apply, too. For one process. */
enum status apply_run(const struct options *options, int *exit_status);

#endif
