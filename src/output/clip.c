/* Boxes of the model's, which may reach beyond the picture. */
#include "output/clip.h"

#include <math.h>

bool box_clip(const struct image_result *result, const float box[4], double out[4]) {
    double size[2] = {result->width, result->height};
    for (int i = 0; i < 4; i++) {
        if (!isfinite(box[i]))
            return false;
        out[i] = fmin(fmax(box[i], 0), size[i % 2]);
    }
    return result->width > 0 && result->height > 0;
}

void box_fractions(const struct image_result *result, const double box[4], double xywhn[4]) {
    double size[2] = {result->width, result->height};
    for (int i = 0; i < 2; i++) {
        xywhn[i] = (box[i] + box[i + 2]) / 2 / size[i];
        xywhn[i + 2] = (box[i + 2] - box[i]) / size[i];
    }
}
