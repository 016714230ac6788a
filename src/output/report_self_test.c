/* The report's self_test. */
#include "output/report_self_test.h"

#include <math.h>

enum { RATE_DECIMALS = 4 };

/* Null where there is none. */
static void write_rate(struct text *text, const char *key, double rate) {
    field_number(text, key, rate, RATE_DECIMALS);
}

static void write_row(struct text *text, const struct self_test_row *row) {
    write_rate(text, "recall_any_class", row->any_class);
    write_rate(text, "recall_look_alike", row->look_alike);
    write_rate(text, "precision", row->precision);
}

static void write_wrong_class(struct text *text, const struct self_test *test) {
    field_key(text, "wrong_class");
    text_string(text, "{");
    field_count(text, "labels", test->labels);
    write_rate(text, "estimated_share", test->share);
    write_row(text, &test->row);
    field_key(text, "table");
    text_string(text, "[");
    for (size_t i = 0; i < MARGIN_EDGES && !isnan(test->share); i++) {
        field_next(text);
        text_string(text, "{");
        write_rate(text, "max_margin", test->table[i].max_margin);
        write_row(text, &test->table[i]);
        text_string(text, "}");
    }
    text_string(text, "]}");
}

static void write_planted(struct text *text, enum planted_kind kind,
                          const uint64_t counts[PLANTED_COUNTS]) {
    uint64_t found = 0;
    if (kind == PLANTED_TURNED && counts[PLANTED_ALL] == 0)
        return;
    for (int r = 0; r < REASON_COUNT; r++) /* silence is no finding */
        found += r == REASON_WEAK ? 0 : counts[PLANTED_DOUBTED + r];
    field_key(text, planted_name(kind));
    text_string(text, "{");
    field_count(text, "planted", counts[PLANTED_ALL]);
    field_count(text, "found", found);
    field_key(text, "by_reason");
    text_string(text, "{");
    if (kind == PLANTED_MISSING)
        field_count(text, planted_name(kind), found);
    for (int r = REASON_UNKNOWN_CLASS + 1; kind != PLANTED_MISSING && r < REASON_COUNT; r++)
        if (counts[PLANTED_DOUBTED + r] > 0 || !reason_is_of_points((enum reason)r))
            field_count(text, reason_name((enum reason)r), counts[PLANTED_DOUBTED + r]);
    text_string(text, "}}");
}

void report_self_test(struct text *text, const struct self_test *test,
                      const struct self_test_sums *sums) {
    field_key(text, "self_test");
    if (!test) {
        text_string(text, "null");
        return;
    }
    text_string(text, "{");
    write_wrong_class(text, test);
    for (size_t kind = 0; kind < PLANTED_KINDS; kind++)
        write_planted(text, (enum planted_kind)kind,
                      sums->counts + SUMS_PLANTED + kind * PLANTED_COUNTS);
    text_string(text, "}");
}
