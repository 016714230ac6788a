/* Shapes of what a PyTorch module is given: derived operator by operator as the graph grows, so
 * that what does not fit is found where it stands. */
#include <inttypes.h>

#include "base/memory.h"
#include "model/torch/torch_module.h"

/* Of a tensor of the graph, for a picture of TORCH_SIZE; checks what was built. */
static enum status find_shape(struct torch_import *import, int tensor, struct shape *shape) {
    enum status status;
    const struct graph *graph = import->graph;
    TRY(memory_reserve(&import->shapes, &import->shape_capacity, graph->n_tensors,
                       sizeof *import->shapes));
    for (; import->n_shapes < graph->n_tensors; import->n_shapes++)
        import->shapes[import->n_shapes] = graph->tensors[import->n_shapes].shape;
    import->shapes[graph->input] = (struct shape){4, { 1, 3, TORCH_SIZE, TORCH_SIZE }};
    for (; import->n_done < graph->n_ops; import->n_done++) {
        const struct op *op = &graph->ops[import->n_done];
        TRY(op_shape(graph, op, import->shapes, TORCH_SIZE, TORCH_SIZE,
                     &import->shapes[op->output]));
    }
    *shape = import->shapes[tensor];
out:
    return status;
}

static enum status map_shape(struct torch_import *import, const struct pickled *module, int tensor,
                             struct shape *shape) {
    enum status status;
    TRY(find_shape(import, tensor, shape));
    if (shape->rank != 4) {
        char text[SHAPE_TEXT];
        status = TORCH_FAIL(import, module, "takes feature maps, not %s", shape_text(shape, text));
    }
out:
    return status;
}

enum status torch_channels(struct torch_import *import, const struct pickled *module, int tensor,
                           int64_t *channels) {
    struct shape shape;
    enum status status = map_shape(import, module, tensor, &shape);
    if (status == STATUS_OK)
        *channels = shape.dims[1];
    return status;
}

enum status torch_stride(struct torch_import *import, const struct pickled *module, int tensor,
                         int64_t *stride) {
    enum status status;
    struct shape shape;
    TRY(map_shape(import, module, tensor, &shape));
    if (shape.dims[2] < 1 || shape.dims[3] != shape.dims[2] || TORCH_SIZE % shape.dims[2] != 0) {
        status = TORCH_FAIL(import, module,
                            "its map of %" PRId64 " x %" PRId64 " cells does not divide a picture "
                            "of %d x %d",
                            shape.dims[3], shape.dims[2], TORCH_SIZE, TORCH_SIZE);
        goto out;
    }
    *stride = TORCH_SIZE / shape.dims[2];
out:
    return status;
}

enum status torch_slice(struct torch_import *import, const struct pickled *module, int x,
                        int64_t start, int64_t count, int *out) {
    return build_slice(import->graph, torch_layer(import, module), x, 1,
                       (struct slice_range){start, start + count, 1}, out);
}

enum status torch_halves(struct torch_import *import, const struct pickled *module, int x,
                         int halves[2]) {
    enum status status;
    int64_t channels;
    TRY(torch_channels(import, module, x, &channels));
    if (channels % 2 != 0) {
        status = TORCH_FAIL(import, module, "%" PRId64 " channels cannot be halved", channels);
        goto out;
    }
    for (int i = 0; i < 2; i++)
        TRY(torch_slice(import, module, x, i * channels / 2, channels / 2, &halves[i]));
out:
    return status;
}
