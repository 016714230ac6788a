/* Boxes and scores of a distance head, as exported tails compute them: for tests of what comes
 * before. */
#ifndef VERIFY_TEST_HEAD_BOXES_H
#define VERIFY_TEST_HEAD_BOXES_H

#include <math.h>

#include "cpu_rig.h"

static inline float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

/* One side of a box: the mean of a softmax over its bins, or the value itself. */
static inline float distance(const float *logits, size_t bins, size_t stride) {
    if (bins == 1)
        return logits[0];
    double sum = 0.0, mean = 0.0;
    for (size_t i = 0; i < bins; i++) {
        double e = exp((double)logits[i * stride]);
        sum += e;
        mean += e * (double)i;
    }
    return (float)(mean / sum);
}

/* Decodes a distance head into (4 + n_classes, anchors), as the exported tails do. Returns the
 * number of anchors written from `first` on. */
static inline size_t decode_level(const struct head *head, size_t level,
                                  const struct head_maps *maps, float *out, size_t first,
                                  size_t anchors) {
    const struct head_level *at = &head->levels[level];
    size_t width = maps->boxes[level].width, cells = width * maps->boxes[level].height;
    float *boxes = map_planes(&maps->boxes[level]), *scores = map_planes(&maps->scores[level]);
    for (size_t cell = 0; cell < cells; cell++) {
        float side[4];
        for (size_t i = 0; i < 4; i++)
            side[i] = distance(boxes + (at->box_channel + i * head->bins) * cells + cell,
                               head->bins, cells);
        float x = (float)(cell % width) + 0.5f, y = (float)(cell / width) + 0.5f;
        float *to = out + first + cell;
        to[0 * anchors] = (x + (side[2] - side[0]) / 2.0f) * (float)at->stride;
        to[1 * anchors] = (y + (side[3] - side[1]) / 2.0f) * (float)at->stride;
        to[2 * anchors] = (side[0] + side[2]) * (float)at->stride;
        to[3 * anchors] = (side[1] + side[3]) * (float)at->stride;
        for (size_t i = 0; i < head->n_classes; i++)
            to[(4 + i) * anchors] = sigmoid(scores[(at->score_channel + i) * cells + cell]);
    }
    free(boxes);
    free(scores);
    return cells;
}

#endif
