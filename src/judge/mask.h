/* The mask of an anchor: the logits that its coefficients make of the prototypes. */
#ifndef VERIFY_JUDGE_MASK_H
#define VERIFY_JUDGE_MASK_H

#include "judge/anchors.h"

/* One axis of the values, which lie on the prototypes' cells or, where the picture's edges in the
 * input do not fall between two cells, twice or four times as densely. */
struct mask_axis {
    float scale, shift;         /* what is at x in the picture is at scale x + shift among them */
    size_t low, high;           /* the first and the last that are in the picture */
    size_t first, count;        /* those that are computed, within these */
    size_t first_cell, n_cells; /* what they are made of */
    size_t density;
};

/* Logits of a mask around a part of a picture: above 0 is in it. */
struct mask {
    struct mask_axis x, y;
    float *values; /* (y.count, x.count); owned */
    size_t value_capacity;
    float *cells; /* (y.n_cells, x.n_cells), and (y.n_cells, x.count); owned */
    size_t cell_capacity;
};

/* Computes those that a part of the picture, in its pixels, depends on, of an anchor of a head with
 * masks. A zeroed mask may be made, and made again. *finite: whether all are; false also where the
 * part has no area in the picture. */
enum status mask_make(struct mask *mask, const struct anchors *anchors, uint32_t anchor,
                      struct box part, bool *finite);
void mask_free(struct mask *mask);

/* The logit at a place in picture pixels, the middle of the first pixel being at (0.5, 0.5):
 * bilinear as Ultralytics' process_mask_native (`retina_masks`) has it, and as at the edge beyond
 * it. */
float mask_at(const struct mask *mask, float x, float y);

/* The mask of a whole picture, one byte a pixel, 0 or 1, (height,width), as Ultralytics' predict
 * gives it with `retina_masks`: of the pixels that begin within the box those that are above 0. The
 * mask was made of that box. */
void mask_pixels(const struct mask *mask, struct box box, size_t width, size_t height,
                 uint8_t *pixels);

#endif
