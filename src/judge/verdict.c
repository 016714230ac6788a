/* What the rules of verdict_list.h say of a label. */
#include "judge/judge.h"

#include <math.h>

struct ruling verdict_of(const struct evidence *evidence, const struct thresholds *thresholds) {
    const struct {
        bool holds;
        struct ruling ruling;
    } rules[] = {
#define FINDING(kind, name, verdict, swaps, condition)                                             \
    {(condition), {VERDICT_##verdict, REASON_##kind, (swaps)}},
#define CONFIRMED(condition) {(condition), {VERDICT_CORRECT, REASON_NONE, false}},
#include "judge/verdict_list.h"
#undef FINDING
#undef CONFIRMED
    };
    size_t i = 0;
    while (!rules[i].holds) /* the last one does */
        i++;
    return rules[i].ruling;
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

bool reason_is_of_points(enum reason reason) {
    static const bool of_points[REASON_COUNT] = {
#define FINDING(kind, name, verdict, swaps, condition)
#define TASK_FINDING(of_task, kind, name, condition) [REASON_##kind] = true,
#define CONFIRMED(condition)
#include "judge/verdict_list.h"
#undef FINDING
#undef CONFIRMED
    };
    return of_points[reason];
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
