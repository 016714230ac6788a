/* verify diff: what two runs find. */
#ifndef VERIFY_REVIEW_DIFF_DIFF_H
#define VERIFY_REVIEW_DIFF_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct diff_request {
    const char *old, *new; /* output folders */
    bool json;             /* instead of text; all findings and images are listed */
    bool quiet;            /* nothing is printed */
};

/* Compares and prints. *fresh is how many findings are new. STATUS_BAD_INPUT where one of them is
 * no finished run's output, or no image is in both. */
enum status diff_run(const struct diff_request *request, uint64_t *fresh);

#endif
