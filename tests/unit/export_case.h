/* For exports: read or refused, and what they make of a picture. */
#ifndef VERIFY_TEST_EXPORT_CASE_H
#define VERIFY_TEST_EXPORT_CASE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "raw_head.h"
#include "unit.h"

static inline void read_model(const char *path, int64_t imgsz, struct model *model) {
    if (model_read(path, NULL, imgsz, model) != STATUS_OK)
        fail_msg("%s", status_message());
}

static inline void check_refused(const char *path, const char *says) {
    struct model model;
    assert_int_equal(model_read(path, NULL, 0, &model), STATUS_BAD_INPUT);
    if (strstr(status_message(), says) == NULL)
        fail_msg("%s", status_message());
}

/* Of the absolute values. */
static inline double sum_of(const float *values, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += fabs((double)values[i]);
    return sum;
}

/* A picture without meaning, in RGB from 0 to 1; the caller frees it. */
static inline float *make_input(size_t height, size_t width) {
    float *input = malloc(3 * height * width * sizeof *input);
    assert_non_null(input);
    for (size_t i = 0; i < 3 * height * width; i++)
        input[i] = (float)(i * 37 % 64) / 64.0f;
    return input;
}

/* What a file's own tail makes of make_input: sums of all boxes and scores, and the first box with
 * its first score. */
struct export_boxes {
    double boxes, scores;
    float first[5];
};

static inline void check_boxes(const struct model *model, size_t side, size_t anchors,
                               const struct export_boxes *expected) {
    struct decoded decoded;
    float *input = make_input(side, side);
    assert_int_equal(raw_head_run(model, side, side, input, &decoded), STATUS_OK);
    assert_int_equal(decoded.count, anchors);
    assert_float_equal(sum_of(decoded.boxes, 4 * anchors), expected->boxes, 1e-6 * expected->boxes);
    assert_float_equal(sum_of(decoded.scores, model->n_classes * anchors), expected->scores,
                       1e-6 * expected->scores);
    for (size_t k = 0; k < 4; k++)
        assert_float_equal(decoded.boxes[k], expected->first[k], 1e-4);
    assert_float_equal(decoded.scores[0], expected->first[4], 1e-5);
    free(decoded.boxes);
    free(decoded.scores);
    free(input);
}

#endif
