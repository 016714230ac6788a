/* ONNX's operators that move elements without computing with them. */
#include "model/onnx/onnx_import.h"

#include <inttypes.h>

/* The shape of the first input; STATUS_BAD_INPUT where that is left out. */
static enum status first_shape(const struct importer *importer, const struct node *node,
                               struct shape *shape) {
    const struct shape *found = node_shape(importer, node, 0);
    if (found == NULL)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    *shape = *found;
    return STATUS_OK;
}

/* Fills in the dimension that a Reshape's target leaves open (-1). */
static enum status fill_open(const struct shape *in, struct shape *out) {
    int64_t known = 1, all = shape_elements(in);
    size_t open = GRAPH_RANK;
    for (size_t i = 0; i < out->rank; i++) {
        if (out->dims[i] == -1 && open == GRAPH_RANK)
            open = i;
        else if (out->dims[i] < 0 || (out->dims[i] > 0 && known > all / out->dims[i]))
            return FAIL(STATUS_BAD_INPUT, "its target shape does not fit %" PRId64 " elements",
                        all);
        else
            known *= out->dims[i];
    }
    if (open < GRAPH_RANK) {
        if (known == 0 || all % known != 0)
            return FAIL(STATUS_BAD_INPUT, "its target shape does not fit %" PRId64 " elements",
                        all);
        out->dims[open] = all / known;
    }
    return STATUS_OK;
}

enum status translate_reshape(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    bool present;
    struct shape in, out;
    TRY(first_shape(importer, node, &in));
    TRY(node_list(importer, node, FROM("shape", 1), out.dims, GRAPH_RANK, &out.rank, &present));
    if (!present)
        return FAIL(STATUS_BAD_INPUT, "its target shape is missing");
    for (size_t i = 0; i < out.rank; i++)
        if (out.dims[i] == 0 && i < in.rank && node_int(node, "allowzero", 0) == 0)
            out.dims[i] = in.dims[i];
    /* A file exported for a batch of many pictures has that number in its targets. */
    if (importer->batch > 1 && out.rank > 0 && out.dims[0] % importer->batch == 0 &&
        !importer->graph->tensors[node_input(node, 0)].constant)
        out.dims[0] /= importer->batch;
    TRY(fill_open(&in, &out));
    status = emit_reshape(importer, node, &out);
out:
    return status;
}

enum status translate_flatten(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in, out = {.rank = 2, .dims = {1, 1}};
    TRY(first_shape(importer, node, &in));
    int64_t axis = node_int(node, "axis", 1);
    if (axis != (int64_t)in.rank)
        TRY(axis_of(axis, in.rank, &axis));
    for (size_t i = 0; i < in.rank; i++)
        out.dims[(int64_t)i >= axis] *= in.dims[i];
    status = emit_reshape(importer, node, &out);
out:
    return status;
}

enum status translate_squeeze(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in, out = {0};
    int64_t axes[GRAPH_RANK];
    size_t n_axes;
    bool present, gone[GRAPH_RANK] = {false};
    TRY(first_shape(importer, node, &in));
    TRY(node_list(importer, node, FROM("axes", 1), axes, GRAPH_RANK, &n_axes, &present));
    for (size_t i = 0; i < n_axes; i++) {
        TRY(axis_of(axes[i], in.rank, &axes[i]));
        gone[axes[i]] = true;
    }
    for (size_t i = 0; i < in.rank; i++) {
        if (present ? !gone[i] : in.dims[i] != 1)
            out.dims[out.rank++] = in.dims[i];
        else if (in.dims[i] != 1)
            return FAIL(STATUS_BAD_INPUT, "axis %zu has more than one element", i);
    }
    status = emit_reshape(importer, node, &out);
out:
    return status;
}

enum status translate_unsqueeze(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in, out = {0};
    int64_t axes[GRAPH_RANK];
    size_t n_axes, from = 0;
    bool present, added[GRAPH_RANK] = {false};
    TRY(first_shape(importer, node, &in));
    TRY(node_list(importer, node, FROM("axes", 1), axes, GRAPH_RANK, &n_axes, &present));
    out.rank = in.rank + n_axes;
    if (out.rank > GRAPH_RANK)
        return FAIL(STATUS_BAD_INPUT, "its result has more than %d dimensions", GRAPH_RANK);
    for (size_t i = 0; i < n_axes; i++) {
        TRY(axis_of(axes[i], out.rank, &axes[i]));
        if (added[axes[i]])
            return FAIL(STATUS_BAD_INPUT, "axis %" PRId64 " is given twice", axes[i]);
        added[axes[i]] = true;
    }
    for (size_t i = 0; i < out.rank; i++)
        out.dims[i] = added[i] ? 1 : in.dims[from++];
    status = emit_reshape(importer, node, &out);
out:
    return status;
}

