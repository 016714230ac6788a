/* The line of verification_records.jsonl for one image, the lines of predictions.json, a label file
 * as predicted. */
#ifndef VERIFY_OUTPUT_RECORD_H
#define VERIFY_OUTPUT_RECORD_H

#include "base/text.h"
#include "output/result.h"

/* Each appends to `text`. Class numbers and names are the data set's; a class of the model that the
 * data set lacks is null in a record and left out of the predictions. What is not a number is null.
 */

/* One JSON object and a newline. Evidence has 4 decimals, fractions of the picture 6,
 * scores 6 significant digits. */
enum status record_write(const struct image_result *result, const struct class_map *classes,
                         struct text *text);

/* COCO results: one line `{...},\n` a prediction with image_id (the file name without folder and
 * suffix, a number where it is one), file_name (as in the records), category_id, bbox [x, y, w, h]
 * in pixels clipped to the picture, score. A prediction of which nothing lies in the picture is
 * left out. */
enum status predictions_write(const struct image_result *result, const struct class_map *classes,
                              struct text *text);

/* "class xc yc w h\n" for each of the same predictions, clipped to the picture. */
enum status predicted_label_write(const struct image_result *result,
                                  const struct class_map *classes, struct text *text);

#endif
