/* The state of reading one ONNX file: names, what is known of each tensor, and adding operators. */
#include "model/onnx/onnx_import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "model/grey.h"
#include "model/operators/cost.h"

enum status importer_start(struct importer *importer, const Onnx__GraphProto *file) {
    size_t names = 16 + file->n_initializer + file->n_input;
    for (size_t i = 0; i < file->n_node; i++)
        names += file->node[i]->n_output;
    importer->name_slots = 16;
    while (importer->name_slots < 4 * names)
        importer->name_slots *= 2;
    return memory_zeroed(importer->name_slots, sizeof *importer->names, &importer->names);
}

void importer_free(struct importer *importer) {
    for (size_t i = 0; i < importer->tensor_count; i++)
        free(importer->states[i].trouble);
    free(importer->states);
    free(importer->shapes);
    free(importer->probes);
    free(importer->names);
}

/* Slots that are tried for a name. At a quarter full, names that are not made for it need a few. */
enum { MOST_PROBES = 64 };

/* The slot of a name, or the free one where it would be (linear probing); NULL where there is
 * neither. */
static struct name_entry *name_slot(const struct importer *importer, const char *name) {
    uint64_t hash = fingerprint_bytes(FINGERPRINT_START, name, strlen(name));
    size_t slot = hash ^ hash >> 32;
    for (size_t i = 0; i < MOST_PROBES; i++) {
        struct name_entry *entry = &importer->names[(slot + i) & (importer->name_slots - 1)];
        if (entry->name == NULL || (entry->hash == hash && strcmp(entry->name, name) == 0))
            return entry;
    }
    return NULL;
}

int importer_find(const struct importer *importer, const char *name) {
    const struct name_entry *entry = name_slot(importer, name);
    return entry == NULL || entry->name == NULL ? -1 : entry->tensor;
}

enum status importer_bind(struct importer *importer, const char *name, int tensor) {
    struct name_entry *entry = name_slot(importer, name);
    if (entry == NULL)
        return FAIL(STATUS_BAD_INPUT, "damaged: its tensors have names that collide, as '%.200s'",
                    name);
    if (entry->name != NULL)
        return FAIL(STATUS_BAD_INPUT, "damaged: two tensors are named '%.200s'", name);
    *entry = (struct name_entry){name, fingerprint_bytes(FINGERPRINT_START, name, strlen(name)),
                                 tensor, importer->serial};
    return STATUS_OK;
}

enum status importer_tensor(struct importer *importer, const char *name, int *tensor) {
    enum status status;
    size_t count = importer->tensor_count + 1;
    if (count > IMPORT_TENSORS)
        return FAIL(STATUS_BAD_INPUT, "more than %d tensors", IMPORT_TENSORS);
    TRY(memory_reserve(&importer->states, &importer->state_capacity, count,
                       sizeof *importer->states));
    TRY(memory_reserve(&importer->shapes, &importer->shape_capacity, count,
                       sizeof *importer->shapes));
    TRY(memory_reserve(&importer->probes, &importer->probe_capacity, count,
                       sizeof *importer->probes));
    TRY(graph_add_tensor(importer->graph, name == NULL ? "" : name, tensor));
    importer->states[*tensor] = (struct tensor_state){0};
    importer->shapes[*tensor] = (struct shape){0};
    importer->probes[*tensor] = (struct shape){0};
    importer->tensor_count = count;
out:
    return status;
}

enum status importer_constant(struct importer *importer, const char *name, enum dtype dtype,
                              const struct shape *shape, int *tensor) {
    enum status status;
    int64_t elements = shape_elements(shape);
    if (elements < 0 || (uint64_t)elements * dtype_size(dtype) > importer->memory_left)
        return FAIL(STATUS_BAD_INPUT, "a constant is larger than the file accounts for");
    TRY(importer_tensor(importer, name, tensor));
    TRY(graph_make_constant(importer->graph, *tensor, dtype, shape));
    importer->memory_left -= (uint64_t)elements * dtype_size(dtype);
    importer->states[*tensor].known = true;
    importer->states[*tensor].open = true;
    importer->shapes[*tensor] = *shape;
    importer->probes[*tensor] = *shape;
out:
    return status;
}

/* Adds the operator itself; its output is a tensor that exists. Names are only for messages: of a
 * node's, which each of its operators copies, a kilobyte is kept. */
static enum status add_op(struct importer *importer, const struct node *node, const struct op *op,
                          int output) {
    size_t index;
    char name[1024], type[sizeof name];
    if (importer->graph->n_ops >= IMPORT_OPS)
        return FAIL(STATUS_BAD_INPUT, "more than %d operators", IMPORT_OPS);
    snprintf(name, sizeof name, "%.1023s", node->message->name == NULL ? "" : node->message->name);
    snprintf(type, sizeof type, "%.1023s", node->message->op_type);
    enum status status = graph_add_op(importer->graph, op->kind, name, type, &index);
    if (status != STATUS_OK)
        return status;
    struct op *added = &importer->graph->ops[index];
    char *own_name = added->name, *own_type = added->type_name;
    *added = *op;
    added->name = own_name;
    added->type_name = own_type;
    added->output = output;
    return STATUS_OK;
}

enum status importer_unknown(struct importer *importer, const struct node *node,
                             const char *trouble) {
    enum status status = STATUS_OK;
    char *text = NULL;
    if (trouble != NULL) /* it may be the thread's last message: copied before the next one */
        TRY(memory_string(trouble, &text));
    for (size_t i = 0; i < node->message->n_output; i++) {
        const char *name = node->message->output[i];
        const struct name_entry *entry = name_slot(importer, name);
        int tensor;
        if (name[0] == '\0' ||
            (entry != NULL && entry->name != NULL && entry->serial == importer->serial))
            continue;
        struct op op = node_op(node, OP_UNKNOWN, node->n_inputs);
        TRY(importer_tensor(importer, name, &tensor));
        TRY(importer_bind(importer, name, tensor));
        TRY(add_op(importer, node, &op, tensor));
        if (text != NULL)
            TRY(memory_string(text, &importer->states[tensor].trouble));
        importer->states[tensor].reason = text != NULL ? REASON_OPERATOR : REASON_OTHER;
    }
out:
    free(text);
    return status;
}

