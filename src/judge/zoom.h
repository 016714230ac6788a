/* A closer look at a label whose place is in doubt: the part of the picture around it, as a picture
 * of its own, and what that adds to its evidence. */
#ifndef VERIFY_JUDGE_ZOOM_H
#define VERIFY_JUDGE_ZOOM_H

#include "judge/judge.h"

/* The input size at which a network of this one looks closer: half of it, a multiple of the stride.
 */
uint32_t zoom_size(uint32_t imgsz, uint32_t stride);

/* The part of a picture that a closer look at the label would be of: a square of three times its
 * longer side, at least 40 pixels, moved and where needed cut so that it lies in the picture.
 * False: the place of the label is not in doubt, its box is malformed, or it would hardly be
 * magnified. */
bool zoom_plan(const struct evidence *evidence, const struct target *target, uint32_t width,
               uint32_t height, struct crop *crop);

/* The picture's targets as they lie in the crop, n of them; beyond its sides, too. */
void zoom_targets(const struct target *targets, size_t n, const struct crop *crop,
                  struct target *out);

/* Adds what the crop says of the label: near, here and found become means of the two, shift and
 * ghost follow; refined is that of the crop where the class is seen more surely there. */
void zoom_add(const struct evidence *closer, const struct crop *crop, struct evidence *evidence);

#endif
