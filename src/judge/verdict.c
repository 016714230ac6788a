/* What the rules of verdict_list.h say of a label. */
#include "judge/judge.h"

#include <math.h>

struct ruling verdict_of(const struct evidence *evidence, const struct thresholds *thresholds) {
#define FINDING(kind, name, verdict, swaps, condition)                                             \
    if (condition)                                                                                 \
        return (struct ruling){VERDICT_##verdict, REASON_##kind, swaps};
#define CONFIRMED(condition)                                                                       \
    if (condition)                                                                                 \
        return (struct ruling){VERDICT_CORRECT, REASON_NONE, false};
#include "judge/verdict_list.h"
#undef FINDING
#undef CONFIRMED
}

struct ruling verdict_of_unknown(void) {
    return (struct ruling){VERDICT_UNCERTAIN, REASON_UNKNOWN_CLASS, false};
}

const char *verdict_name(enum verdict verdict) {
    static const char *const names[VERDICT_COUNT] = {
        [VERDICT_CORRECT] = "correct",
        [VERDICT_MISLABELED] = "mislabeled",
        [VERDICT_UNCERTAIN] = "uncertain",
    };
    return names[verdict];
}

const char *reason_name(enum reason reason) {
    static const char *const names[REASON_COUNT] = {
        [REASON_UNKNOWN_CLASS] = "unknown_class",
#define FINDING(kind, name, verdict, swaps, condition) [REASON_##kind] = (name),
#define CONFIRMED(condition)
#include "judge/verdict_list.h"
#undef FINDING
#undef CONFIRMED
    };
    return names[reason];
}
