/* COCO's annotations with decisions carried out: what is not decided stays the same bytes. */
#ifndef VERIFY_REVIEW_APPLY_COCO_EDIT_H
#define VERIFY_REVIEW_APPLY_COCO_EDIT_H

#include "data/path_list.h"
#include "review/apply/label_edit.h"

/* As label_edit_make, for the bytes of `file`; a decision's line is the annotation's number.
 * `names`: of images, in which decisions are places. With a new box goes the annotation's `area`.
 */
enum status coco_edit_make(const char *file, const char *bytes, size_t length,
                           const struct path_list *names, struct decision *decisions,
                           size_t n_decisions, struct label_edit *edit);

#endif
