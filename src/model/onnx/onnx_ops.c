/* The operators of ONNX that we know, each with what turns it into ours. Spellings of opset 11 to
 * 22 differ in where they keep their numbers (attribute or input); node_list() takes either. */
#include "model/onnx/onnx_import.h"

#include <string.h>

#include "model/operators/operator.h"

struct translation {
    const char *name;
    translate *translate;
    int detail; /* which of its family */
};

/* Those that are not just one of ours. */
static const struct translation operators[] = {
    {"Abs", translate_unary, UNARY_ABS},
    {"Add", translate_binary, BINARY_ADD},
    {"And", translate_binary, BINARY_AND},
    {"AveragePool", translate_pool, OP_AVERAGE_POOL},
    {"Cast", translate_cast, 0},
    {"CastLike", translate_cast, 1},
    {"Ceil", translate_unary, UNARY_CEIL},
    {"Clip", translate_clip, 0},
    {"Concat", translate_concat, 0},
    {"Constant", translate_constant, 0},
    {"ConstantOfShape", translate_constant_of_shape, 0},
    {"Conv", translate_conv, 0},
    {"ConvTranspose", translate_conv_transpose, 0},
    {"ConvInteger", translate_integer, OP_CONV},
    {"Cos", translate_unary, UNARY_COS},
    {"DequantizeLinear", translate_dequantise, 0},
    {"Div", translate_binary, BINARY_DIV},
    {"DynamicQuantizeLinear", translate_dynamic_quantise, 0},
    {"Dropout", translate_alias, 0},
    {"Equal", translate_binary, BINARY_EQUAL},
    {"Erf", translate_unary, UNARY_ERF},
    {"Exp", translate_unary, UNARY_EXP},
    {"Expand", translate_expand, 0},
    {"Flatten", translate_flatten, 0},
    {"Floor", translate_unary, UNARY_FLOOR},
    {"Gather", translate_gather, 0},
    {"Gelu", translate_activation, ACTIVATION_GELU},
    {"Gemm", translate_gemm, 0},
    {"GlobalAveragePool", translate_global_pool, REDUCE_MEAN},
    {"GlobalMaxPool", translate_global_pool, REDUCE_MAX},
    {"Greater", translate_binary, BINARY_GREATER},
    {"GreaterOrEqual", translate_not_binary, BINARY_LESS},
    {"HardSigmoid", translate_activation, ACTIVATION_HARD_SIGMOID},
    {"HardSwish", translate_activation, ACTIVATION_HARD_SWISH},
    {"Identity", translate_alias, 0},
    {"LeakyRelu", translate_activation, ACTIVATION_LEAKY_RELU},
    {"Less", translate_binary, BINARY_LESS},
    {"LessOrEqual", translate_not_binary, BINARY_GREATER},
    {"Log", translate_unary, UNARY_LOG},
    {"MatMulInteger", translate_integer, OP_MATMUL},
    {"Max", translate_fold, BINARY_MAX},
    {"MaxPool", translate_pool, OP_MAX_POOL},
    {"Min", translate_fold, BINARY_MIN},
    {"Mish", translate_activation, ACTIVATION_MISH},
    {"Mod", translate_mod, BINARY_MOD},
    {"Mul", translate_binary, BINARY_MUL},
    {"Neg", translate_unary, UNARY_NEG},
    {"Not", translate_unary, UNARY_NOT},
    {"Or", translate_binary, BINARY_OR},
    {"PRelu", translate_p_relu, 0},
    {"Pad", translate_pad, 0},
    {"Pow", translate_binary, BINARY_POW},
    {"QLinearConv", translate_q_conv, 0},
    {"QLinearMatMul", translate_q_matmul, 0},
    {"QuantizeLinear", translate_quantise, 0},
    {"Reciprocal", translate_unary, UNARY_RECIPROCAL},
    {"ReduceMax", translate_reduce, REDUCE_MAX},
    {"ReduceMean", translate_reduce, REDUCE_MEAN},
    {"ReduceMin", translate_reduce, REDUCE_MIN},
    {"ReduceSum", translate_reduce, REDUCE_SUM},
    {"Relu", translate_activation, ACTIVATION_RELU},
    {"Reshape", translate_reshape, 0},
    {"Resize", translate_resize, 0},
    {"Round", translate_unary, UNARY_ROUND},
    {"Shape", translate_shape, 0},
    {"Sigmoid", translate_activation, ACTIVATION_SIGMOID},
    {"Sin", translate_unary, UNARY_SIN},
    {"Size", translate_size, 0},
    {"Slice", translate_slice, 0},
    {"Softmax", translate_softmax, 0},
    {"Softplus", translate_activation, ACTIVATION_SOFTPLUS},
    {"Split", translate_split, 0},
    {"Sqrt", translate_unary, UNARY_SQRT},
    {"Squeeze", translate_squeeze, 0},
    {"Sub", translate_binary, BINARY_SUB},
    {"Sum", translate_fold, BINARY_ADD},
    {"Swish", translate_activation, ACTIVATION_SILU},
    {"Tanh", translate_activation, ACTIVATION_TANH},
    {"Transpose", translate_transpose, 0},
    {"Unsqueeze", translate_unsqueeze, 0},
    {"Upsample", translate_resize, 0},
};

