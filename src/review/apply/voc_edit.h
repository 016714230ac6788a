/* Pascal VOC's annotations with decisions carried out: what is not decided stays the same bytes. */
#ifndef VERIFY_REVIEW_APPLY_VOC_EDIT_H
#define VERIFY_REVIEW_APPLY_VOC_EDIT_H

#include "review/apply/label_edit.h"

/* As label_edit_make; a decision's line is the object's number. `names`: of the n_names classes.
 * Sides that are whole numbers stay such. `bytes` NULL: there is no file to add an object to. */
enum status voc_edit_make(const char *bytes, size_t length, const char *const *names,
                          size_t n_names, struct decision *decisions, size_t n_decisions,
                          struct label_edit *edit);

#endif
