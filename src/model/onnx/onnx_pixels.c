/* Whether a network takes pixels from 0 to 1, as all but YOLOX's do, or scales larger ones itself.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/onnx/onnx_stem.h"
#include "model/operators/cost.h"

/* Below this much pixels are made smaller: by 255, or by that and a deviation of some tenths. */
static const float LEAST_SCALE = 0.05f;

/* The first convolution that reads pixels which something was done to; NULL where there is none.
 * *before: the first that did something. */
static enum status find_scaled(const struct graph *graph, const struct op **conv,
                               const struct op **before) {
    enum status status;
    bool *pixels = NULL, *light = NULL; /* moved; more was done to them, but no convolution */
    *conv = *before = NULL;
    TRY(stem_find_pixels(graph, &pixels));
    TRY(memory_zeroed(graph->n_tensors, sizeof *light, &light));
    for (size_t i = 0; i < graph->n_ops && *conv == NULL; i++) {
        const struct op *op = &graph->ops[i];
        bool reads = false, scaled = false;
        for (size_t k = 0; k < op->n_inputs; k++) {
            reads = reads || (op->inputs[k] >= 0 && pixels[op->inputs[k]]);
            scaled = scaled || (op->inputs[k] >= 0 && light[op->inputs[k]]);
        }
        if (op->kind == OP_CONV && scaled)
            *conv = op;
        else if (!op_multiplies(op) && !pixels[op->output] && (reads || scaled))
            light[op->output] = true;
        if (*before == NULL && light[op->output])
            *before = op;
    }
out:
    free(pixels);
    free(light);
    return status;
}

static bool no_boundary(const struct head_search *search, const struct op *op,
                        const void *context) {
    (void)search;
    (void)op;
    (void)context;
    return false;
}

/* What becomes of a picture whose pixels all have this value. */
static enum status run(const struct head_search *search, int tensor, float pixel, struct value *out,
                       bool *done) {
    enum status status;
    struct subgraph subgraph = {0};
    int input = search->graph->input;
    *out = (struct value){0};
    TRY(subgraph_open(search, tensor, no_boundary, NULL, &subgraph, done));
    *done = *done && subgraph.n_sources == 1 && subgraph.sources[0] == input;
    if (*done)
        TRY(subgraph_allocate(&subgraph, input, DTYPE_F32, done));
    for (int64_t i = 0; *done && i < 3 * search->height * search->width; i++)
        ((float *)subgraph.values[input].data)[i] = pixel;
    if (*done)
        TRY(subgraph_evaluate(&subgraph, out, done));
    *done = *done && out->dtype == DTYPE_F32;
out:
    subgraph_close(&subgraph);
    return status;
}

enum status stem_check_pixels(const struct head_search *search) {
    enum status status;
    struct head_pool pool = {0};
    struct head_search own = *search;
    const struct op *conv, *before;
    struct value black = {0}, white = {0};
    bool done;
    float most = 0;
    own.pool = &pool;
    TRY(find_scaled(search->graph, &conv, &before));
    if (conv == NULL || !search->known[conv->inputs[0]])
        goto out;
    TRY(run(&own, conv->inputs[0], 0, &black, &done));
    if (done)
        TRY(run(&own, conv->inputs[0], 1, &white, &done));
    for (int64_t i = 0; done && i < shape_elements(&white.shape); i++)
        most = fmaxf(most, fabsf(((float *)white.data)[i] - ((float *)black.data)[i]));
    if (done && most < LEAST_SCALE)
        status = FAIL(STATUS_BAD_INPUT,
                      "makes pixels smaller before its first convolution (operator %.100s, node "
                      "'%.100s'): it is for pixels from 0 to 255, and whether they are RGB or BGR "
                      "is not in the file; export it without that step, for pixels from 0 to 1",
                      before->type_name, before->name);
out:
    head_release(&own, black.data);
    head_release(&own, white.data);
    head_pool_free(&pool);
    return status;
}
