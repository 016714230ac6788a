/* Descriptors of the fake cuDNN: which attributes they have, and that they keep them. */
#include <cuda_emulation.h>
#include <stdio.h>

#include "cudnn_parts.h"

/* What may be set; `most` 0: as many as there are. */
struct rule {
    cudnnBackendDescriptorType_t of;
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t least, most;
    bool required;
    cudnnBackendDescriptorType_t part; /* of CUDNN_TYPE_BACKEND_DESCRIPTOR */
};

#define RULE(of, name, type, least, most, required)                                                \
    {                                                                                              \
        CUDNN_BACKEND_##of##_DESCRIPTOR, CUDNN_ATTR_##name, CUDNN_TYPE_##type, least, most,        \
            required, CUDNN_BACKEND_TENSOR_DESCRIPTOR                                              \
    }
#define PART(of, name, part, most, required)                                                       \
    {                                                                                              \
        CUDNN_BACKEND_##of##_DESCRIPTOR, CUDNN_ATTR_##name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,      \
            most, required, CUDNN_BACKEND_##part##_DESCRIPTOR                                      \
    }

static const struct rule rules[] = {
    RULE(TENSOR, TENSOR_DATA_TYPE, DATA_TYPE, 1, 1, true),
    RULE(TENSOR, TENSOR_DIMENSIONS, INT64, 4, 4, true),
    RULE(TENSOR, TENSOR_STRIDES, INT64, 4, 4, true),
    RULE(TENSOR, TENSOR_UNIQUE_ID, INT64, 1, 1, true),
    RULE(TENSOR, TENSOR_BYTE_ALIGNMENT, INT64, 1, 1, true),
    RULE(TENSOR, TENSOR_IS_VIRTUAL, BOOLEAN, 1, 1, true),
    RULE(CONVOLUTION, CONVOLUTION_COMP_TYPE, DATA_TYPE, 1, 1, true),
    RULE(CONVOLUTION, CONVOLUTION_CONV_MODE, CONVOLUTION_MODE, 1, 1, true),
    RULE(CONVOLUTION, CONVOLUTION_SPATIAL_DIMS, INT64, 1, 1, true),
    RULE(CONVOLUTION, CONVOLUTION_PRE_PADDINGS, INT64, 2, 2, true),
    RULE(CONVOLUTION, CONVOLUTION_POST_PADDINGS, INT64, 2, 2, true),
    RULE(CONVOLUTION, CONVOLUTION_DILATIONS, INT64, 2, 2, true),
    RULE(CONVOLUTION, CONVOLUTION_FILTER_STRIDES, INT64, 2, 2, true),
    PART(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CONVOLUTION, 1,
         true),
    PART(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_X, TENSOR, 1, true),
    PART(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_W, TENSOR, 1, true),
    PART(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_Y, TENSOR, 1, true),
    RULE(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_ALPHA, FLOAT, 1, 1, true),
    RULE(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_BETA, FLOAT, 1, 1, true),
    RULE(POINTWISE, POINTWISE_MODE, POINTWISE_MODE, 1, 1, true),
    RULE(POINTWISE, POINTWISE_MATH_PREC, DATA_TYPE, 1, 1, true),
    RULE(POINTWISE, POINTWISE_SWISH_BETA, DOUBLE, 1, 1, false),
    RULE(POINTWISE, POINTWISE_SOFTPLUS_BETA, DOUBLE, 1, 1, false),
    RULE(POINTWISE, POINTWISE_RELU_LOWER_CLIP_SLOPE, DOUBLE, 1, 1, false),
    RULE(POINTWISE, POINTWISE_RELU_UPPER_CLIP, DOUBLE, 1, 1, false),
    PART(OPERATION_POINTWISE, OPERATION_POINTWISE_PW_DESCRIPTOR, POINTWISE, 1, true),
    PART(OPERATION_POINTWISE, OPERATION_POINTWISE_XDESC, TENSOR, 1, true),
    PART(OPERATION_POINTWISE, OPERATION_POINTWISE_BDESC, TENSOR, 1, false),
    PART(OPERATION_POINTWISE, OPERATION_POINTWISE_YDESC, TENSOR, 1, true),
    /* An operation of either kind. */
    PART(OPERATIONGRAPH, OPERATIONGRAPH_OPS, OPERATIONGRAPH, 0, true),
    RULE(OPERATIONGRAPH, OPERATIONGRAPH_HANDLE, HANDLE, 1, 1, true),
    PART(ENGINEHEUR, ENGINEHEUR_OPERATION_GRAPH, OPERATIONGRAPH, 1, true),
    RULE(ENGINEHEUR, ENGINEHEUR_MODE, HEUR_MODE, 1, 1, true),
    RULE(EXECUTION_PLAN, EXECUTION_PLAN_HANDLE, HANDLE, 1, 1, true),
    PART(EXECUTION_PLAN, EXECUTION_PLAN_ENGINE_CONFIG, ENGINECFG, 1, false),
    RULE(EXECUTION_PLAN, EXECUTION_PLAN_JSON_REPRESENTATION, CHAR, 0, 0, false),
    RULE(VARIANT_PACK, VARIANT_PACK_UNIQUE_IDS, INT64, 1, 0, true),
    RULE(VARIANT_PACK, VARIANT_PACK_DATA_POINTERS, VOID_PTR, 1, 0, true),
    RULE(VARIANT_PACK, VARIANT_PACK_WORKSPACE, VOID_PTR, 1, 1, true),
};

