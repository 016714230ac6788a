/* The formulas of docs/evidence.md, one element at a time, for C and CUDA C. */
#ifndef VERIFY_JUDGE_EVIDENCE_MATH_H
#define VERIFY_JUDGE_EVIDENCE_MATH_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/inline.h"

#define NEAR_IOU       0.1f   /* anchors that overlap a label less say nothing about it */
#define CLASS_IOU      0.3f   /* where the ramp of own and contest begins */
#define RIVAL_IOU      0.4f   /* … and that of rival */
#define TWIN_IOU       0.6f   /* labels that overlap more may be one object */
#define FUSE_IOU       0.6f   /* anchors fused into the refined box overlap the best more */
#define FUSE_SCORE     0.1f   /* … and have more than this share of its score */
#define NOISY_OR_LIMIT 0.999f /* the most that one anchor can say */
#define BETTER_TWIN    0.5f   /* a label that is the better of two is still a little suspect */

#define GROUP_SCORE  0.1f /* objects that a box around several holds have at least this score */
#define GROUP_INSIDE 0.8f /* … more than this share of each lies in it */
#define GROUP_SHARE  0.6f /* … and is less than this share of it */

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

/* Takes one term from a doubt that starts at 1, the chance that all terms err. In this form doubts
 * that are tiny keep their relative precision. */
VERIFY_INLINE float doubt_less(float doubt, float x) {
    x = x < NOISY_OR_LIMIT ? x : NOISY_OR_LIMIT;
    return doubt * (1.0f - x);
}
/* How much an anchor or object of IoU u counts for one object or another at a missing one's place.
 */
VERIFY_INLINE float ramp_agree(float u) {
    return ramp(u, 0.5f, 0.7f);
}
/* How much a view's anchors agree on an object. `doubt`: the chance that all anchors of its class
 * at its place err; `other`: the surest object of another class there. Of most networks some six
 * anchors see an object: this is what one of them would say. */
VERIFY_INLINE float missing_agreement(float doubt, float other) {
    return 1.0f - powf(other + (1.0f - other) * doubt, 1.0f / 6.0f);
}
/* How sure it is that an object without a label is there, by its score and the views' agreement.
 * Networks that have one anchor an object need a score that is higher by a quarter. */
VERIFY_INLINE float missing_certainty(float score, float agreement, float other) {
    float alone = score * (1.0f - other) - 0.25f;
    return agreement > alone ? agreement : alone;
}

#endif
