/* Which part of its picture a finding's crop shows. */
#ifndef VERIFY_REVIEW_PAGES_CROP_AREA_H
#define VERIFY_REVIEW_PAGES_CROP_AREA_H

#include "image/image.h"
#include "review/findings.h"

/* A square of pixels around all boxes of the finding, twice as large as they are, and at least a
 * sixth of the picture's longer side; of an invalid line, the whole picture. It is moved into the
 * picture as far as there is room, and reaches beyond it where there is not. Empty: the picture
 * could not be read. */
struct image_area crop_area(const struct record *record, const struct finding *finding);
/* A square with the whole picture in it. */
struct image_area crop_area_whole(const struct record *record);

#endif
