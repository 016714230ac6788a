/* Inside the cuDNN implementation of cuda/conv/conv.h. */
#ifndef VERIFY_CUDA_CONV_LIBRARY_H
#define VERIFY_CUDA_CONV_LIBRARY_H

#include <cuda_runtime_api.h>
#include <cudnn.h>

#include "base/text.h"
#include "cuda/conv/conv_cache.h"
#include "cuda/conv/conv_plans.h"

/* Most bytes that an engine may ask for, besides its maps. */
#define CONV_WORKSPACE_LIMIT ((size_t)256 << 20)

enum {
    CONV_CANDIDATES = 8, /* most that are timed for one shape: compiling one takes about a second */
    CONV_THREADS = 8,    /* most that build */
};

enum conv_form {
    CONV_FUSED, /* the engine does bias, activation and residual */
    CONV_PLAIN, /* the engine convolves into dst; kernel_bias_activation follows */
};

/* How a shape's operation graph is laid out. */
struct conv_way {
    enum conv_form form;
    bool packed; /* maps that are parts of wider buffers are copied to and from scratch */
    bool forced; /* of a plain engine that was chosen: none that fuses could be run */
};

/* An execution plan of cuDNN, ready to run. */
struct conv_engine {
    struct conv_way way;
    cudnnHandle_t handle;            /* that it was finalised with; the library's */
    cudnnBackendDescriptor_t config; /* NULL where the plan came from the cache */
    cudnnBackendDescriptor_t plan;   /* NULL: no engine */
    size_t workspace;                /* bytes that cuDNN asks for */
    float milliseconds;              /* median, where it was timed */
};

/* What is kept of a plan. */
struct conv_build {
    struct conv_engine engine; /* once built */
    size_t n_candidates;       /* while building; of the cache file: one, without a config */
    struct conv_engine candidates[CONV_CANDIDATES];
};

/* For whom engines are made: a device's handle, or (where that is NULL) the description of a device
 * that need not be there (CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR), whose engines cannot be run. */
struct conv_target {
    cudnnHandle_t handle;
    cudnnBackendDescriptor_t device;
};

#if CUDNN_VERSION >= 90800
#define CONV_SET_DEVICE(descriptor, kind, device)                                                  \
    cudnnBackendSetAttribute((descriptor), CUDNN_ATTR_##kind##_DEVICEPROP,                         \
                             CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, (device))
#else /* which knows no descriptions of devices */
#define CONV_SET_DEVICE(descriptor, kind, device) CUDNN_STATUS_NOT_SUPPORTED
#endif

struct conv_library {
    cudaStream_t stream; /* owned */
    int device;
    char *device_text; /* of the cache file: name, capability, versions */
    size_t n_handles;
    cudnnHandle_t handles[CONV_THREADS]; /* 0: the calling thread's */
    struct conv_plans plans;
    struct weight_store weights;
    /* The last is in use; a smaller one before it may still be used by captured graphs. */
    size_t n_workspaces, workspace_capacity;
    void **workspaces;
    size_t workspace_bytes; /* of the last */
    struct text note;
    size_t most_candidates; /* for one shape, unless none of them can be run */
    struct conv_cache choices;
    bool settled; /* conv_choices_settle */
};

/* The file of choices, while plans are built. */
struct conv_file {
    char *path; /* NULL: none */
    int lock;   /* held from the first shape on that it does not have; -1: not yet */
    bool differs, damaged;
};
/* Adds the file's choices of what is not built to the library's; without a lock where it has all,
 * else once no other process is choosing. Close it in any case. */
enum status conv_file_open(struct conv_library *library, struct conv_file *file);
/* Once all have engines: adds what was chosen anew, and writes what the file does not have. */
enum status conv_file_keep(struct conv_library *library, struct conv_file *file);
void conv_file_close(struct conv_file *file);

/* Whether a shape's form can be said as an operation graph. */
bool conv_form_exists(const struct conv_shape *shape, enum conv_form form);
/* Whether packing would change anything. */
bool conv_is_strided(const struct conv_shape *shape);
/* Whether, besides the sum, there is anything to do. */
bool conv_has_epilogue(const struct conv_shape *shape);

/* The unique ids of the graph's tensors. */
enum { CONV_UID_X = 1, CONV_UID_W, CONV_UID_Y, CONV_UID_BIAS, CONV_UID_RESIDUAL, CONV_UID_VIRTUAL };

/* An operation graph and the descriptors that it is made of. */
enum { CONV_GRAPH_PARTS = 24 };
struct conv_graph {
    size_t n_parts;
    cudnnBackendDescriptor_t parts[CONV_GRAPH_PARTS];
    cudnnBackendDescriptor_t graph; /* one of the parts */
};
/* What cuDNN says of the graph; *out is to be freed in any case. Without a handle (NULL) the graph
 * is only checked. */
cudnnStatus_t conv_graph_make(cudnnHandle_t handle, const struct conv_shape *shape,
                              const struct conv_way *way, struct conv_graph *out);
void conv_graph_free(struct conv_graph *graph);

/* What cuDNN proposes for the shape, done this way: no two alike, none that is forbidden
 * (conv_config_allowed). Finalises up to `limit`, best guess first; returns how many. What cuDNN
 * refuses is left out. */
size_t conv_engines_find(const struct conv_target *target, const struct conv_shape *shape,
                         const struct conv_way *way, struct conv_engine *engines, size_t limit);
/* Whether an engine's notes are all allowed for this element type. */
bool conv_config_allowed(cudnnBackendDescriptor_t config, enum element element);

/* Makes a plan of a configuration, which *out owns then; false where cuDNN refuses. */
bool conv_engine_make(const struct conv_target *target, cudnnBackendDescriptor_t config,
                      const struct conv_way *way, struct conv_engine *out);
/* An engine from cuDNN's text of it; false where cuDNN does not take it. */
bool conv_engine_load(const struct conv_target *target, const char *text,
                      const struct conv_way *way, struct conv_engine *out);
/* cuDNN's text of a plan, or NULL where it gives none; free() releases it. */
char *conv_engine_text(const struct conv_engine *engine);
void conv_engine_free(struct conv_engine *engine);

/* Bytes of workspace that running the shape with this engine takes, copies included. */
size_t conv_engine_bytes(const struct conv_shape *shape, const struct conv_engine *engine);
/* Enqueues a convolution that was checked (conv_run). */
enum status conv_engine_run(const struct conv_shape *shape, const struct conv_engine *engine,
                            cudaStream_t stream, void *workspace,
                            const struct conv_operands *operands);

/* Gives every plan not built its candidates, in threads: the engine that is among the choices, or
 * else what cuDNN proposes. */
enum status conv_candidates_find(struct conv_library *library);
/* The same for one plan, by the calling thread, the choices apart, as many as there may be. */
void conv_candidates_renew(struct conv_library *library, struct conv_plan *plan);
/* Finds the candidates of every plan not built and runs them; the fastest becomes its engine, of
 * those that have a text where there are such; the first where nothing is timed any more, or none
 * has. What cannot be run, or not be captured into a CUDA graph, is dropped; an engine of the
 * choices is then replaced. STATUS_FAILED, naming the shape, where none is left. */
enum status conv_engines_choose(struct conv_library *library);
/* The words of the cache file for a way, and back. */
const char *conv_way_text(const struct conv_way *way);
bool conv_way_parse(const char *text, struct conv_way *way);

#endif
