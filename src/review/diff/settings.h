/* What two runs were told that makes them find different things. */
#ifndef VERIFY_REVIEW_DIFF_SETTINGS_H
#define VERIFY_REVIEW_DIFF_SETTINGS_H

#include "review/run_results.h"

/* Calls `each` for every flag of which the reports have different values, "null" where one has
 * none; both are JSON, and valid until the call returns. */
typedef void setting_differs(void *context, const char *name, const char *old, const char *new);
void settings_compare(const struct run_results *old, const struct run_results *new,
                      setting_differs *each, void *context);

#endif
