/* Which threshold gives a precision. */
#include <math.h>

#include "review/rejudge/flags.h"

/* Up to a hundredth, but for what sums of hundredths are off. */
static double round_up(double value) {
    return ceil(100 * value - 1e-6) / 100;
}

/* The place on the line between two rows where the precision is the one that is wanted. */
static double between(struct json_object *low, struct json_object *high, double wanted) {
    double from = json_member_number(low, "max_margin"),
           to = json_member_number(high, "max_margin");
    double worst = json_member_number(low, "precision"),
           best = json_member_number(high, "precision");
    double place = round_up(from + (to - from) * (wanted - worst) / (best - worst));
    return place < to ? place : to; /* also where there is no telling */
}

struct precision_choice precision_choose(const struct options *flags,
                                         struct json_object *self_test) {
    struct precision_choice choice = {PRECISION_OFF, flags->precision, flags->max_margin, 0};
    struct json_object *table = json_member(json_member(self_test, "wrong_class", json_type_object),
                                            "table", json_type_array);
    size_t rows = table ? json_object_array_length(table) : 0;
    if (!(flags->precision > 0))
        return choice;
    choice.found = PRECISION_UNKNOWN;
    for (size_t i = 0; i < rows; i++) {
        struct json_object *row = json_object_array_get_idx(table, i);
        double precision = json_member_number(row, "precision");
        if (precision >= choice.wanted) {
            choice.found = PRECISION_REACHED;
            choice.max_margin =
                i == 0 ? json_member_number(row, "max_margin")
                       : between(json_object_array_get_idx(table, i - 1), row, choice.wanted);
            break;
        }
        if (precision > choice.estimate) {
            choice.found = PRECISION_NEAREST;
            choice.estimate = precision;
            choice.max_margin = json_member_number(row, "max_margin");
        }
    }
    return choice;
}

bool precision_is_odd(const struct precision_choice *choice) {
    return choice->found == PRECISION_UNKNOWN || choice->found == PRECISION_NEAREST;
}

void precision_line(const struct precision_choice *choice, struct text *text) {
    switch (choice->found) {
    case PRECISION_OFF:
        break;
    case PRECISION_UNKNOWN:
        text_format(text, "--precision %g: the self-test has no estimate: --max-margin stays %g",
                    choice->wanted, choice->max_margin);
        break;
    case PRECISION_REACHED:
        text_format(text, "--precision %g: --max-margin is %g, by the self-test's estimate",
                    choice->wanted, choice->max_margin);
        break;
    case PRECISION_NEAREST:
        text_format(text,
                    "--precision %g: the self-test expects %.4g at most: --max-margin is %g, where "
                    "it does",
                    choice->wanted, choice->estimate, choice->max_margin);
        break;
    }
}
