/* A record's boxes and missing objects as tools are given them. */
#include "review/export/objects.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static void corners_of(const struct record *record, const double xywhn[4], double corners[4]) {
    for (int axis = 0; axis < 2; axis++) {
        double size = axis == 0 ? record->width : record->height;
        corners[axis] = (xywhn[axis] - xywhn[axis + 2] / 2) * size;
        corners[axis + 2] = (xywhn[axis] + xywhn[axis + 2] / 2) * size;
    }
}

/* Of a contested label it is not sure enough what should become of it. */
static enum suggestion suggestion_for(const struct record_box *box) {
    static const enum suggestion suggestions[REASON_COUNT] = {
        [REASON_CLASS] = SUGGEST_CLASS,
        [REASON_LOCATION] = SUGGEST_BOX,
        [REASON_DUPLICATE] = SUGGEST_DELETE,
        [REASON_UNSEEN] = SUGGEST_DELETE,
    };
    enum suggestion suggestion =
        reason_is_of_points(box->reason) ? SUGGEST_POINTS : suggestions[box->reason];
    if (suggestion == SUGGEST_POINTS)
        return box->refined_points.count > 0 ? suggestion : SUGGEST_NOTHING;
    bool possible = suggestion == SUGGEST_CLASS ? box->suggested >= 0
                                                : suggestion != SUGGEST_BOX || box->has_refined;
    return possible ? suggestion : SUGGEST_NOTHING;
}

/* The strongest other class is of no interest where it is not what is wrong. */
static bool names_another(const struct record_box *box) {
    return box->suggested >= 0 && (box->reason == REASON_CLASS || box->reason == REASON_CONTESTED);
}

static struct export_object label_object(const struct record *record,
                                         const struct record_box *box) {
    struct export_object object = {
        .kind = OBJECT_LABEL,
        .line = box->line,
        .class = box->class,
        .name = box->name ? box->name : "",
        .verdict = verdict_name(box->verdict),
        .cause = box->reason,
        .reason = reason_name(box->reason),
        .score = box->score,
        .suggestion = suggestion_for(box),
        .suggested = names_another(box) ? box->suggested : -1,
        .suggested_name = box->suggested_name ? box->suggested_name : "",
        .has_refined = box->has_refined,
    };
    corners_of(record, box->xywhn, object.corners);
    if (box->has_refined)
        corners_of(record, box->refined, object.refined);
    return object;
}

static struct export_object missing_object(const struct record *record,
                                           const struct record_missing *missing) {
    struct export_object object = {
        .kind = OBJECT_MISSING,
        .class = missing->class,
        .name = missing->name ? missing->name : "",
        .reason = "missing",
        .score = missing->score,
        .suggested = -1,
        .suggested_name = "",
    };
    corners_of(record, missing->xywhn, object.corners);
    return object;
}

static struct export_object refined_object(const struct export_object *label) {
    struct export_object object = *label;
    object.kind = OBJECT_REFINED;
    object.verdict = NULL;
    object.reason = "refined";
    object.suggestion = SUGGEST_NOTHING;
    object.suggested = -1;
    object.suggested_name = "";
    for (int i = 0; i < 4; i++)
        object.corners[i] = label->refined[i];
    return object;
}

enum status objects_of(const struct record *record, struct object_list *list) {
    enum status status;
    list->count = 0;
    TRY(memory_reserve(&list->items, &list->capacity, 2 * record->n_boxes + record->n_missing + 1,
                       sizeof *list->items));
    for (size_t i = 0; i < record->n_boxes; i++) {
        struct export_object *object = &list->items[list->count++];
        *object = label_object(record, &record->boxes[i]);
        if (object->suggestion == SUGGEST_BOX ||
            (object->suggestion == SUGGEST_POINTS && object->has_refined))
            list->items[list->count++] = refined_object(object);
    }
    for (size_t i = 0; i < record->n_missing; i++)
        if (!isnan(record->missing[i].xywhn[0])) /* none of it lies in the picture */
            list->items[list->count++] = missing_object(record, &record->missing[i]);
out:
    return status;
}

void object_list_free(struct object_list *list) {
    free(list->items);
    free(list->numbers);
    *list = (struct object_list){0};
}

void object_words(const struct export_object *object, struct text *text) {
    static const struct {
        const char *words;
        bool names; /* the suggested class follows */
    } said[REASON_COUNT] = {
        [REASON_UNKNOWN_CLASS] = {"the model does not know this class", false},
        [REASON_DUPLICATE] = {"another label has this object", false},
        [REASON_CLASS] = {"looks like", true},
        [REASON_LOCATION] = {"the object lies elsewhere", false},
        [REASON_CONTESTED] = {"may be", true},
        [REASON_UNSEEN] = {"nothing of this size is seen here", false},
        [REASON_WEAK] = {"little evidence for it, none against it", false},
    };
    if (object->kind == OBJECT_MISSING)
        text_string(text, "missing: no label has this object");
    else if (object->kind == OBJECT_REFINED && object->points.count > 0)
        text_string(text, "refined: the model's own for a label that is not as the model sees it");
    else if (object->kind == OBJECT_REFINED)
        text_string(text, "refined: the model's own box for a label that is misplaced");
    else if (object->reason && reason_is_of_points(object->cause))
        text_format(text, "%s: not as the model sees it", object->reason);
    else if (object->reason) {
        bool names = said[object->cause].names && object->suggested >= 0;
        text_format(text, "%s: %s%s%s", object->reason, said[object->cause].words, names ? " " : "",
                    names ? object->suggested_name : "");
    }
}
