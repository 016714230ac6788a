/* Points of objects: of labels that say more than a box, and the model's own. */
#ifndef VERIFY_REVIEW_EXPORT_POINTS_H
#define VERIFY_REVIEW_EXPORT_POINTS_H

#include "review/export/objects.h"
#include "review/pages/page_label.h"

/* Sets the points of a record's objects, which objects_of has listed. `label`: its label file;
 * `shape`: of the data set's keypoints. */
enum status object_points_find(const struct record *record, const struct page_label *label,
                               const struct keypoint_shape *shape, struct object_list *list);

/* How many of keypoints are not left out. */
size_t object_points_shown(const struct object_list *list, const struct export_points *points);

/* Appends x1, y1, x2, y2 … with commas between; of keypoints, each with its visibility, 0 or 2
 * where only how sure the model is of it is known. */
void object_points_write(const struct object_list *list, const struct export_points *points,
                         int decimals, struct text *text);

/* The points of an object's outline; NULL: it has none, or keypoints. */
const struct export_points *object_outline(const struct export_object *object);
/* Appends an outline's points in pixels; marks: what stands before x, between x and y, behind y,
 * and between two points. */
void object_outline_write(const struct object_list *list, const struct export_points *outline,
                          const char *const marks[4], int decimals, struct text *text);

#endif
