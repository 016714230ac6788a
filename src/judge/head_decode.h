/* One anchor of the raw head to a box and scores, for C and CUDA C: the formulas are those of
 * model/graph.h's enum head_kind. Boxes are in network pixels but for box_to_picture. */
#ifndef VERIFY_JUDGE_HEAD_DECODE_H
#define VERIFY_JUDGE_HEAD_DECODE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/inline.h"
#include "judge/box.h"

VERIFY_INLINE uint32_t float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
VERIFY_INLINE float bits_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Grows with |x|; above FLOAT_INFINITY for not-a-number. */
VERIFY_INLINE uint32_t float_magnitude(float x) {
    return float_bits(x) & 0x7fffffffu;
}
#define FLOAT_INFINITY 0x7f800000u

/* x within -87 to 87; -87 for not-a-number. On the bits: a comparison of floats would become a
 * branch, which keeps loops from being vectorised. */
VERIFY_INLINE float exp_argument(float x) {
    const uint32_t infinity = 0x7f800000u, limit = 0x42ae0000u /* 87 */, sign = 0x80000000u;
    uint32_t bits = float_bits(x), magnitude = bits & ~sign;
    uint32_t negative = (bits | (infinity - magnitude)) & sign;
    return bits_float((magnitude < limit ? magnitude : limit) | negative);
}

/* The most values of one exp_fast_each. */
#define EXP_AT_ONCE 4

/* Each of n values becomes e^x to a relative error below 3e-7, without a branch or a call, so that
 * loops over it vectorise; e^-87 for not-a-number. Step by step for all n: one value's operations
 * each wait for the one before, and the processor does not look far enough ahead to find the next
 * value's. */
VERIFY_INLINE void exp_fast_each(float *x, size_t n) {
#define EACH VERIFY_UNROLL for (size_t i = 0; i < n; i++)
    float shifted[EXP_AT_ONCE], whole[EXP_AT_ONCE], r[EXP_AT_ONCE], power[EXP_AT_ONCE];
    EACH x[i] = exp_argument(x[i]);
    /* x = whole ln 2 + r: adding 1.5 * 2^23 rounds x / ln 2 to whole, which is left in the low
     * bits. */
    const float shifter = 12582912.0f;
    EACH shifted[i] = x[i] * 1.44269504f + shifter;
    EACH whole[i] = shifted[i] - shifter;
    EACH r[i] = x[i] - whole[i] * 0.693359375f - whole[i] * -2.12194440e-4f;
    /* Taylor: the rest is below 5e-9 for |r| <= ln 2 / 2. */
    EACH power[i] = 1.0f / 5040;
    EACH power[i] = power[i] * r[i] + 1.0f / 720;
    EACH power[i] = power[i] * r[i] + 1.0f / 120;
    EACH power[i] = power[i] * r[i] + 1.0f / 24;
    EACH power[i] = power[i] * r[i] + 1.0f / 6;
    EACH power[i] = power[i] * r[i] + 0.5f;
    EACH power[i] = power[i] * r[i] + 1.0f;
    EACH power[i] = power[i] * r[i] + 1.0f;
    EACH x[i] = power[i] * bits_float((float_bits(shifted[i]) - float_bits(shifter) + 127u) << 23);
#undef EACH
}

VERIFY_INLINE float exp_fast(float x) {
    exp_fast_each(&x, 1);
    return x;
}

/* Next to 0 for not-a-number. */
VERIFY_INLINE float sigmoid(float x) {
    float odds = exp_fast(x);
    return odds / (1.0f + odds);
}

/* The inverse of sigmoid; -inf for 0, inf for 1. */
VERIFY_INLINE float logit(float score) {
    return logf(score / (1.0f - score));
}

/* Logits this far below the floor's are looked at closely, for the sake of rounding. */
#define LOGIT_SLACK 1e-3f

/* What the map holds, a logit or a score, for scores that may reach the floor. */
VERIFY_INLINE float candidate_bound(bool logits, float floor) {
    return logits ? logit(floor) - LOGIT_SLACK : floor;
}

/* A score that the graph itself computed, within 0 to 1; 0 for not-a-number. */
VERIFY_INLINE float score_clamp(float score) {
    score = score > 0.0f ? score : 0.0f;
    return score < 1.0f ? score : 1.0f;
}

/* Whether a number that a network's own tail makes can be a score, but for rounding;
 * not-a-number cannot. */
VERIFY_INLINE bool score_is_plausible(float score) {
    return score >= -1e-3f && score <= 1.001f;
}

/* Whether four such numbers can be the centre and size of a box, in pixels of an input of that
 * side: not fractions of it, nor far beyond it. */
VERIFY_INLINE bool box_is_in_pixels(const float sides[4], float side) {
    const float least = 4.0f;
    float most = 0;
    bool within = true;
    for (int i = 0; i < 4; i++) {
        within = within && sides[i] >= 0 && sides[i] <= 2 * side;
        most = sides[i] > most ? sides[i] : most;
    }
    return within && most >= least;
}

