/* The rules by which a label gets its verdict, in their order: the first that holds decides. An
 * includer defines what it makes of a row, and undefines it:
 *   FINDING(REASON, "reason", VERDICT, swaps, condition)
 *   CONFIRMED(condition)
 * "reason" is the records' word; swaps: the class is wrong, evidence.suggested is what it should
 * be. A condition speaks of `evidence` and `thresholds`. A row of what a task judges of a label
 * beside its box, which is in doubt only where box and class are not, is a FINDING, or what an
 * includer makes of
 *   TASK_FINDING(TASK, REASON, "reason", condition) */

#define BOX_CONFIRMED                                                                              \
    (evidence->own >= thresholds->min_own && evidence->own >= evidence->contest &&                 \
     evidence->shift <= fminf(SHIFT_DOUBTED, thresholds->max_shift))
#ifndef TASK_FINDING
#define TASK_FINDING(of_task, kind, name, condition)                                               \
    FINDING(kind, name, UNCERTAIN, false,                                                          \
            BOX_CONFIRMED && evidence->task.task == TASK_##of_task && (condition))
#endif

FINDING(DUPLICATE, "duplicate", UNCERTAIN, false, evidence->dup >= thresholds->max_dup)
FINDING(CLASS, "class", MISLABELED, true, evidence->margin > thresholds->max_margin)
TASK_FINDING(SEGMENT, OUTLINE, "outline", evidence->task.agreement < thresholds->min_outline)
TASK_FINDING(OBB, ANGLE, "angle", evidence->task.error > thresholds->max_angle)
TASK_FINDING(POSE, SWAPPED, "swapped", evidence->task.pose.swapped)
TASK_FINDING(POSE, POINT, "point", evidence->task.error > thresholds->max_point)
/* Between SHIFT_DOUBTED and max_shift the place is in doubt, not wrong. */
CONFIRMED(BOX_CONFIRMED)
/* A place, or another class, is named from so much evidence on. */
FINDING(LOCATION, "location", UNCERTAIN, false,
        evidence->shift > thresholds->max_shift && evidence->near >= 0.25f &&
            evidence->near >= evidence->contest)
FINDING(CONTESTED, "contested", UNCERTAIN, false,
        evidence->contest > evidence->own && evidence->contest >= 0.05f)
FINDING(UNSEEN, "unseen", UNCERTAIN, false, evidence->ghost > thresholds->max_ghost)
/* No evidence is strong enough: the last one, since it always holds. */
FINDING(WEAK, "weak", UNCERTAIN, false, true)

#undef TASK_FINDING
#undef BOX_CONFIRMED