enum status translate_transpose(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in;
    int64_t axes[GRAPH_RANK];
    size_t n_axes;
    bool present;
    struct op op = node_op(node, OP_TRANSPOSE, 1);
    TRY(first_shape(importer, node, &in));
    TRY(node_list(importer, node, FROM("perm", -1), axes, GRAPH_RANK, &n_axes, &present));
    if (present && n_axes != in.rank)
        return FAIL(STATUS_BAD_INPUT, "permutes %zu axes of a tensor of rank %zu", n_axes, in.rank);
    for (size_t i = 0; i < in.rank; i++) {
        TRY(axis_of(present ? axes[i] : (int64_t)(in.rank - 1 - i), in.rank, &axes[i]));
        op.permutation[i] = (size_t)axes[i];
    }
    status = emit_output(importer, node, &op);
out:
    return status;
}

enum status translate_concat(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in;
    struct op op = node_op(node, OP_CONCAT, node->n_inputs);
    TRY(first_shape(importer, node, &in));
    TRY(axis_of(node_int(node, "axis", 1), in.rank, &op.axis));
    status = emit_output(importer, node, &op);
out:
    return status;
}

/* Whether an axis of the first input changes with the picture's size. */
static bool axis_changes(const struct importer *importer, const struct node *node, size_t axis) {
    int input = node_input(node, 0);
    return importer->states[input].open &&
           importer->probes[input].dims[axis] != importer->shapes[input].dims[axis];
}

/* A slice of all axes, each in full. */
static struct op whole_slice(const struct node *node, size_t rank) {
    struct op op = node_op(node, OP_SLICE, 1);
    for (size_t i = 0; i < rank; i++)
        op.slice[i] = (struct slice_range){0, INT64_MAX, 1};
    return op;
}

enum status translate_slice(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in;
    int64_t starts[GRAPH_RANK], ends[GRAPH_RANK], axes[GRAPH_RANK], steps[GRAPH_RANK];
    size_t n_starts, n_ends, n_axes, n_steps;
    bool present, tied = false;
    TRY(first_shape(importer, node, &in));
    TRY(node_list(importer, node, FROM("starts", 1), starts, GRAPH_RANK, &n_starts, &present));
    TRY(node_list(importer, node, FROM("ends", 2), ends, GRAPH_RANK, &n_ends, &present));
    TRY(node_list(importer, node, FROM("axes", 3), axes, GRAPH_RANK, &n_axes, &present));
    if (!present)
        for (; n_axes < n_starts; n_axes++)
            axes[n_axes] = (int64_t)n_axes;
    TRY(node_list(importer, node, FROM("steps", 4), steps, GRAPH_RANK, &n_steps, &present));
    if (!present)
        for (; n_steps < n_starts; n_steps++)
            steps[n_steps] = 1;
    if (n_ends != n_starts || n_axes != n_starts || n_steps != n_starts)
        return FAIL(STATUS_BAD_INPUT, "its starts, ends, axes and steps differ in number");
    struct op op = whole_slice(node, in.rank);
    for (size_t i = 0; i < n_starts; i++) {
        TRY(axis_of(axes[i], in.rank, &axes[i]));
        int64_t dim = in.dims[axes[i]];
        if (steps[i] < 1)
            return FAIL(STATUS_BAD_INPUT, "a step of %" PRId64 " is not supported", steps[i]);
        if (starts[i] < -dim)
            starts[i] = 0;
        if (ends[i] >= dim)
            ends[i] = INT64_MAX;
        else if (ends[i] < -dim)
            ends[i] = -dim;
        /* Where an axis that grows with the picture ends at a number, so does what follows. */
        if (ends[i] >= 0 && ends[i] < INT64_MAX && axis_changes(importer, node, (size_t)axes[i]))
            tied = true;
        op.slice[axes[i]] = (struct slice_range){starts[i], ends[i], steps[i]};
    }
    status = emit(importer, node, &op, tied, node->message->output[0], NULL);
out:
    return status;
}

