/* The flags that verdicts are made anew by, and the report of it. */
#ifndef VERIFY_REVIEW_REJUDGE_FLAGS_H
#define VERIFY_REVIEW_REJUDGE_FLAGS_H

#include "job/options.h"
#include "output/json_member.h"
#include "output/tally.h"

/* Sets the verdicts' flags to what is given (not NAN) and, for the rest, to the run's. A
 * --max-margin that is given alone takes the place of a --precision. `going_on`: to what they were
 * when verdicts were begun to be made anew; STATUS_BAD_INPUT where others are given. */
enum status rejudge_flags(const char *output, bool going_on, const struct options *given,
                          struct options *flags);
/* Notes in the run's file that its verdicts are being made anew by these. */
enum status rejudge_note(const char *output, const struct options *flags);

/* What --precision comes to. */
enum precision_case {
    PRECISION_OFF,
    PRECISION_UNKNOWN, /* there is no estimate: --max-margin stays */
    PRECISION_REACHED,
    PRECISION_NEAREST, /* no threshold of the self-test's reaches it: the nearest */
};
struct precision_choice {
    enum precision_case found;
    double wanted;
    double max_margin; /* the threshold to be used */
    double estimate;   /* of PRECISION_NEAREST: what it comes to there */
};
/* From the table that the report's self-test has (`self_test` may be NULL): the least threshold
 * from which on about the share `flags->precision` is right, in a straight line between the
 * table's, rounded up to a hundredth. */
struct precision_choice precision_choose(const struct options *flags,
                                         struct json_object *self_test);
/* Appends what it says of it, without a newline; nothing for PRECISION_OFF. */
void precision_line(const struct precision_choice *choice, struct text *text);
/* Whether that is a warning. */
bool precision_is_odd(const struct precision_choice *choice);

/* The draft of the report, by what these thresholds make of the tally. `former`: the report that is
 * there. */
enum status rejudge_report(const char *output, const struct options *flags,
                           struct json_object *former, const struct tally *tally,
                           const struct class_map *classes);

#endif
