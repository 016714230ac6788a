/* How operators become steps of a plan: one function a family. *done is left false where a family
 * cannot do a case; layer_generic then can. */
#ifndef VERIFY_CPU_LAYER_H
#define VERIFY_CPU_LAYER_H

#include "cpu/plan.h"

enum status layer_winograd(struct plan *plan, const struct op *op, bool *done);
enum status layer_pointwise(struct plan *plan, const struct op *op, bool *done);
enum status layer_direct(struct plan *plan, const struct op *op, bool *done);
enum status layer_convolution(struct plan *plan, const struct op *op, bool *done);
enum status layer_deconvolution(struct plan *plan, const struct op *op, bool *done);
enum status layer_max_pool(struct plan *plan, const struct op *op, bool *done);
enum status layer_pool(struct plan *plan, const struct op *op, bool *done);
enum status layer_resize(struct plan *plan, const struct op *op, bool *done);
enum status layer_concat(struct plan *plan, const struct op *op, bool *done);
enum status layer_slice(struct plan *plan, const struct op *op, bool *done);
enum status layer_reshape(struct plan *plan, const struct op *op, bool *done);
enum status layer_unary(struct plan *plan, const struct op *op, bool *done);
enum status layer_binary(struct plan *plan, const struct op *op, bool *done);
enum status layer_matmul(struct plan *plan, const struct op *op, bool *done);
enum status layer_softmax(struct plan *plan, const struct op *op, bool *done);

/* Any operator, on planes, with op_evaluate. */
enum status layer_generic(struct plan *plan, const struct op *op);

/* Copies a map from the layout in which it is there to the other one. */
enum status layer_convert(struct plan *plan, int tensor, enum layout to);

/* Whether it reads its input as planes, though its output is in blocks. */
bool convolution_reads_planes(const struct plan *plan, const struct op *op);
/* Whether our own kernels may compute a convolution: they are there, one group, blocks of
 * channels. */
bool convolution_is_ours(const struct plan *plan, const struct op *op);
/* Whether layer_pointwise does it. */
bool convolution_is_pointwise(const struct plan *plan, const struct op *op);
/* The constants of such a convolution, packed once for all sizes of the input: *weights of `n`
 * floats, which the caller fills in where they are *fresh, and *bias, in blocks, zeros where there
 * is none. */
enum status convolution_constants(struct runtime *runtime, const struct op *op, size_t n,
                                  bool *fresh, float **weights, const float **bias);
/* Whether a convolution, transposed or not, works on blocks of channels. */
bool convolution_is_blocked(const struct plan *plan, const struct op *op);
/* Whether layer_binary does this case without planes. */
bool binary_is_blocked(const struct plan *plan, const struct op *op);

/* An argument of a oneDNN primitive: a buffer of the plan or a shared memory object. */
struct operand {
    int arg; /* DNNL_ARG_SRC … */
    size_t buffer;
    dnnl_memory_t shared; /* not NULL: used instead of a buffer, stays its owner's */
};
enum { LAYER_OPERANDS = 4 };

/* Appends a step that runs a primitive with at most LAYER_OPERANDS, on as many threads as OpenMP is
 * set to now (and was when the primitive was described). */
enum status layer_primitive(struct plan *plan, const struct op *op,
                            const_dnnl_primitive_desc_t primitive_desc,
                            const struct operand *operands, size_t n);

/* Appends dst = f(src) + residual (NO_BUFFER: none) over a whole tensor; src may be dst. */
enum status layer_activation(struct plan *plan, const struct op *op,
                             const struct activation_params *params, size_t src, size_t residual,
                             size_t dst, enum layout layout);

#endif
