/* CBLinear and CBFuse of YOLOv9's largest network: a convolution whose channels are several maps,
 * and the sum of one map of each of several such, enlarged to the size of the last input. */
#include <inttypes.h>

#include "base/memory.h"
#include "model/torch/torch_module.h"

enum { MOST_PARTS = 64 };

/* All parts in one map; CBFuse takes slices of it. */
enum status torch_cb_linear(struct torch_import *import, const struct pickled *module, int x,
                            int *out) {
    enum status status;
    TRY(torch_run_part(import, module, "conv", x, out));
    TRY(memory_reserve(&import->splits, &import->split_capacity, import->n_splits + 1,
                       sizeof *import->splits));
    import->splits[import->n_splits++] = (struct torch_split){*out, module};
out:
    return status;
}

/* Part `index` of an input made by a CBLinear. */
static enum status take_part(struct torch_import *import, const struct pickled *module, int input,
                             int64_t index, int *out) {
    enum status status;
    const struct pickled *linear = NULL, *list;
    int64_t channels[MOST_PARTS], start = 0;
    for (size_t i = 0; i < import->n_splits; i++)
        if (import->splits[i].tensor == input)
            linear = import->splits[i].module;
    list = pickled_get(linear, "c2s");
    if (list == NULL || list->n_items > MOST_PARTS || index >= (int64_t)list->n_items)
        return TORCH_FAIL(import, module, "damaged: takes part %" PRId64 " of what has no parts",
                          index);
    TRY(torch_ints(import, linear, "c2s", 1, list->n_items, channels));
    for (int64_t i = 0; i < index; i++)
        start += channels[i];
    TRY(torch_slice(import, module, input, start, channels[index], out));
out:
    return status;
}

/* Enlarges a map to the cells of another. */
static enum status enlarge(struct torch_import *import, const struct pickled *module, int x,
                           int like, int *out) {
    enum status status;
    int64_t coarse, fine;
    TRY(torch_stride(import, module, x, &coarse));
    TRY(torch_stride(import, module, like, &fine));
    *out = x;
    if (coarse % fine != 0)
        return TORCH_FAIL(import, module, "joins maps of strides %" PRId64 " and %" PRId64, coarse,
                          fine);
    if (coarse != fine)
        TRY(build_resize(import->graph, torch_layer(import, module), x, (float)coarse / (float)fine,
                         out));
out:
    return status;
}

enum status torch_cb_fuse(struct torch_import *import, const struct pickled *module,
                          const int *inputs, size_t n_inputs, int *out) {
    enum status status;
    int64_t indices[MOST_PARTS];
    if (n_inputs < 1 || n_inputs > MOST_PARTS)
        return TORCH_FAIL(import, module, "damaged: joins %zu maps", n_inputs);
    int sum = inputs[n_inputs - 1], part;
    TRY(torch_ints(import, module, "idx", 0, n_inputs - 1, indices));
    for (size_t i = 0; i + 1 < n_inputs; i++) {
        TRY(take_part(import, module, inputs[i], indices[i], &part));
        TRY(enlarge(import, module, part, inputs[n_inputs - 1], &part));
        TRY(build_binary(import->graph, torch_layer(import, module), BINARY_ADD, part, sum, &sum));
    }
    *out = sum;
out:
    return status;
}
