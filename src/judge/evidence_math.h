/* The formulas of docs/evidence.md, one element at a time, for C and CUDA C. */
#ifndef VERIFY_JUDGE_EVIDENCE_MATH_H
#define VERIFY_JUDGE_EVIDENCE_MATH_H

#include <math.h>
#include <stdbool.h>

#include "base/inline.h"

#define NEAR_IOU       0.1f   /* anchors that overlap a label less say nothing about it */
#define CLASS_IOU      0.3f   /* where the ramp of own and contest begins */
#define RIVAL_IOU      0.4f   /* … and that of rival */
#define TWIN_IOU       0.6f   /* labels that overlap more may be one object */
#define FUSE_IOU       0.6f   /* anchors fused into the refined box overlap the best more */
#define FUSE_SCORE     0.1f   /* … and have more than this share of its score */
#define NOISY_OR_LIMIT 0.999f /* the most that one anchor can say */
#define BETTER_TWIN    0.5f   /* a label that is the better of two is still a little suspect */

#define MISSING_NMS_IOU 0.7f  /* NMS of the objects that labels should explain */
#define EXPLAINED_IOU   0.45f /* a label explains an object that it overlaps by this much */
#define MISSING_MAX     3000 /* beyond so many objects the network knows nothing; bounds NMS, too */

/* How much an anchor of IoU u counts: 0 up to `low`, 1 from `high`, linear between. */
VERIFY_INLINE float ramp(float u, float low, float high) {
    float x = (u - low) / (high - low);
    x = x > 0.0f ? x : 0.0f;
    return x < 1.0f ? x : 1.0f;
}
VERIFY_INLINE float ramp_class(float u) {
    return ramp(u, CLASS_IOU, 0.7f);
}
VERIFY_INLINE float ramp_rival(float u) {
    return ramp(u, RIVAL_IOU, 0.8f);
}
VERIFY_INLINE float ramp_near(float u) {
    return ramp(u, 0.15f, 0.25f);
}
VERIFY_INLINE float ramp_here(float u) {
    return ramp(u, 0.6f, 0.8f);
}
VERIFY_INLINE float ramp_refine(float u) {
    return ramp(u, NEAR_IOU, 0.5f);
}

/* Adds one term to a noisy-or that starts at 0: 1 - (1 - total) (1 - x). In this form sums of tiny
 * terms keep their relative precision. */
VERIFY_INLINE float noisy_or(float total, float x) {
    x = x < NOISY_OR_LIMIT ? x : NOISY_OR_LIMIT;
    return total + x * (1.0f - total);
}

/* `has_rival`, `has_own`: whether another label of the picture has the strongest other class, or
 * the given one. Classes come in company: a picture with a tv is likelier to have a second one. */
VERIFY_INLINE float margin_context(bool has_rival, bool has_own) {
    return (has_rival ? 0.5f : 0.0f) - (has_own ? 1.0f : 0.0f);
}
VERIFY_INLINE float evidence_margin(float own, float rival, bool has_rival, bool has_own) {
    return logf((rival + 1e-3f) / (own + 1e-4f)) + margin_context(has_rival, has_own);
}
/* The `own` below which the margin is above `margin`. */
VERIFY_INLINE float margin_own_limit(float margin, float rival, bool has_rival, bool has_own) {
    return (rival + 1e-3f) * expf(margin_context(has_rival, has_own) - margin) - 1e-4f;
}
VERIFY_INLINE float evidence_shift(float near, float here) {
    return logf((near + 1e-2f) / (here + 1e-3f));
}
/* `size`: sqrt(width height) in network pixels. */
VERIFY_INLINE float evidence_ghost(float size, float own, float contest, float near) {
    return 0.5f * logf(size / 100 + 1e-9f) - logf(own + 0.1f * contest + 3e-3f) -
           0.5f * logf(near + 1e-2f);
}

#endif