/* Distance of one side in strides: the mean bin under the softmax of `bins` logits that lie
 * `stride` floats apart (Generalized Focal Loss, Li et al. 2020, eq. 6). */
VERIFY_INLINE float dfl_expectation(const float *logits, size_t stride, size_t bins) {
    float top = -INFINITY, sum = 0, weighted = 0;
    for (size_t i = 0; i < bins; i++)
        top = logits[i * stride] > top ? logits[i * stride] : top;
    for (size_t i = 0; i < bins; i++) {
        float weight = exp_fast(logits[i * stride] - top);
        sum += weight;
        weighted += weight * (float)i;
    }
    return weighted / sum;
}

/* Distances in strides from the centre of cell (column, row). */
VERIFY_INLINE struct box distance_box(float left, float top, float right, float bottom,
                                      float column, float row, float stride) {
    struct box box = {(column + 0.5f - left) * stride, (row + 0.5f - top) * stride,
                      (column + 0.5f + right) * stride, (row + 0.5f + bottom) * stride};
    return box;
}

VERIFY_INLINE struct box centre_box(float x, float y, float width, float height) {
    struct box box = {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
    return box;
}

/* A cell of a map, and the anchor that boxes are scaled from there (scale_xy: see struct
 * head_level). */
struct anchor_cell {
    float column, row, stride;
};
struct anchor_size {
    float width, height, scale_xy;
};

/* A box that is turned: by an angle in radians, from the x axis towards y. */
struct turned_box {
    float x, y, width, height, angle; /* x, y: its centre */
};

/* The angle of a head of TASK_OBB, from what its map holds (see struct head). */
VERIFY_INLINE float head_angle(bool raw, float value) {
    return raw ? value : (sigmoid(value) - 0.25f) * 3.14159265f;
}

/* Distances in strides from the cell's centre to the sides (left, top, right, bottom) of a box that
 * is turned around it. */
VERIFY_INLINE struct turned_box distance_turned_box(const float sides[4], float angle,
                                                    struct anchor_cell cell) {
    float x = (sides[2] - sides[0]) / 2, y = (sides[3] - sides[1]) / 2;
    float c = cosf(angle), s = sinf(angle);
    struct turned_box box = {(cell.column + 0.5f + x * c - y * s) * cell.stride,
                             (cell.row + 0.5f + x * s + y * c) * cell.stride,
                             (sides[0] + sides[2]) * cell.stride,
                             (sides[1] + sides[3]) * cell.stride, angle};
    return box;
}

/* One coordinate of a keypoint, in network pixels, of a cell in this column or row (see struct
 * head). */
VERIFY_INLINE float keypoint_at(bool centred, float value, float cell, float stride) {
    return (centred ? value + cell + 0.5f : 2 * value + cell) * stride;
}

/* The upright box around it. */
VERIFY_INLINE struct box turned_hull(struct turned_box box) {
    float c = fabsf(cosf(box.angle)), s = fabsf(sinf(box.angle));
    return centre_box(box.x, box.y, box.width * c + box.height * s, box.width * s + box.height * c);
}

/* From the four logits of an anchor-based head (YOLOv5's). */
VERIFY_INLINE struct box anchor_box(float x, float y, float width, float height,
                                    struct anchor_cell cell, struct anchor_size size) {
    float w = 2 * sigmoid(width), h = 2 * sigmoid(height);
    return centre_box((2 * sigmoid(x) - 0.5f + cell.column) * cell.stride,
                      (2 * sigmoid(y) - 0.5f + cell.row) * cell.stride, w * w * size.width,
                      h * h * size.height);
}

/* The same of Darknet's [yolo] layers, and of YOLOX's head. */
VERIFY_INLINE struct box anchor_box_exponential(float x, float y, float width, float height,
                                                struct anchor_cell cell, struct anchor_size size) {
    float offset = (size.scale_xy - 1) / 2;
    bool linear = size.scale_xy < 0;
    float x_cell = linear ? x : size.scale_xy * sigmoid(x) - offset;
    float y_cell = linear ? y : size.scale_xy * sigmoid(y) - offset;
    return centre_box((x_cell + cell.column) * cell.stride, (y_cell + cell.row) * cell.stride,
                      exp_fast(width) * size.width, exp_fast(height) * size.height);
}

/* Network pixels to picture pixels (see struct letterbox); not clipped to the picture. */
VERIFY_INLINE struct box box_to_picture(struct box box, float left, float top, float gain_x,
                                        float gain_y) {
    struct box picture = {(box.x1 - left) / gain_x, (box.y1 - top) / gain_y,
                          (box.x2 - left) / gain_x, (box.y2 - top) / gain_y};
    return picture;
}

#endif
