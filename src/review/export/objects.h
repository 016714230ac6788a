/* What a tool shows of a picture: its labels, what the model says of them, and objects without a
 * label. */
#ifndef VERIFY_REVIEW_EXPORT_OBJECTS_H
#define VERIFY_REVIEW_EXPORT_OBJECTS_H

#include "base/text.h"
#include "review/records.h"

enum object_kind {
    OBJECT_LABEL,
    OBJECT_MISSING, /* the model sees it, and no label does */
    OBJECT_REFINED, /* the model's own box, or points, for a label that is misplaced; behind it */
};

/* What would be done with a label. */
enum suggestion {
    SUGGEST_NOTHING,
    SUGGEST_CLASS,  /* object.suggested */
    SUGGEST_BOX,    /* object.refined */
    SUGGEST_POINTS, /* object.refined_points; of a pose with the box */
    SUGGEST_DELETE, /* another label has its object, or nothing is there */
};

/* Numbers of the list's: x and y in pixels, as exact as the label file or the records have them, of
 * some keypoints how visible they are, too. */
struct export_points {
    size_t first, count; /* count 0: there are none */
    size_t values;       /* numbers of a point: 2 or 3 */
    bool keypoints;      /* else corners of an outline or of a turned box */
};

/* Corners are x1, y1, x2, y2 in pixels of the upright picture, as exact as the records have them,
 * and not clipped to it. Texts are the record's. */
struct export_object {
    enum object_kind kind;
    uint32_t line; /* of the label file; 0 of OBJECT_MISSING */
    int64_t class;
    const char *name;
    double corners[4];
    const char *verdict; /* NULL: it is no label */
    enum reason cause;   /* of OBJECT_LABEL */
    const char *reason;  /* as in the records, "missing", "refined"; NULL of a correct label */
    double score;
    enum suggestion suggestion;
    int64_t suggested; /* -1: no other class */
    const char *suggested_name;
    bool has_refined;
    double refined[4];                           /* corners, as above */
    struct export_points points, refined_points; /* points.h; the label's, the model's for it */
};

struct object_list {
    size_t count, capacity;
    struct export_object *items; /* owned */
    size_t n_numbers, number_capacity;
    double *numbers; /* of points; owned */
};

/* Replaces what the list holds by the objects of a record: labels in the order of their lines, then
 * missing ones. Start with a zeroed list. */
enum status objects_of(const struct record *record, struct object_list *list);
void object_list_free(struct object_list *list);

/* Appends what is said of it to a person: "class: looks like bowl"; nothing of a correct label. */
void object_words(const struct export_object *object, struct text *text);

#endif
