/* Label files parsed from memory, and what is expected of their labels. */
#ifndef VERIFY_TESTS_LABEL_PARSE_H
#define VERIFY_TESTS_LABEL_PARSE_H

#include <stdlib.h>
#include <string.h>

#include "data/label.h"
#include "unit.h"

static inline void parse(const char *bytes, size_t length, size_t n_classes,
                         struct label_file *file) {
    /* An exact copy on the heap, so that a sanitizer sees a read past the end. */
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    const struct label_rules rules = {.n_classes = n_classes};
    assert_int_equal(label_file_parse(copy, length, &rules, file), STATUS_OK);
    free(copy);
}

static inline void assert_box(const struct label *label, uint32_t line, uint32_t class, double x,
                              double y, double w, double h) {
    assert_int_equal(label->line, line);
    assert_int_equal(label->class, class);
    const double wanted[4] = {x, y, w, h};
    for (size_t i = 0; i < 4; i++)
        assert_float_equal(label->xywhn[i], wanted[i], 1e-6);
}

static inline void assert_reason(const struct label_file *file, size_t index, uint32_t line,
                                 const char *reason) {
    assert_true(index < file->n_invalid);
    assert_int_equal(file->invalid[index].line, line);
    assert_string_equal(file->invalid[index].reason, reason);
}

#endif