/* Those of ONNX Runtime's own that its quantisation writes. */
static const struct translation microsoft[] = {
    {"Cos", translate_unary, UNARY_COS},
    {"DequantizeLinear", translate_dequantise, 0},
    {"QLinearAdd", translate_q_binary, BINARY_ADD},
    {"QLinearAveragePool", translate_q_pool, OP_AVERAGE_POOL},
    {"QLinearConcat", translate_q_concat, 0},
    {"QLinearConv", translate_q_conv, 0},
    {"QLinearGlobalAveragePool", translate_q_pool, OP_REDUCE},
    {"QLinearLeakyRelu", translate_q_activation, ACTIVATION_LEAKY_RELU},
    {"QLinearMul", translate_q_binary, BINARY_MUL},
    {"QLinearSigmoid", translate_q_activation, ACTIVATION_SIGMOID},
    {"QuantizeLinear", translate_quantise, 0},
};

static const struct translation *find(const struct translation *table, size_t count,
                                      const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

/* Integers of 8 and 16 bits are floats here; that a file multiplies them as they are is not what
 * ONNX allows. */
static enum status check_elements(const struct importer *importer, const struct node *node) {
    static const char *const multiply[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
    for (size_t k = 0; k < sizeof multiply / sizeof multiply[0]; k++)
        for (size_t i = 0; i < node->n_inputs && i < GRAPH_INPUTS; i++) {
            int32_t element = node->inputs[i] < 0 ? 0 : importer->states[node->inputs[i]].element;
            if (element >= ONNX_UINT8 && element <= ONNX_INT16 &&
                strcmp(node->message->op_type, multiply[k]) == 0)
                return FAIL(STATUS_BAD_INPUT,
                            "its input %zu is of ONNX's type %d, which it does not take", i,
                            (int)element);
        }
    return STATUS_OK;
}

/* An operator of ours that reads ONNX's node of its name itself. */
static enum status translate_same(struct importer *importer, const struct node *node,
                                  enum op_kind kind) {
    enum status status;
    const struct operator_row *row = operator_of(kind);
    size_t n_inputs = node->n_inputs < row->least  ? row->least
                      : node->n_inputs > row->most ? row->most
                                                   : node->n_inputs;
    struct op op = node_op(node, kind, n_inputs);
    TRY(row->read_onnx(importer, node, &op));
    status = emit_output(importer, node, &op);
out:
    return status;
}

enum status node_translate(struct importer *importer, const struct node *node) {
    const Onnx__NodeProto *message = node->message;
    bool own = message->domain == NULL || message->domain[0] == '\0' ||
               strcmp(message->domain, "ai.onnx") == 0;
    if (message->n_output == 0 || message->output[0][0] == '\0')
        return FAIL(STATUS_BAD_INPUT, "has no output");
    const struct translation *found = NULL;
    if (own)
        found = find(operators, sizeof operators / sizeof operators[0], message->op_type);
    else if (strcmp(message->domain, "com.microsoft") == 0)
        found = find(microsoft, sizeof microsoft / sizeof microsoft[0], message->op_type);
    if (own) {
        enum status status = check_elements(importer, node);
        if (status != STATUS_OK)
            return status;
    }
    if (found != NULL)
        return found->translate(importer, node, found->detail);
    for (size_t i = 0; own && i < OP_KINDS; i++) {
        const struct operator_row *row = operator_of((enum op_kind)i);
        if (row->read_onnx && strcmp(row->name, message->op_type) == 0)
            return translate_same(importer, node, (enum op_kind)i);
    }
    return FAIL(STATUS_BAD_INPUT, "this operator is not supported");
}
