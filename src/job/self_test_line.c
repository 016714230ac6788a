/* The self-test in plain words. */
#include "job/self_test_line.h"

#include <inttypes.h>
#include <math.h>

void self_test_line(const struct self_test *test, struct text *line) {
    const struct self_test_row *row = &test->row;
    text_string(line, "Self-test: ");
    if (test->labels < SELF_TEST_LEAST)
        text_format(line, "%" PRIu64 " labels are too few for an estimate (%d are needed)",
                    test->labels, SELF_TEST_LEAST);
    else if (isnan(test->share))
        text_string(line, "no estimate, since there is but one class");
    else if (isnan(row->precision))
        text_format(line, "no estimate for a --max-margin below %g or above %g",
                    test->table[0].max_margin, test->table[MARGIN_EDGES - 1].max_margin);
    else
        text_format(line,
                    "of 100 labels with a wrong class about %.0f would be found; about %.0f of 100 "
                    "called mislabeled are wrong (estimated: %.1f%% of labels)",
                    100 * row->any_class, 100 * row->precision, 100 * test->share);
}
