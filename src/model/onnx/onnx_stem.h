/* What a network does first with the picture's pixels; private to model/onnx/. */
#ifndef VERIFY_MODEL_ONNX_STEM_H
#define VERIFY_MODEL_ONNX_STEM_H

#include "model/head/head.h"
#include "model/onnx/onnx_import.h"

struct stem {
    bool plain; /* one convolution alone reads pixels, as they are or moved */
    bool focus; /* it reads cells of 2 x 2 pixels, as YOLOX's and the first YOLOv5's do */
    /* What it makes at most of pixels from 0 to 1, on average over its outputs: some units
     * where it was trained on those, hundredths where it was trained on 0 to 255. */
    double gain;
};

/* Which tensors are pixels, moved or not: an array by tensor, which is the caller's. */
enum status stem_find_pixels(const struct graph *graph, bool **pixels);

enum status stem_read(const struct head_search *search, struct stem *stem);
/* Has a plain stem, whose weights are for pixels of BGR from 0 to 255, read RGB from 0 to 1: the
 * same numbers with other weights. */
enum status stem_take_bgr_levels(struct importer *importer, const struct head_search *search);

/* onnx_pixels.c: STATUS_BAD_INPUT where the network makes pixels smaller before anything else: it
 * is for 0 to 255. */
enum status stem_check_pixels(const struct head_search *search);

#endif
