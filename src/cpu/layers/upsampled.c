/* Which pointwise convolutions need not wait for an upsampling. Their sums over the upsampled
 * channels are made at half the size and then copied to four cells each:
 *   conv(concat(up(a), b)) = up(conv_a(a)) + conv_b(b)
 * takes a quarter of the products over a, and up(a) is never written. */
#include "cpu/layers/upsampled.h"

#include "cpu/layers/convolution_pointwise.h"

/* Whether it makes four cells of each one, in blocks of channels. */
static bool doubles(const struct plan *plan, const struct op *resize) {
    int x = resize->inputs[0], y = resize->output;
    if (!plan_is_map(plan, x) || !plan_is_map(plan, y) || plan->layouts[y] != LAYOUT_BLOCKED)
        return false;
    const int64_t *in = plan->shapes[x].dims, *out = plan->shapes[y].dims;
    return resize->scale[0] == 2.0f && resize->scale[1] == 2.0f && out[2] == 2 * in[2] &&
           out[3] == 2 * in[3];
}

void upsampled_shorten(struct plan *plan, const struct op *resize) {
    const struct graph *graph = plan->runtime->graph;
    if (!doubles(plan, resize))
        return;
    const struct op *concat = plan_only_use(graph, resize->output);
    if (!concat || concat->kind != OP_CONCAT || concat->axis != 1)
        return;
    const struct op *conv = plan_only_use(graph, concat->output);
    if (!conv || conv->kind != OP_CONV || conv->inputs[0] != concat->output ||
        !convolution_is_pointwise(plan, conv) || plan->upsampled[conv->output].resize)
        return;
    size_t block = plan->runtime->block, start = 0;
    size_t channels = (size_t)plan->shapes[concat->output].dims[1];
    size_t count = (size_t)plan->shapes[resize->output].dims[1];
    for (size_t k = 0; concat->inputs[k] != resize->output; k++)
        start += (size_t)plan->shapes[concat->inputs[k]].dims[1];
    size_t end = start + count;
    /* The rest has to be one run of whole blocks. */
    if (count == channels || (start == 0 ? end % block : end != channels || start % block))
        return;
    plan->upsampled[conv->output] = (struct upsampled){resize, start, count};
    plan->absent[resize->output] = true;
}