enum status translate_split(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in;
    int64_t axis, sizes[GRAPH_INPUTS], start = 0, sum = 0;
    size_t n_sizes, parts = node->message->n_output;
    bool present;
    TRY(first_shape(importer, node, &in));
    TRY(axis_of(node_int(node, "axis", 0), in.rank, &axis));
    TRY(node_list(importer, node, FROM("split", 1), sizes, GRAPH_INPUTS, &n_sizes, &present));
    if (parts > GRAPH_INPUTS || (present && n_sizes != parts))
        return FAIL(STATUS_BAD_INPUT, "has %zu outputs for %zu parts", parts, n_sizes);
    int64_t dim = in.dims[axis], each = (dim + (int64_t)parts - 1) / (int64_t)parts;
    for (size_t i = 0; i < parts; i++) {
        if (!present) /* equal parts; the last may be smaller */
            sizes[i] = each < dim - sum ? each : dim - sum;
        if (sizes[i] < 0 || sizes[i] > dim - sum)
            return FAIL(STATUS_BAD_INPUT, "its parts do not add up to %" PRId64, dim);
        sum += sizes[i];
    }
    if (sum != dim)
        return FAIL(STATUS_BAD_INPUT, "its parts do not add up to %" PRId64, dim);
    bool tied = axis_changes(importer, node, (size_t)axis);
    for (size_t i = 0; i < parts; i++) {
        struct op op = whole_slice(node, in.rank);
        op.slice[axis].start = start;
        op.slice[axis].end = i + 1 == parts ? INT64_MAX : start + sizes[i];
        start += sizes[i];
        if (node->message->output[i][0] != '\0')
            TRY(emit(importer, node, &op, tied, node->message->output[i], NULL));
    }
out:
    return status;
}

enum status translate_gather(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in;
    struct op op = node_op(node, OP_GATHER, 2);
    TRY(first_shape(importer, node, &in));
    TRY(axis_of(node_int(node, "axis", 0), in.rank, &op.axis));
    status = emit_output(importer, node, &op);
out:
    return status;
}

enum status translate_expand(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in;
    bool present;
    struct op op = node_op(node, OP_EXPAND, 1);
    TRY(first_shape(importer, node, &in));
    TRY(node_list(importer, node, FROM("", 1), op.expand.dims, GRAPH_RANK, &op.expand.rank,
                  &present));
    if (!present)
        return FAIL(STATUS_BAD_INPUT, "its target shape is missing");
    /* A dimension that stays as it is follows the input's. */
    for (size_t i = 0; i < in.rank && i < op.expand.rank; i++) {
        int64_t *target = &op.expand.dims[op.expand.rank - 1 - i];
        if (*target == in.dims[in.rank - 1 - i])
            *target = 1;
    }
    status = emit_output(importer, node, &op);
out:
    return status;
}

enum status translate_pad(struct importer *importer, const struct node *node, int detail) {
    (void)detail;
    enum status status;
    struct shape in;
    int64_t pads[2 * GRAPH_RANK], axes[GRAPH_RANK];
    size_t n_pads, n_axes;
    bool present;
    struct op op = node_op(node, OP_PAD, 1);
    TRY(first_shape(importer, node, &in));
    if (!node_text_is(node, "mode", "constant", "constant"))
        return FAIL(STATUS_BAD_INPUT, "padding other than by a constant is not supported");
    TRY(node_list(importer, node, FROM("pads", 1), pads, (size_t)2 * GRAPH_RANK, &n_pads,
                  &present));
    TRY(node_number(importer, node, FROM("value", 2), &op.pad_value, &present));
    TRY(node_list(importer, node, FROM("axes", 3), axes, GRAPH_RANK, &n_axes, &present));
    if (!present)
        for (; n_axes < in.rank; n_axes++)
            axes[n_axes] = (int64_t)n_axes;
    if (n_pads != 2 * n_axes)
        return FAIL(STATUS_BAD_INPUT, "has %zu pads for %zu axes", n_pads, n_axes);
    for (size_t i = 0; i < n_axes; i++) {
        TRY(axis_of(axes[i], in.rank, &axes[i]));
        op.pads[axes[i]] = pads[i];
        op.pads[in.rank + (size_t)axes[i]] = pads[n_axes + i];
    }
    status = emit_output(importer, node, &op);
out:
    return status;
}
