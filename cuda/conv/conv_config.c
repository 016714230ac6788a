/* Which engine configurations cuDNN proposes for an operation graph, and which of them may be used.
 */
#include "cuda/conv/conv_library.h"

enum {
    PROPOSALS = 24, /* most of one heuristic that are looked at */
    ENOUGH = 4,     /* engines: the next heuristic is asked where there are fewer */
};

/* What an engine must not do: give other results from run to run, keep sums in less than fp32,
 * transform the input (Winograd, FFT: errors beyond rounding); in fp32 mode also round the input to
 * TF32 or fp16 on its way. */
static bool note_allowed(cudnnBackendNumericalNote_t note, enum element element) {
    switch (note) {
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
        return element == ELEMENT_F16;
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
    case CUDNN_NUMERICAL_NOTE_FFT:
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
        return false;
    case CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP:
        return true;
    case CUDNN_NUMERICAL_NOTE_TYPE_COUNT:
        break;
    }
    return false;
}

/* An engine for weights in an order of their own would compute nonsense with ours. */
static bool behaviour_allowed(cudnnBackendBehaviorNote_t note) {
    return note != CUDNN_BEHAVIOR_NOTE_REQUIRES_FILTER_INT8x32_REORDER &&
           note != CUDNN_BEHAVIOR_NOTE_REQUIRES_BIAS_INT8x32_REORDER;
}

static bool notes_allowed(cudnnBackendDescriptor_t engine, enum element element) {
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    cudnnBackendBehaviorNote_t behaviours[CUDNN_BEHAVIOR_NOTE_TYPE_COUNT];
    int64_t n_notes = 0;
    int64_t n_behaviours = 0;
    if (cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                 CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT,
                                 &n_notes, notes) != CUDNN_STATUS_SUCCESS ||
        cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE,
                                 CUDNN_BEHAVIOR_NOTE_TYPE_COUNT, &n_behaviours,
                                 behaviours) != CUDNN_STATUS_SUCCESS ||
        n_notes > CUDNN_NUMERICAL_NOTE_TYPE_COUNT || n_behaviours > CUDNN_BEHAVIOR_NOTE_TYPE_COUNT)
        return false;
    for (int64_t i = 0; i < n_notes; i++)
        if (!note_allowed(notes[i], element))
            return false;
    for (int64_t i = 0; i < n_behaviours; i++)
        if (!behaviour_allowed(behaviours[i]))
            return false;
    return true;
}

/* The engine of a configuration, to be destroyed, or NULL. */
static cudnnBackendDescriptor_t engine_of(cudnnBackendDescriptor_t config) {
    cudnnBackendDescriptor_t engine = NULL;
    int64_t count = 0;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine) !=
        CUDNN_STATUS_SUCCESS)
        return NULL;
    if (cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                 1, &count, &engine) == CUDNN_STATUS_SUCCESS)
        return engine;
    (void)cudnnBackendDestroyDescriptor(engine);
    return NULL;
}

bool conv_config_allowed(cudnnBackendDescriptor_t config, enum element element) {
    cudnnBackendDescriptor_t engine = engine_of(config);
    bool allowed = engine && notes_allowed(engine, element);
    if (engine)
        (void)cudnnBackendDestroyDescriptor(engine);
    return allowed;
}

/* What tells configurations apart: the engine and its knobs. */
struct choice {
    int64_t engine, n_knobs;
    cudnnBackendKnobType_t types[CUDNN_KNOB_TYPE_COUNTS];
    int64_t values[CUDNN_KNOB_TYPE_COUNTS];
};

static void read_knobs(cudnnBackendDescriptor_t config, struct choice *choice) {
    cudnnBackendDescriptor_t knobs[CUDNN_KNOB_TYPE_COUNTS];
    int64_t n = 0;
    int64_t count = 0;
    while (n < CUDNN_KNOB_TYPE_COUNTS &&
           cudnnBackendCreateDescriptor(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, &knobs[n]) ==
               CUDNN_STATUS_SUCCESS)
        n++;
    if (cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, n, &choice->n_knobs,
                                 knobs) != CUDNN_STATUS_SUCCESS ||
        choice->n_knobs > n)
        choice->n_knobs = 0;
    for (int64_t i = 0; i < choice->n_knobs; i++) {
        (void)cudnnBackendGetAttribute(knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE,
                                       CUDNN_TYPE_KNOB_TYPE, 1, &count, &choice->types[i]);
        (void)cudnnBackendGetAttribute(knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE,
                                       CUDNN_TYPE_INT64, 1, &count, &choice->values[i]);
    }
    while (n)
        (void)cudnnBackendDestroyDescriptor(knobs[--n]);
}

