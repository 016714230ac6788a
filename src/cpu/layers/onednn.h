/* What is left to oneDNN. A build without it has onednn_absent.c in place of onednn.c: nothing is
 * done there, and op_evaluate does what our own kernels do not. */
#ifndef VERIFY_CPU_ONEDNN_H
#define VERIFY_CPU_ONEDNN_H

#include "cpu/compile/plan.h"

struct onednn;

/* An engine, and weights in its layouts, for all plans of a network; NULL in a build without. On
 * failure *out is NULL. */
enum status onednn_open(struct onednn **out);
void onednn_close(struct onednn *onednn); /* NULL is allowed */

/* Channels of a block that suits this CPU. */
size_t onednn_block(void);

/* Append the steps of an operator where oneDNN does this case: *done. Convolutions are
 * convolution_is_plain(). */
enum status onednn_convolution(struct plan *plan, const struct op *op, bool *done);
enum status onednn_deconvolution(struct plan *plan, const struct op *op, bool *done);
enum status onednn_pool(struct plan *plan, const struct op *op, bool *done);

#endif