struct op node_op(const struct node *node, enum op_kind kind, size_t n_inputs) {
    struct op op = {.kind = kind, .n_inputs = n_inputs, .output = -1};
    for (size_t i = 0; i < n_inputs; i++)
        op.inputs[i] = node_input(node, i);
    return op;
}

/* Computes an operator of constants into a constant. */
static enum status fold(struct importer *importer, const struct op *op, enum dtype dtype,
                        const struct shape *shape, const char *output, int *tensor) {
    enum status status;
    struct value inputs[GRAPH_INPUTS] = {0};
    uint64_t steps = op_steps(op, importer->shapes, shape);
    if (steps >= *importer->work_left)
        return FAIL(STATUS_BAD_INPUT, "its constants take too long to compute");
    *importer->work_left -= steps;
    TRY(importer_constant(importer, output, dtype, shape, tensor));
    const struct tensor *tensors = importer->graph->tensors;
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0)
            inputs[i] = (struct value){tensors[op->inputs[i]].dtype, tensors[op->inputs[i]].shape,
                                       tensors[op->inputs[i]].data};
    TRY(op_evaluate(op, inputs, &(struct value){dtype, *shape, tensors[*tensor].data}));
out:
    return status;
}

/* Where every input keeps its shape at the probe size, does the output? */
static void follow_probe(struct importer *importer, const struct op *op, int tensor) {
    for (size_t i = 0; i < op->n_inputs; i++)
        if (op->inputs[i] >= 0 && !importer->states[op->inputs[i]].open)
            return;
    importer->states[tensor].open =
        op_shape(importer->graph, op, importer->probes, importer->probe_height,
                 importer->probe_width, &importer->probes[tensor]) == STATUS_OK;
}

enum status emit(struct importer *importer, const struct node *node, const struct op *filled,
                 bool tied, const char *output, int *tensor) {
    enum status status;
    int added;
    struct op op = *filled;
    struct value inputs[GRAPH_INPUTS] = {0};
    struct shape shape;
    enum dtype dtype;
    bool constant = op.n_inputs > 0;
    op.name = node->message->name == NULL ? (char[]){""} : node->message->name;
    op.type_name = node->message->op_type;
    for (size_t i = 0; i < op.n_inputs; i++) {
        if (op.inputs[i] < 0)
            continue;
        if (!importer->states[op.inputs[i]].known)
            return FAIL(STATUS_BAD_INPUT, "an input of unknown shape");
        const struct tensor *input = &importer->graph->tensors[op.inputs[i]];
        inputs[i].dtype = input->dtype;
        inputs[i].shape = importer->shapes[op.inputs[i]];
        inputs[i].data = input->constant ? input->data : &shape; /* present: not NULL */
        constant = constant && input->constant;
    }
    TRY(op_dtype(&op, inputs, &dtype));
    TRY(op_shape(importer->graph, &op, importer->shapes, importer->height, importer->width,
                 &shape));
    int64_t most = ((int64_t)64 << 20) + 4096 * importer->height * importer->width;
    if (shape_elements(&shape) > most) {
        status = FAIL(STATUS_BAD_INPUT, "a result of %" PRId64 " elements is too large",
                      shape_elements(&shape));
        goto out;
    }
    if (constant) {
        TRY(fold(importer, &op, dtype, &shape, output, &added));
    } else {
        TRY(importer_tensor(importer, output, &added));
        importer->graph->tensors[added].dtype = dtype;
        importer->states[added].known = true;
        importer->shapes[added] = shape;
        if (!tied)
            follow_probe(importer, &op, added);
        TRY(add_op(importer, node, &op, added));
        importer->states[added].maker = importer->graph->n_ops;
    }
    if (output != NULL)
        TRY(importer_bind(importer, output, added));
    if (tensor != NULL)
        *tensor = added;
out:
    return status;
}

enum status emit_output(struct importer *importer, const struct node *node, const struct op *op) {
    return emit(importer, node, op, false, node->message->output[0], NULL);
}

enum status importer_picture(struct importer *importer, const char *name, bool grey) {
    enum status status;
    Onnx__NodeProto message = ONNX__NODE_PROTO__INIT;
    const struct node node = {.message = &message};
    const float weights[3] = GREY_WEIGHTS;
    TRY(importer_tensor(importer, name, &importer->graph->input));
    int image = importer->graph->input;
    importer->states[image] = (struct tensor_state){.known = true, .open = true};
    importer->shapes[image] = (struct shape){4, {1, 3, importer->height, importer->width}};
    importer->probes[image] =
        (struct shape){4, {1, 3, importer->probe_height, importer->probe_width}};
    if (!grey)
        return importer_bind(importer, name, image);
    struct op op = {.kind = OP_CONV, .n_inputs = 2, .inputs = {image, -1}, .output = -1};
    op.window = (struct window){.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .group = 1};
    message.name = message.op_type = (char[]){"grey"};
    TRY(importer_constant(importer, NULL, DTYPE_F32, &(struct shape){4, {1, 3, 1, 1}},
                          &op.inputs[1]));
    memcpy(importer->graph->tensors[op.inputs[1]].data, weights, sizeof weights);
    TRY(emit(importer, &node, &op, false, name, NULL));
out:
    return status;
}
