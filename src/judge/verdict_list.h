/* The rules by which a label gets its verdict, in their order: the first that holds decides. An
 * includer defines what it makes of a row, and undefines it:
 *   FINDING(REASON, "reason", VERDICT, swaps, condition)
 *   CONFIRMED(condition)
 * "reason" is the records' word; swaps: the class is wrong, evidence.suggested is what it should
 * be. A condition speaks of `evidence` and `thresholds`. */

FINDING(DUPLICATE, "duplicate", UNCERTAIN, false, evidence->dup >= thresholds->max_dup)
FINDING(CLASS, "class", MISLABELED, true, evidence->margin > thresholds->max_margin)
/* What a label says beside box and class is in doubt only where those are not. */
#define BOX_CONFIRMED                                                                              \
    (evidence->own >= thresholds->min_own && evidence->own >= evidence->contest &&                 \
     evidence->shift <= fminf(SHIFT_DOUBTED, thresholds->max_shift))
FINDING(OUTLINE, "outline", UNCERTAIN, false,
        BOX_CONFIRMED && evidence->task.task == TASK_SEGMENT &&
            evidence->task.agreement < thresholds->min_outline)
FINDING(ANGLE, "angle", UNCERTAIN, false,
        BOX_CONFIRMED && evidence->task.task == TASK_OBB &&
            evidence->task.error > thresholds->max_angle)
FINDING(SWAPPED, "swapped", UNCERTAIN, false,
        BOX_CONFIRMED && evidence->task.task == TASK_POSE && evidence->task.pose.swapped)
FINDING(POINT, "point", UNCERTAIN, false,
        BOX_CONFIRMED && evidence->task.task == TASK_POSE &&
            evidence->task.error > thresholds->max_point)
/* Between SHIFT_DOUBTED and max_shift the place is in doubt, not wrong. */
CONFIRMED(BOX_CONFIRMED)
#undef BOX_CONFIRMED
/* A place, or another class, is named from so much evidence on. */
FINDING(LOCATION, "location", UNCERTAIN, false,
        evidence->shift > thresholds->max_shift && evidence->near >= 0.25f &&
            evidence->near >= evidence->contest)
FINDING(CONTESTED, "contested", UNCERTAIN, false,
        evidence->contest > evidence->own && evidence->contest >= 0.05f)
FINDING(UNSEEN, "unseen", UNCERTAIN, false, evidence->ghost > thresholds->max_ghost)
/* No evidence is strong enough: the last one, since it always holds. */
FINDING(WEAK, "weak", UNCERTAIN, false, true)
