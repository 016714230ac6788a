/* A build without oneDNN. */
#include "cpu/kernels/convolutions_choose.h"
#include "cpu/layers/onednn.h"

enum status onednn_open(struct onednn **out) {
    *out = NULL;
    return STATUS_OK;
}

void onednn_close(struct onednn *onednn) {
    (void)onednn;
}

/* Those of our own kernels; planes, where there are none. */
size_t onednn_block(void) {
    return convolutions_choose_block();
}

enum status onednn_convolution(struct plan *plan, const struct op *op, bool *done) {
    (void)plan;
    (void)op;
    (void)done;
    return STATUS_OK;
}

enum status onednn_deconvolution(struct plan *plan, const struct op *op, bool *done) {
    return onednn_convolution(plan, op, done);
}

enum status onednn_pool(struct plan *plan, const struct op *op, bool *done) {
    return onednn_convolution(plan, op, done);
}
