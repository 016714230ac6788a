/* What the screen says of the self-test. */
#ifndef VERIFY_JOB_SELF_TEST_LINE_H
#define VERIFY_JOB_SELF_TEST_LINE_H

#include "base/text.h"
#include "judge/self_test.h"

/* Appends one line without its newline: what was found, or why there is no estimate. */
void self_test_line(const struct self_test *test, struct text *line);

#endif
