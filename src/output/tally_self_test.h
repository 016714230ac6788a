/* The words of an image's line that the self-test counts. Internal to src/output.
 *
 * A label that was judged: "s<class>.<margin>.", its margin's bin as a letter from "a" on, and what
 * it would be with each class of the data set, in their order: a letter for the bin, "-" for none,
 * followed by how often it comes where that is more than once. Then, for each class that is seen,
 * ",<class>:<evidence>". Where there are too many classes for their pairs to be counted, the bins
 * come in the order of their letters, and no evidence follows.
 * A planted error: "p<kind>", followed by ".<reason>" where it is doubted. */
#ifndef VERIFY_OUTPUT_TALLY_SELF_TEST_H
#define VERIFY_OUTPUT_TALLY_SELF_TEST_H

#include "base/text.h"
#include "output/result.h"

/* Appends them, each with a blank before it. */
void self_test_words(const struct image_result *result, const struct class_map *classes,
                     struct text *line);
/* Those of labels alone. They do not depend on thresholds. */
void self_test_label_words(const struct image_result *result, const struct class_map *classes,
                           struct text *line);

static inline bool is_self_test_word(const char *at) {
    return *at == 's' || *at == 'p';
}
/* Reads a word, of a data set of so many classes, and counts it; NULL: does not count it. *at moves
 * behind it. False where it is no such word. */
bool self_test_read(const char **at, size_t n_classes, struct self_test_sums *sums);

#endif
