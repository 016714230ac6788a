/* Engines of the fake cuDNN: what its heuristics propose, plans, their texts, and running them. */
#include <algorithm>
#include <cuda_emulation.h>
#include <stdio.h>

#include "cudnn_parts.h"
#include "runtime.h"

static const struct {
    bool half_only, fuses;
    std::vector<cudnnBackendNumericalNote_t> notes;
    std::vector<cudnnBackendBehaviorNote_t> behaviours;
    int64_t workspace;
    double milliseconds; /* with the first tile; the second takes two thirds */
    bool spoils;
} engines[FAKE_ENGINES] = {
    {true,
     true,
     {CUDNN_NUMERICAL_NOTE_TENSOR_CORE},
     {CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION},
     0,
     3,
     false},
    {false, true, {}, {}, 512, 4, false},
    {false, true, {CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4}, {}, 0, 1, true},
    {false, true, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}, {}, 0, 1, true},
    {false, true, {}, {}, ((int64_t)256 << 20) + 1, 1, true},
    {false, true, {}, {CUDNN_BEHAVIOR_NOTE_REQUIRES_FILTER_INT8x32_REORDER}, 0, 1, true},
    {false, false, {CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP}, {}, 1000, 8, false},
};

/* What each heuristic proposes, best first. */
static const struct proposal {
    cudnnBackendHeurMode_t mode;
    enum fake_engine engine;
    int64_t tile;
} proposals[] = {
    {CUDNN_HEUR_MODE_A, FAKE_TENSOR_CORE, 0},     {CUDNN_HEUR_MODE_A, FAKE_TENSOR_CORE, 1},
    {CUDNN_HEUR_MODE_A, FAKE_WINOGRAD, 0},        {CUDNN_HEUR_MODE_A, FAKE_ORDINARY, 0},
    {CUDNN_HEUR_MODE_B, FAKE_TENSOR_CORE, 1},     {CUDNN_HEUR_MODE_B, FAKE_RANDOM, 0},
    {CUDNN_HEUR_MODE_B, FAKE_LARGE, 0},           {CUDNN_HEUR_MODE_B, FAKE_REORDERED, 0},
    {CUDNN_HEUR_MODE_FALLBACK, FAKE_FALLBACK, 0},
};

size_t cudnnGetVersion(void) {
    return CUDNN_VERSION;
}

cudnnStatus_t cudnnGraphVersionCheck(void) {
    return CUDNN_STATUS_SUCCESS;
}

