/* A model in words and numbers: what --inspect prints. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/model.h"
#include "model/operators/cost.h"

enum { NAMES_SHOWN = 20 };

enum status model_gflops(const struct model *model, int64_t height, int64_t width, double *gflops) {
    enum status status;
    const struct graph *graph = &model->graph;
    struct shape *shapes = NULL;
    double sum = 0.0;
    TRY(memory_zeroed(graph->n_tensors, sizeof *shapes, &shapes));
    TRY(graph_shapes(graph, height, width, shapes));
    for (size_t i = 0; i < graph->n_ops; i++)
        if (op_multiplies(&graph->ops[i]))
            sum += 2.0 *
                   (double)op_multiply_adds(&graph->ops[i], shapes, &shapes[graph->ops[i].output]);
    *gflops = sum / 1e9;
out:
    free(shapes);
    return status;
}

static const char *activation_name(enum activation activation) {
    switch (activation) {
    case ACTIVATION_NONE:
        return "";
    case ACTIVATION_SILU:
        return "SiLU";
    case ACTIVATION_RELU:
        return "ReLU";
    case ACTIVATION_LEAKY_RELU:
        return "LeakyReLU";
    case ACTIVATION_SIGMOID:
        return "Sigmoid";
    case ACTIVATION_MISH:
        return "Mish";
    case ACTIVATION_HARD_SIGMOID:
        return "HardSigmoid";
    case ACTIVATION_HARD_SWISH:
        return "HardSwish";
    case ACTIVATION_TANH:
        return "Tanh";
    case ACTIVATION_GELU:
        return "GELU";
    case ACTIVATION_CLIP:
        return "Clip";
    case ACTIVATION_SOFTPLUS:
        return "Softplus";
    }
    return "";
}

/* "640x20x20", without the batch. */
static void write_shape(const struct shape *shape, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = shape->rank > 1 && shape->dims[0] == 1; i < shape->rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%" PRId64, used == 0 ? "" : "x",
                                 shape->dims[i]);
}

/* What an operator does that its file's name for it, often that of a whole block, leaves open. */
static void write_action(const struct op *op, char *out, size_t size) {
    const char *action = "";
    if (op->kind == OP_SLICE)
        action = "slice";
    else if (op->kind == OP_CONCAT)
        action = "concat";
    else if (op->kind == OP_BINARY)
        action = op->binary == BINARY_ADD ? "add" : op->binary == BINARY_MUL ? "mul" : "";
    snprintf(out, size, "%s", strcasecmp(action, op->type_name) == 0 ? "" : action);
    if (op->kind == OP_RESIZE)
        snprintf(out, size, "x%g", (double)op->scale[0]);
}

/* "3x3/2 g16 +res": kernel, stride, groups, residual. */
static void write_window(const struct op *op, char *out, size_t size) {
    const struct window *window = &op->window;
    char groups[24] = "";
    bool pool = op->kind == OP_MAX_POOL || op->kind == OP_AVERAGE_POOL;
    if (op->kind != OP_CONV && op->kind != OP_CONV_TRANSPOSE && !pool) {
        write_action(op, out, size);
        return;
    }
    if (window->group > 1)
        snprintf(groups, sizeof groups, " g%" PRId64, window->group);
    snprintf(out, size, "%" PRId64 "x%" PRId64 "/%" PRId64 "%s%s", window->kernel[0],
             window->kernel[1], window->stride[0], groups,
             op->kind == OP_CONV && op->n_inputs > 3 && op->inputs[3] >= 0 ? " +res" : "");
}

static void write_layer(const struct graph *graph, const struct shape *shapes, size_t index,
                        struct text *text) {
    const struct op *op = &graph->ops[index];
    char window[64], in[64] = "", out[64];
    bool activated = op->kind == OP_CONV || (op->kind == OP_UNARY && op->unary == UNARY_ACTIVATION);
    write_window(op, window, sizeof window);
    for (size_t i = op->n_inputs; i-- > 0;) /* the first that is no constant */
        if (op->inputs[i] >= 0 && !graph->tensors[op->inputs[i]].constant)
            write_shape(&shapes[op->inputs[i]], in, sizeof in);
    write_shape(&shapes[op->output], out, sizeof out);
    text_format(text, "%5zu  %-14.14s %-16s %-11s %-14s %-14s %10" PRIu64 " %10.1f  %.200s\n",
                index, op->type_name, window, activated ? activation_name(op->activation) : "", in,
                out, op_parameters(graph, op),
                op_multiplies(op) ? 2e-6 * (double)op_multiply_adds(op, shapes, &shapes[op->output])
                                  : 0.0,
                op->name);
}

static void write_head(const struct head *head, const struct shape *shapes, struct text *text) {
    text_string(text, "Head:");
    for (size_t l = 0; l < head->n_levels; l++) {
        const struct shape *shape = &shapes[head->levels[l].boxes];
        if (shape->rank == 4 && (l == 0 || head->levels[l].boxes != head->levels[l - 1].boxes))
            text_format(text, " stride %zu (%" PRId64 "x%" PRId64 ")", head->levels[l].stride,
                        shape->dims[3], shape->dims[2]);
    }
    text_string(text, "\n");
}

enum status model_describe(const struct model *model, int64_t height, int64_t width,
                           struct text *text) {
    enum status status;
    const struct graph *graph = &model->graph;
    struct shape *shapes = NULL;
    double gflops;
    TRY(memory_zeroed(graph->n_tensors, sizeof *shapes, &shapes));
    TRY(graph_shapes(graph, height, width, shapes));
    TRY(model_gflops(model, height, width, &gflops));
    text_format(text, "Model: %s%s%s\n", model->format, model->description[0] ? ", " : "",
                model->description);
    text_format(text, "Family: %s\n", model->family);
    if (graph->head.kind != HEAD_FINAL)
        write_head(&graph->head, shapes, text);
    text_format(text, "Input: %" PRId64 "x%" PRId64 ", multiples of %" PRId64 "%s\n", width, height,
                model->stride, graph->fixed_height != 0 ? ", this size only" : "");
    if (graph->corner)
        text_string(text, "Pictures: as YOLOX's, BGR from 0 to 255, in the upper left corner\n");
    if (!model->dynamic)
        text_string(text, "Exported for: one size\n");
    if (model->trained_on)
        text_format(text, "Trained on: %s", model->trained_on);
    if (model->trained_on && model->epochs)
        text_format(text, ", %" PRId64 " epochs", model->epochs);
    text_string(text, model->trained_on ? "\n" : "");
    text_format(text, "Classes: %zu (", model->n_classes);
    for (size_t i = 0; i < model->n_classes && i < NAMES_SHOWN; i++)
        text_format(text, "%s%s", i == 0 ? "" : ", ", model->names[i]);
    text_format(text, "%s)\n", model->n_classes > NAMES_SHOWN ? ", …" : "");
    if (model->n_named && model->n_named != model->n_classes)
        text_format(text, "Names: %zu in the file, which are not its classes\n", model->n_named);
    text_format(text, "Parameters: %" PRIu64 "\nGFLOPs: %.2f\n\n", model->parameters, gflops);
    text_format(text, "%5s  %-14s %-16s %-11s %-14s %-14s %10s %10s  %s\n", "Layer", "Operator",
                "Kernel, action", "Activation", "Input", "Output", "Parameters", "MFLOPs", "Name");
    for (size_t i = 0; i < graph->n_ops; i++)
        write_layer(graph, shapes, i, text);
    status = text_status(text);
out:
    free(shapes);
    return status;
}
