/* Darknet's .weights: a header and floats, layer by layer; private to model/. */
#ifndef VERIFY_MODEL_DARKNET_WEIGHTS_H
#define VERIFY_MODEL_DARKNET_WEIGHTS_H

#include <stdio.h>

#include "model/darknet/darknet_layers.h"

struct darknet_weights {
    FILE *file;
    /* What a layer is normalised by: sqrt(variance) + 1e-6, as Darknet was written and its own CPU
     * code and OpenCV's reader have it, or sqrt(variance + 1e-5), as AlexeyAB's and the forks of it
     * have it, which say 0.2.5 in their files' head where the former say 0.2.0. */
    bool added_to_root;
};

/* Opens the file and compares its size with what the net's layers hold, before anything of that
 * size is allocated. STATUS_BAD_INPUT, naming the file. */
enum status darknet_weights_open(const char *path, const struct darknet_net *net,
                                 struct darknet_weights *weights);
void darknet_weights_close(struct darknet_weights *weights);

/* The next `count` floats, which belong to the layer. STATUS_BAD_INPUT where one is not finite. */
enum status darknet_weights_read(struct darknet_weights *weights, const struct darknet_layer *layer,
                                 float *out, size_t count);

#endif