static struct choice choice_of(cudnnBackendDescriptor_t config) {
    struct choice choice = {.engine = -1};
    cudnnBackendDescriptor_t engine = engine_of(config);
    int64_t count = 0;
    if (engine) {
        (void)cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1,
                                       &count, &choice.engine);
        (void)cudnnBackendDestroyDescriptor(engine);
    }
    read_knobs(config, &choice);
    return choice;
}

static bool same_choice(const struct choice *a, const struct choice *b) {
    if (a->engine != b->engine || a->n_knobs != b->n_knobs)
        return false;
    for (int64_t i = 0; i < a->n_knobs; i++)
        if (a->types[i] != b->types[i] || a->values[i] != b->values[i])
            return false;
    return true;
}

/* Whether one of the engines has this configuration: heuristics repeat each other's. */
static bool is_known(cudnnBackendDescriptor_t config, const struct conv_engine *engines, size_t n) {
    struct choice wanted = choice_of(config);
    for (size_t i = 0; i < n; i++) {
        struct choice known = choice_of(engines[i].config);
        if (same_choice(&wanted, &known))
            return true;
    }
    return false;
}

/* The proposals of a heuristic, in its order; returns how many. */
static size_t propose(const struct conv_target *target, cudnnBackendDescriptor_t graph,
                      cudnnBackendHeurMode_t mode, cudnnBackendDescriptor_t configs[PROPOSALS]) {
    cudnnBackendDescriptor_t heuristic = NULL;
    int64_t count = 0;
    size_t n = 0;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, &heuristic) !=
        CUDNN_STATUS_SUCCESS)
        return 0;
    if (cudnnBackendSetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                 &graph) != CUDNN_STATUS_SUCCESS ||
        cudnnBackendSetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1,
                                 &mode) != CUDNN_STATUS_SUCCESS ||
        (!target->handle &&
         CONV_SET_DEVICE(heuristic, ENGINEHEUR, &target->device) != CUDNN_STATUS_SUCCESS) ||
        cudnnBackendFinalize(heuristic) != CUDNN_STATUS_SUCCESS)
        goto out;
    /* cuDNN fills descriptors that are there already. */
    while (n < PROPOSALS && cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR,
                                                         &configs[n]) == CUDNN_STATUS_SUCCESS)
        n++;
    if (cudnnBackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, (int64_t)n, &count,
                                 configs) != CUDNN_STATUS_SUCCESS ||
        count < 0)
        count = 0;
    while (n > (size_t)count)
        (void)cudnnBackendDestroyDescriptor(configs[--n]);
out:
    (void)cudnnBackendDestroyDescriptor(heuristic);
    return n;
}

size_t conv_engines_find(const struct conv_target *target, const struct conv_shape *shape,
                         const struct conv_way *way, struct conv_engine *engines, size_t limit) {
    static const cudnnBackendHeurMode_t modes[] = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B,
                                                   CUDNN_HEUR_MODE_FALLBACK};
    struct conv_graph graph;
    size_t found = 0;
    if (conv_graph_make(target->handle, shape, way, &graph) != CUDNN_STATUS_SUCCESS)
        goto out;
    for (size_t m = 0; m < sizeof modes / sizeof *modes && found < limit && found < ENOUGH; m++) {
        cudnnBackendDescriptor_t configs[PROPOSALS];
        size_t n = propose(target, graph.graph, modes[m], configs);
        for (size_t i = 0; i < n; i++) {
            if (found < limit && conv_config_allowed(configs[i], shape->element) &&
                !is_known(configs[i], engines, found) &&
                conv_engine_make(target, configs[i], way, &engines[found]))
                found++;
            else
                (void)cudnnBackendDestroyDescriptor(configs[i]);
        }
    }
out:
    conv_graph_free(&graph);
    return found;
}
