/* The report's self_test. Internal to src/output. */
#ifndef VERIFY_OUTPUT_REPORT_SELF_TEST_H
#define VERIFY_OUTPUT_REPORT_SELF_TEST_H

#include "judge/self_test.h"
#include "output/fields.h"

/* Appends `"self_test": ` and what was found; null where `test` is. */
void report_self_test(struct text *text, const struct self_test *test,
                      const struct self_test_sums *sums);

#endif
