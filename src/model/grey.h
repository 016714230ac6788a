/* Networks whose input is a grey picture; private to model/. */
#ifndef VERIFY_MODEL_GREY_H
#define VERIFY_MODEL_GREY_H

#include "model/graph.h"

/* What red, green and blue add to grey, as OpenCV and JPEG have it (ITU-R BT.601). */
#define GREY_WEIGHTS                                                                               \
    { 0.299f, 0.587f, 0.114f }

/* Makes weights of one input channel weights of three: a convolution of a picture's grey, which is
 * one of 1x1 without bias, becomes one of its colours, wherever nothing else reads the grey. */
enum status graph_fold_grey(struct graph *graph);

#endif
