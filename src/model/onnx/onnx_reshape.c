/* Which dimensions of a Reshape follow the size of the picture. A file says numbers; they are
 * right for one size. The dimensions of input and output are cut into the shortest runs of equal
 * product: (1,128,8,8) to (1,2,64,64) is 1 = 1, 128 = 2 x 64, 8 x 8 = 64. What a run of the output
 * comes from is then plain in all the cases that detection networks have. */
#include "model/onnx/onnx_import.h"

/* A run: dimensions first .. end - 1 of a shape. */
struct run {
    size_t first, end;
};

/* Whether a run has a dimension that changes with the picture's size, and the products of those
 * and of all. */
static bool run_changes(const struct shape *in, const struct shape *probe, struct run run,
                        int64_t *changing, int64_t *all) {
    bool changes = false;
    *changing = *all = 1;
    for (size_t i = run.first; i < run.end; i++) {
        bool this = in->dims[i] != probe->dims[i];
        changes = changes || this;
        *changing *= this ? in->dims[i] : 1;
        *all *= in->dims[i];
    }
    return changes;
}

/* What is filled in, and from what; see reshape_rules. */
struct rules {
    const struct shape *in, *probe, *out;
    int64_t height, width;
    struct op *op;
    bool rest; /* a dimension takes what is left */
    bool tied;
};

/* Cells of a map: two neighbours that are the picture's height and width over one stride. */
static bool split_map(const struct rules *rules, struct run to, int64_t cells) {
    struct reshape_dim *dims = rules->op->reshape;
    for (size_t i = to.first; i + 1 < to.end; i++) {
        int64_t h = rules->out->dims[i], w = rules->out->dims[i + 1];
        if (h * w != cells || rules->height % h != 0 || rules->width % w != 0 ||
            rules->height / h != rules->width / w)
            continue;
        dims[i] = (struct reshape_dim){.source = DIM_HEIGHT, .value = rules->height / h};
        dims[i + 1] = (struct reshape_dim){.source = DIM_WIDTH, .value = rules->width / w};
        return true;
    }
    return false;
}

/* Fills in the dimensions of one run of the output. */
static void run_rules(struct rules *rules, struct run from, struct run to) {
    const struct shape *out = rules->out;
    struct reshape_dim *dims = rules->op->reshape;
    size_t several = 0, largest = to.first;
    int64_t changing, all;
    for (size_t i = to.first; i < to.end; i++) {
        dims[i] = (struct reshape_dim){.source = DIM_CONSTANT, .value = out->dims[i]};
        several += out->dims[i] != 1;
        if (out->dims[i] >= out->dims[largest])
            largest = i;
    }
    bool varies =
        rules->probe != NULL && run_changes(rules->in, rules->probe, from, &changing, &all);
    if (several <= 1) { /* the whole run goes into one dimension */
        if (from.end > from.first && to.end > to.first && (several == 1 || varies))
            dims[largest] = (struct reshape_dim){
                .source = DIM_PRODUCT, .first = from.first, .count = from.end - from.first};
    } else if (varies && !split_map(rules, to, changing) && !split_map(rules, to, all)) {
        /* Parts of a fixed number, as attention by areas has them: the larger factor grows. */
        if (rules->rest)
            rules->tied = true;
        else
            dims[largest] = (struct reshape_dim){.source = DIM_REST};
        rules->rest = true;
    }
}

void reshape_rules(const struct shape *in, const struct shape *probe, const struct shape *out,
                   int64_t height, int64_t width, struct op *op, bool *tied) {
    struct rules rules = {
        .in = in, .probe = probe, .out = out, .height = height, .width = width, .op = op};
    size_t i = 0, o = 0;
    op->n_reshape = out->rank;
    *tied = false;
    if (shape_elements(out) == 0) { /* nothing to align by */
        for (; o < out->rank; o++)
            op->reshape[o] = (struct reshape_dim){.source = DIM_CONSTANT, .value = out->dims[o]};
        return;
    }
    while (i < in->rank || o < out->rank) {
        struct run from = {i, i}, to = {o, o};
        int64_t product_in = 1, product_out = 1;
        bool one_in = i < in->rank && in->dims[i] == 1 && (probe == NULL || probe->dims[i] == 1);
        bool one_out = o < out->rank && out->dims[o] == 1;
        if (one_out && (!(i < in->rank) || in->dims[i] != 1)) {
            to.end = ++o; /* a new dimension of 1 */
        } else if (one_in && !one_out) {
            i++; /* a dimension of 1 that goes */
            continue;
        } else {
            if (i < in->rank)
                product_in = in->dims[i++];
            if (o < out->rank)
                product_out = out->dims[o++];
            while (product_in != product_out) {
                if (product_in < product_out && i < in->rank)
                    product_in *= in->dims[i++];
                else if (o < out->rank)
                    product_out *= out->dims[o++];
                else
                    break;
            }
            from.end = i;
            to.end = o;
        }
        run_rules(&rules, from, to);
    }
    *tied = rules.tied;
}

enum status emit_reshape(struct importer *importer, const struct node *node,
                         const struct shape *out) {
    bool tied;
    struct op op = node_op(node, OP_RESHAPE, 1);
    int input = node_input(node, 0);
    if (input < 0)
        return FAIL(STATUS_BAD_INPUT, "its input is missing");
    if (shape_elements(out) != shape_elements(&importer->shapes[input]))
        return FAIL(STATUS_BAD_INPUT, "its result has another number of elements than its input");
    const struct shape *probe = importer->states[input].open ? &importer->probes[input] : NULL;
    reshape_rules(&importer->shapes[input], probe, out, importer->height, importer->width, &op,
                  &tied);
    return emit(importer, node, &op, tied, node->message->output[0], NULL);
}
