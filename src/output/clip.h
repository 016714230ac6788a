/* Boxes of the model's, which may reach beyond the picture. Internal to src/output. */
#ifndef VERIFY_OUTPUT_CLIP_H
#define VERIFY_OUTPUT_CLIP_H

#include "output/result.h"

/* `box` and `out`: x1, y1, x2, y2 in pixels. False where there is no telling. */
bool box_clip(const struct image_result *result, const float box[4], double out[4]);

/* A clipped box as fractions of the picture: centre, width and height. */
void box_fractions(const struct image_result *result, const double box[4], double xywhn[4]);

#endif
