/* Quantised tensors of an ONNX file; private to model/. */
#ifndef VERIFY_MODEL_ONNX_QUANTISED_H
#define VERIFY_MODEL_ONNX_QUANTISED_H

#include "model/onnx/onnx_import.h"

/* How integers stand for numbers: number = (integer - zero) scale. Tensors; zero -1: none. Several
 * scales are those of an axis. */
struct scheme {
    int scale, zero;
    int64_t axis;
};

/* The scheme whose scale is the node's input `scale`; its zero is the next one. */
struct scheme scheme_at(const struct node *node, size_t scale, int64_t axis);

/* emit() of an operator on two tensors or on one (`what`: its attributes). */
enum status emit_binary(struct importer *importer, const struct node *node, enum binary binary,
                        int a, int b, const char *output, int *out);
enum status emit_unary(struct importer *importer, const struct node *node, const struct op *what,
                       int x, const char *output, int *out);

/* Whether a tensor is one constant number. */
bool tensor_is_number(const struct importer *importer, int tensor, float *value);
/* Gives scales or zeros (-1: none) the shape in which they are broadcast to x. */
enum status scales_spread(struct importer *importer, const struct node *node, int x, int64_t axis,
                          int *tensor);
/* The integers without their zero, which has been spread (-1: none). */
enum status integers_centre(struct importer *importer, const struct node *node, int x, int zero,
                            int *out);
/* Integers to numbers. What they are made of is kept for a convolution of them: integers around 0
 * and the scales as the file has them, which are constants. */
enum status integers_dequantise(struct importer *importer, const struct node *node, int x,
                                struct scheme scheme, const char *output, int *out);
/* Numbers to integers of a type, as ONNX numbers it (0: the zero's): by rounding, halves to even,
 * and saturation. */
enum status numbers_quantise(struct importer *importer, const struct node *node, int x,
                             struct scheme scheme, int64_t type, const char *output, int *out);

#endif
