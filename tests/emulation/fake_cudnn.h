/* cuDNN's backend interface over the emulated runtime (include/cudnn.h), so that cuda/conv/ runs
 * unchanged. Descriptors keep their attributes, and are refused where cuDNN's documents say so: an
 * attribute of another type or number, one that is missing, parts that are not finalized or do not
 * fit together. Convolutions are plain loops that read and write by the tensors' strides, as work
 * of the handle's stream that takes time on the emulated clock.
 *
 * Its engines are these; those that must not be chosen compute not-a-number. */
#ifndef VERIFY_TEST_FAKE_CUDNN_H
#define VERIFY_TEST_FAKE_CUDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fake_engine {
    FAKE_TENSOR_CORE, /* two tiles, the second is faster; fp16, fused and plain; proposed twice */
    FAKE_ORDINARY,    /* both types, fused and plain, slower, with workspace */
    FAKE_WINOGRAD,    /* fast, and forbidden by its note */
    FAKE_RANDOM,      /* the same: not deterministic */
    FAKE_LARGE,       /* fast, with more workspace than is allowed */
    FAKE_REORDERED,   /* fast, for weights in another order */
    FAKE_FALLBACK,    /* plain only, the slowest */
    FAKE_ENGINES
};

/* Engines as a set. */
#define FAKE_BIT(engine) (1u << (engine))
#define FAKE_ALL         (FAKE_BIT(FAKE_ENGINES) - 1)

/* What it does otherwise; all 0: nothing. Sets of engines say whose plans … */
struct fake_cudnn {
    bool no_fused;         /* graphs of more than a convolution have no engine */
    bool no_strided;       /* nor have maps that are parts of wider ones */
    unsigned refused;      /* … are not finalized */
    unsigned failing;      /* … cannot be executed */
    unsigned large;        /* … likewise, for lack of memory */
    unsigned uncapturable; /* … break a capture */
    unsigned slow;         /* … take ten times as long */
    /* Graphs of more than a convolution do; at first where VERIFY_EMULATION_SLOW_FUSED is set. */
    bool slow_fused;
    bool no_text;     /* plans have no text */
    bool no_loading;  /* nor are made of one */
    uint64_t fail_at; /* this call, from 1 on, fails, but for those that release; 0: none */
};
/* From now on; calls and executions are counted from there. No other thread uses cuDNN. */
void fake_cudnn_set(const struct fake_cudnn *settings);
uint64_t fake_cudnn_calls(void);
/* How often plans of an engine were executed or captured. */
uint64_t fake_cudnn_executions(enum fake_engine engine);
/* Descriptors and handles that were not destroyed. */
size_t fake_cudnn_left(void);

#ifdef __cplusplus
}
#endif

#endif