const char *cudnnGetErrorString(cudnnStatus_t status) {
    switch (status) {
    case CUDNN_STATUS_SUCCESS:
        return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_BAD_PARAM:
        return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
        return "CUDNN_STATUS_NOT_SUPPORTED";
    case CUDNN_STATUS_INTERNAL_ERROR:
        return "CUDNN_STATUS_INTERNAL_ERROR";
    case CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED:
        return "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED";
    case CUDNN_STATUS_EXECUTION_FAILED:
        return "CUDNN_STATUS_EXECUTION_FAILED";
    }
    return "?";
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *out) {
    if (call_fails())
        return refuse(CUDNN_STATUS_INTERNAL_ERROR, "made to fail");
    *out = new cudnnContext{};
    fake.left++;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
    delete handle;
    fake.left--;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    if (call_fails())
        return refuse(CUDNN_STATUS_INTERNAL_ERROR, "made to fail");
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

static bool is_packed(const struct program_tensor &tensor) {
    return tensor.strides[3] == tensor.dims[1] && tensor.alignment == 16;
}

static bool is_strided(const struct program *program) {
    bool strided = !is_packed(program->x) || !is_packed(program->y);
    for (int64_t i = 0; i < program->n_steps; i++)
        strided |= program->steps[i].operand.uid && !is_packed(program->steps[i].operand);
    return strided;
}

static bool takes(enum fake_engine engine, const struct program *program) {
    bool fused = program->n_steps > 0;
    if (fused && (fake.settings.no_fused || !engines[engine].fuses))
        return false;
    if (fake.settings.no_strided && is_strided(program))
        return false;
    return program->x.is_half || !engines[engine].half_only;
}

static descriptor made(cudnnBackendDescriptorType_t type, const struct program *program) {
    descriptor made = {};
    made.type = type;
    made.finalized = true;
    made.program = *program;
    return made;
}

cudnnStatus_t heuristic_results(const descriptor *heuristic, int64_t room, int64_t *count,
                                void *values) {
    auto mode = heuristic->one<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE);
    const part &graph = heuristic->only(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    *count = 0;
    for (const struct proposal &proposal : proposals) {
        if (proposal.mode != mode || *count == room || !takes(proposal.engine, &graph->program))
            continue;
        struct program program = graph->program;
        program.engine = proposal.engine;
        program.tile = proposal.tile;
        if (!descriptor_fill(((cudnnBackendDescriptor_t *)values)[*count],
                             made(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &program)))
            return refuse(CUDNN_STATUS_BAD_PARAM, "results that are no configurations");
        ++*count;
    }
    return CUDNN_STATUS_SUCCESS;
}

template <typename T>
static cudnnStatus_t give(const std::vector<T> &from, int64_t room, int64_t *count, void *values) {
    *count = (int64_t)from.size();
    std::copy_n(from.begin(), std::min((int64_t)from.size(), room), (T *)values);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t give_part(const descriptor &found, int64_t room, int64_t *count,
                               void *values) {
    *count = 1;
    if (room < 1 || !descriptor_fill(((cudnnBackendDescriptor_t *)values)[0], found))
        return refuse(CUDNN_STATUS_BAD_PARAM, "a part of another kind");
    return CUDNN_STATUS_SUCCESS;
}

/* The text of a plan: its program's bytes, and their sum, so that nothing else is taken for one. */
static std::string text_of(const struct program *program) {
    const unsigned char *bytes = (const unsigned char *)program;
    std::string text = "{\"program\":\"";
    unsigned sum = 0;
    char hex[16];
    for (size_t i = 0; i < sizeof *program; i++) {
        snprintf(hex, sizeof hex, "%02x", bytes[i]);
        text += hex;
        sum = sum * 31 + bytes[i];
    }
    snprintf(hex, sizeof hex, "%08x", sum);
    return text + "\",\"sum\":\"" + hex + "\"}";
}

static bool parse_text(const std::string &text, struct program *program) {
    size_t begin = strlen("{\"program\":\"");
    unsigned char *bytes = (unsigned char *)program;
    if (text.size() < begin + 2 * sizeof *program)
        return false;
    for (size_t i = 0; i < sizeof *program; i++)
        bytes[i] = (unsigned char)strtoul(text.substr(begin + 2 * i, 2).c_str(), NULL, 16);
    return text_of(program) == text;
}

cudnnStatus_t engine_attribute(const descriptor *from, cudnnBackendAttributeName_t name,
                               int64_t room, int64_t *count, void *values) {
    const struct program *program = &from->program;
    bool tiled = program->engine == FAKE_TENSOR_CORE;
    switch (name) {
    case CUDNN_ATTR_ENGINECFG_ENGINE:
        return give_part(made(CUDNN_BACKEND_ENGINE_DESCRIPTOR, program), room, count, values);
    case CUDNN_ATTR_ENGINECFG_KNOB_CHOICES:
        *count = 0;
        return tiled ? give_part(made(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, program), room, count,
                                 values)
                     : CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE:
        return give<cudnnBackendKnobType_t>({CUDNN_KNOB_TYPE_TILE_SIZE}, room, count, values);
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE:
        return give<int64_t>({program->tile}, room, count, values);
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX:
        return give<int64_t>({program->engine}, room, count, values);
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
        return give(engines[program->engine].notes, room, count, values);
    case CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE:
        return give(engines[program->engine].behaviours, room, count, values);
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
        return give<int64_t>({engines[program->engine].workspace}, room, count, values);
    case CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION: {
        std::string text = text_of(program);
        if (fake.settings.no_text)
            return refuse(CUDNN_STATUS_NOT_SUPPORTED, "plans have no text");
        return give(std::vector<char>(text.begin(), text.end()), room, count, values);
    }
    default:
        return refuse(CUDNN_STATUS_BAD_PARAM, "an attribute that cannot be asked for");
    }
}

static bool is_one_of(int64_t engine, unsigned set) {
    return set & FAKE_BIT(engine);
}

cudnnStatus_t plan_check(descriptor *plan) {
    if (plan->has(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)) {
        plan->program = plan->only(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)->program;
    } else {
        if (!plan->has(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION))
            return refuse(CUDNN_STATUS_BAD_PARAM, "a plan of nothing");
        const attribute &text = plan->attributes.at(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION);
        if (fake.settings.no_loading ||
            !parse_text(std::string(text.bytes.begin(), text.bytes.end()), &plan->program))
            return refuse(CUDNN_STATUS_NOT_SUPPORTED, "a text that is no plan");
    }
    if (is_one_of(plan->program.engine, fake.settings.refused))
        return refuse(CUDNN_STATUS_NOT_SUPPORTED, "an engine that is told to refuse");
    plan->kept = std::make_shared<const struct program>(plan->program);
    return CUDNN_STATUS_SUCCESS;
}

/* The pack's pointer for a tensor, or NULL where it has none, or one at a wrong address. */
static void *pointer_of(const descriptor *pack, const struct program_tensor *tensor) {
    const int64_t *uids = pack->all<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    void *const *pointers = pack->all<void *>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    for (size_t i = 0; i < pack->count(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS); i++)
        if (uids[i] == tensor->uid)
            return (uintptr_t)pointers[i] % (uintptr_t)tensor->alignment ? NULL : pointers[i];
    return NULL;
}

/* Bytes of a tensor, strides and all, but for the gap after its last element. */
static size_t tensor_bytes(const struct program_tensor *tensor) {
    int64_t last = 0;
    for (size_t i = 0; i < PROGRAM_RANK; i++)
        last += (tensor->dims[i] - 1) * tensor->strides[i];
    return (size_t)(last + 1) * (tensor->is_half ? 2 : 4);
}

struct run {
    std::shared_ptr<const struct program> program;
    void *workspace;
    std::vector<void *> pointers;
};

/* Workspace holds rubbish afterwards. */
static void run(const struct run *run) {
    const struct program *program = run->program.get();
    size_t bytes = (size_t)engines[program->engine].workspace;
    if (bytes)
        memset(run->workspace, 0xa5, bytes);
    if (engines[program->engine].spoils)
        program_spoil(program, run->pointers.data());
    else
        program_run(program, run->pointers.data());
}

static double milliseconds_of(const struct program *program) {
    double milliseconds = engines[program->engine].milliseconds;
    return milliseconds * (program->tile ? 2.0 / 3 : 1) *
           (is_one_of(program->engine, fake.settings.slow) ? 10 : 1) *
           (program->n_steps && fake.settings.slow_fused ? 10 : 1);
}

static cudnnStatus_t bind(struct run *run, const descriptor *pack) {
    const struct program *program = run->program.get();
    std::vector<const struct program_tensor *> tensors = {&program->x, &program->w, &program->y};
    for (int64_t i = 0; i < program->n_steps; i++)
        tensors.push_back(&program->steps[i].operand);
    for (const struct program_tensor *tensor : tensors) {
        void *pointer = tensor->uid ? pointer_of(pack, tensor) : NULL;
        if (tensor->uid && !pointer)
            return refuse(CUDNN_STATUS_BAD_PARAM, "a tensor without memory at its alignment");
        if (pointer)
            stream_check_memory("a tensor", pointer, tensor_bytes(tensor));
        run->pointers.push_back(pointer);
    }
    run->pointers.resize(PROGRAM_POINTERS);
    run->workspace = pack->one<void *>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    size_t bytes = (size_t)engines[program->engine].workspace;
    if (bytes)
        stream_check_memory("a workspace", run->workspace, bytes);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t pack) {
    const descriptor *what = descriptor_of(plan);
    const descriptor *with = descriptor_of(pack);
    if (call_fails())
        return refuse(CUDNN_STATUS_INTERNAL_ERROR, "made to fail");
    if (!what || !what->finalized || !with || !with->finalized ||
        what->type != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR ||
        what->one<cudnnHandle_t>(CUDNN_ATTR_EXECUTION_PLAN_HANDLE) != handle)
        return refuse(CUDNN_STATUS_BAD_PARAM, "not a plan of this handle and its pointers");
    struct run call = {what->kept, NULL, {}};
    cudnnStatus_t status = bind(&call, with);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (is_one_of(what->program.engine, fake.settings.failing))
        return refuse(CUDNN_STATUS_EXECUTION_FAILED, "an engine that is told to fail");
    if (is_one_of(what->program.engine, fake.settings.large))
        return refuse(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, "too little memory");
    /* As a library that waits in between; its error shows when the capture ends. */
    if (is_one_of(what->program.engine, fake.settings.uncapturable))
        (void)cudaStreamSynchronize(handle->stream);
    fake.executions[what->program.engine]++;
    std::vector<const void *> memory(call.pointers.begin(), call.pointers.end());
    memory.push_back(call.workspace);
    cudaError_t error = stream_submit(
        "cudnnBackendExecute", [=] { run(&call); }, memory, milliseconds_of(&what->program),
        handle->stream);
    return error == cudaSuccess ? CUDNN_STATUS_SUCCESS
                                : refuse(CUDNN_STATUS_EXECUTION_FAILED, cudaGetErrorString(error));
}
