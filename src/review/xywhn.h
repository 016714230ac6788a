/* Boxes as labels have them: x centre, y centre, width, height, as fractions of a picture. */
#ifndef VERIFY_REVIEW_XYWHN_H
#define VERIFY_REVIEW_XYWHN_H

/* Intersection over union of two boxes of one picture, 0 to 1; NAN where a coordinate is. */
double xywhn_iou(const double a[4], const double b[4]);

#endif
