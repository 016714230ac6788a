/* The layers: a row for each kind of operator that the backend does faster than op_evaluate. */
#ifndef VERIFY_CPU_LAYERS_H
#define VERIFY_CPU_LAYERS_H

#include "cpu/compile/layer.h"

/* ROW(kind, its layer, which is defined in a file of its own). */
#define LAYERS(ROW)                                                                                \
    ROW(OP_CONV, layer_convolution)                                                                \
    ROW(OP_CONV_TRANSPOSE, layer_deconvolution)                                                    \
    ROW(OP_MAX_POOL, layer_max_pool)                                                               \
    ROW(OP_AVERAGE_POOL, layer_average_pool)                                                       \
    ROW(OP_RESIZE, layer_resize)                                                                   \
    ROW(OP_CONCAT, layer_concat)                                                                   \
    ROW(OP_SLICE, layer_slice)                                                                     \
    ROW(OP_RESHAPE, layer_reshape)                                                                 \
    ROW(OP_TRANSPOSE, layer_transpose)                                                             \
    ROW(OP_UNARY, layer_unary)                                                                     \
    ROW(OP_BINARY, layer_binary)                                                                   \
    ROW(OP_MATMUL, layer_matmul)                                                                   \
    ROW(OP_SOFTMAX, layer_softmax)

#define DECLARE(kind_, layer_) extern const struct layer layer_;
LAYERS(DECLARE)
#undef DECLARE

#endif
