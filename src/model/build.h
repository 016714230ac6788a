/* Builds a graph layer by layer, for importers of formats that name layers rather than operators.
 * Each function appends operators and gives the tensor index of the result. `name` is the layer's
 * place in the file ("model.4.cv1"), for messages and the layer table; `type` what the file calls
 * it. Tensors named by the caller are copied. */
#ifndef VERIFY_MODEL_BUILD_H
#define VERIFY_MODEL_BUILD_H

#include "model/graph.h"

/* Where a layer comes from. */
struct layer {
    const char *name, *type;
};

/* The picture: graph->input. */
enum status build_input(struct graph *graph);
/* A constant of this shape; *elements, zeroed, are the graph's, to be filled at once. */
enum status build_constant(struct graph *graph, const char *name, const struct shape *shape,
                           int *tensor, float **elements);
/* x, weights, bias: tensors (see OP_CONV); bias -1: none. */
enum status build_conv(struct graph *graph, struct layer layer, int x, int weights, int bias,
                       const struct window *window, int *out);
enum status build_conv_transpose(struct graph *graph, struct layer layer, int x, int weights,
                                 int bias, const struct window *window, int *out);
/* parameters: scale, bias, mean, variance. */
enum status build_batch_norm(struct graph *graph, struct layer layer, int x,
                             const int parameters[4], float epsilon, int *out);
/* ACTIVATION_NONE appends nothing and gives x. */
enum status build_activation(struct graph *graph, struct layer layer, int x,
                             enum activation activation, float alpha, float beta, int *out);
enum status build_max_pool(struct graph *graph, struct layer layer, int x,
                           const struct window *window, int *out);
enum status build_average_pool(struct graph *graph, struct layer layer, int x,
                               const struct window *window, bool count_padding, int *out);
/* The mean of each channel of a map. */
enum status build_mean(struct graph *graph, struct layer layer, int x, int *out);
/* Nearest neighbour by `scale` both ways. */
enum status build_resize(struct graph *graph, struct layer layer, int x, float scale, int *out);
enum status build_concat(struct graph *graph, struct layer layer, const int *inputs,
                         size_t n_inputs, int64_t axis, int *out);
/* [start, end) of one axis in steps; see struct slice_range. The other axes stay whole. */
enum status build_slice(struct graph *graph, struct layer layer, int x, int64_t axis,
                        struct slice_range range, int *out);
enum status build_binary(struct graph *graph, struct layer layer, enum binary binary, int a, int b,
                         int *out);
/* Pads a feature map: top, left, bottom, right. */
enum status build_pad(struct graph *graph, struct layer layer, int x, const int64_t pad[4],
                      float value, int *out);
enum status build_softmax(struct graph *graph, struct layer layer, int x, int64_t axis, int *out);
enum status build_matmul(struct graph *graph, struct layer layer, int a, int b, int *out);
enum status build_transpose(struct graph *graph, struct layer layer, int x, size_t rank,
                            const size_t *permutation, int *out);
enum status build_reshape(struct graph *graph, struct layer layer, int x, size_t rank,
                          const struct reshape_dim *dims, int *out);

#endif