static size_t type_bytes(cudnnBackendAttributeType_t type) {
    switch (type) {
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return sizeof(void *);
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
        return 8;
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR:
        return 1;
    case CUDNN_TYPE_FLOAT:
    case CUDNN_TYPE_DATA_TYPE:
    case CUDNN_TYPE_CONVOLUTION_MODE:
    case CUDNN_TYPE_POINTWISE_MODE:
    case CUDNN_TYPE_HEUR_MODE:
    case CUDNN_TYPE_KNOB_TYPE:
    case CUDNN_TYPE_NUMERICAL_NOTE:
    case CUDNN_TYPE_BEHAVIOR_NOTE:
        return 4;
    }
    return 0;
}

/* What a program is told that cannot call fake_cudnn_set. */
static struct fake_cudnn settings_wanted() {
    return {.slow_fused = getenv("VERIFY_EMULATION_SLOW_FUSED") != NULL};
}

struct fake_state fake = {settings_wanted(), {}, {}, {}};
static thread_local std::string last_reason;

cudnnStatus_t refuse(cudnnStatus_t status, const std::string &reason) {
    last_reason = reason;
    return status;
}

void cudnnGetLastErrorString(char *message, size_t size) {
    snprintf(message, size, "%s", last_reason.c_str());
}

bool call_fails(void) {
    return ++fake.calls == fake.settings.fail_at;
}

void fake_cudnn_set(const struct fake_cudnn *settings) {
    fake.settings = *settings;
    fake.calls = 0;
    for (auto &count : fake.executions)
        count = 0;
}

uint64_t fake_cudnn_calls(void) {
    return fake.calls;
}

uint64_t fake_cudnn_executions(enum fake_engine engine) {
    return fake.executions[engine];
}

size_t fake_cudnn_left(void) {
    return fake.left;
}

/* What a program holds: a descriptor that several may share. */
struct holder {
    std::shared_ptr<descriptor> held;
};

descriptor *descriptor_of(cudnnBackendDescriptor_t handle) {
    return handle ? ((struct holder *)handle)->held.get() : NULL;
}

bool descriptor_fill(cudnnBackendDescriptor_t handle, const descriptor &found) {
    const descriptor *old = descriptor_of(handle);
    if (!old || old->type != found.type)
        return false;
    ((struct holder *)handle)->held = std::make_shared<descriptor>(found);
    return true;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t *out) {
    if (call_fails())
        return refuse(CUDNN_STATUS_INTERNAL_ERROR, "made to fail");
    auto made = std::make_shared<descriptor>();
    made->type = type;
    *out = new holder{made};
    fake.left++;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t handle) {
    delete (struct holder *)handle;
    fake.left--;
    return CUDNN_STATUS_SUCCESS;
}

size_t descriptor::count(cudnnBackendAttributeName_t name) const {
    for (const struct rule &rule : rules)
        if (rule.of == type && rule.name == name)
            return attributes.at(name).bytes.size() / type_bytes(rule.type);
    return 0;
}

static bool fits(const struct rule &rule, const descriptor *part) {
    if (rule.name != CUDNN_ATTR_OPERATIONGRAPH_OPS)
        return part->type == rule.part;
    return part->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR ||
           part->type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR;
}

static cudnnStatus_t set_parts(const struct rule &rule, int64_t count, const void *values,
                               std::vector<part> *parts) {
    for (int64_t i = 0; i < count; i++) {
        const auto *held = ((const struct holder *const *)values)[i];
        if (!held || !held->held->finalized || !fits(rule, held->held.get()))
            return refuse(CUDNN_STATUS_BAD_PARAM,
                          "a part that is not finalized, or of another kind");
        parts->push_back(held->held);
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t handle,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count,
                                       const void *values) {
    descriptor *to = descriptor_of(handle);
    if (call_fails())
        return refuse(CUDNN_STATUS_INTERNAL_ERROR, "made to fail");
    if (!to || to->finalized || !values)
        return refuse(CUDNN_STATUS_BAD_PARAM, "an attribute of what is finalized, or not there");
    for (const struct rule &rule : rules) {
        if (rule.of != to->type || rule.name != name)
            continue;
        if (rule.type != type || count < rule.least || (rule.most && count > rule.most))
            return refuse(CUDNN_STATUS_BAD_PARAM, "an attribute of another type, or number");
        struct attribute set;
        if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
            cudnnStatus_t status = set_parts(rule, count, values, &set.parts);
            if (status != CUDNN_STATUS_SUCCESS)
                return status;
        } else {
            const char *bytes = (const char *)values;
            set.bytes.assign(bytes, bytes + (size_t)count * type_bytes(type));
        }
        to->attributes[name] = set;
        return CUDNN_STATUS_SUCCESS;
    }
    return refuse(CUDNN_STATUS_BAD_PARAM, "an attribute that this kind of descriptor has not");
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t handle) {
    descriptor *made = descriptor_of(handle);
    if (call_fails())
        return refuse(CUDNN_STATUS_INTERNAL_ERROR, "made to fail");
    if (!made || made->finalized)
        return refuse(CUDNN_STATUS_BAD_PARAM, "finalized twice, or not there");
    for (const struct rule &rule : rules)
        if (rule.of == made->type && rule.required && !made->has(rule.name))
            return refuse(CUDNN_STATUS_BAD_PARAM, "an attribute is missing");
    cudnnStatus_t status = made->type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR
                               ? plan_check(made)
                               : graph_part_check(made);
    made->finalized = status == CUDNN_STATUS_SUCCESS;
    return status;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t handle,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t room,
                                       int64_t *count, void *values) {
    const descriptor *from = descriptor_of(handle);
    (void)type;
    if (call_fails())
        return refuse(CUDNN_STATUS_INTERNAL_ERROR, "made to fail");
    if (!from || !from->finalized)
        return refuse(CUDNN_STATUS_BAD_PARAM, "asked of what is not finalized");
    if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS)
        return heuristic_results(from, room, count, values);
    return engine_attribute(from, name, room, count, values);
}
