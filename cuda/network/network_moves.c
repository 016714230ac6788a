/* Reshape, Transpose and Slice as moves of numbered elements. */
#include <stdlib.h>

#include "base/memory.h"
#include "cuda/network/network_plan.h"

enum status moves_index(struct network *network, int tensor, const int64_t **index) {
    enum status status = STATUS_OK;
    struct content *content = &network->contents[tensor];
    const struct feature *feature = &network->features[content->feature];
    if (!content->index) {
        size_t elements = feature->channels * feature_cells(feature);
        TRY(memory_zeroed(elements, sizeof *content->index, &content->index));
        for (size_t i = 0; i < elements; i++)
            content->index[i] = (int64_t)i;
    }
    *index = content->index;
out:
    return status;
}

/* Whether each channel of a (1,C,H,W) tensor of moved elements is one whole channel of the feature,
 * the cells in their order. */
static bool has_whole_channels(const struct feature *feature, const struct shape *shape,
                               const int64_t *index) {
    int64_t cells = (int64_t)feature_cells(feature);
    if (shape->rank != 4 || shape->dims[0] != 1 || shape->dims[2] != (int64_t)feature->height ||
        shape->dims[3] != (int64_t)feature->width)
        return false;
    for (int64_t c = 0; c < shape->dims[1]; c++)
        for (int64_t i = 0; i < cells; i++)
            if (index[c * cells] % cells || index[c * cells + i] != index[c * cells] + i)
                return false;
    return true;
}

/* The runs in which channels are taken; false where they are irregular. */
static bool find_runs(const int64_t *index, int64_t cells, int64_t channels, size_t *first,
                      size_t *run, size_t *step) {
    int64_t start = index[0] / cells, length = 1;
    while (length < channels && index[length * cells] / cells == start + length)
        length++;
    int64_t stride = length < channels ? index[length * cells] / cells - start : length;
    for (int64_t c = 0; c < channels; c++)
        if (index[c * cells] / cells != start + c / length * stride + c % length)
            return false;
    *first = (size_t)start;
    *run = (size_t)length;
    *step = (size_t)stride;
    return stride > 0;
}

/* A moved tensor that is a map again becomes one. */
static enum status find_map(struct network *network, const struct op *op) {
    enum status status = STATUS_OK;
    struct content *content = &network->contents[op->output];
    const struct shape *shape = &network->shapes[op->output];
    struct feature view = network->features[content->feature];
    size_t from = content->feature, first, run, step, made;
    int64_t *index = content->index;
    if (content->scale != 1.0f || !has_whole_channels(&view, shape, index) ||
        !find_runs(index, (int64_t)feature_cells(&view), shape->dims[1], &first, &run, &step))
        return STATUS_OK;
    content->index = NULL;
    if (run == (size_t)shape->dims[1]) {
        view.channels = run;
        view.parent = from;
        view.first = first;
        view.home = HOME_ARENA;
        TRY(feature_add(network, &view, &made));
        *content = (struct content){.role = ROLE_MAP, .feature = made};
    } else {
        struct step *gather;
        TRY(feature_for(network, op, &made));
        TRY(step_add(network, STEP_GATHER, from, made, &gather));
        gather->gather.first = first;
        gather->gather.run = run;
        gather->gather.step = step;
    }
out:
    free(index);
    return status;
}

enum status moves_compile(struct network *network, const struct op *op) {
    enum status status;
    const int64_t *index;
    struct content *from = &network->contents[op->inputs[0]], *to = &network->contents[op->output];
    int64_t elements = shape_elements(&network->shapes[op->output]);
    if ((from->role != ROLE_MAP && from->role != ROLE_MOVED) || elements < 1)
        return network_refuse(op);
    TRY(moves_index(network, op->inputs[0], &index));
    TRY(memory_zeroed((size_t)elements, sizeof *to->index, &to->index));
    struct value in[GRAPH_INPUTS] = {0};
    struct value out = {DTYPE_I64, network->shapes[op->output], to->index};
    in[0] = (struct value){DTYPE_I64, network->shapes[op->inputs[0]], from->index};
    TRY(op_evaluate(op, in, &out));
    to->role = ROLE_MOVED;
    to->feature = from->feature;
    to->scale = from->role == ROLE_MOVED ? from->scale : 1.0f;
    TRY(find_map(network, op));
out:
    return status;
}
