/* The label that a block of judge_evidence.cu judges, and what its threads share. CUDA C++ only. */
#ifndef VERIFY_CUDA_JUDGE_SUBJECT_H
#define VERIFY_CUDA_JUDGE_SUBJECT_H

#include "cuda/judge/judge_block.h"
#include "cuda/judge/judge_kernels.h"

enum {
    THREADS = 256,
    WARPS = THREADS / WARP,
    RUN = 4,             /* anchors a thread looks at in one go */
    TILE_ANCHORS = WARP, /* of the scores that a block holds at a time */
    TILE_CLASSES = 128,
};
#define TWIN 0x80000000u /* no label has so high an index */

/* Scores of neighbouring anchors, how much each of these counts by the two ramps, and which classes
 * another label explains. */
struct score_tile {
    float scores[TILE_ANCHORS][TILE_CLASSES];
    float loose[TILE_ANCHORS], tight[TILE_ANCHORS];
    uint32_t taken[TILE_ANCHORS][TILE_CLASSES / WARP];
};
/* Terms of near and here. */
struct sum_tile {
    float near[THREADS], here[THREADS];
};
/* Boxes to be fused. */
struct fuse_tile {
    double weights[THREADS];
    struct box boxes[THREADS];
    float found[THREADS];
};

struct evidence_shared {
    union {
        struct score_tile tile;
        struct sum_tile sum;
        struct fuse_tile fuse;
    } as;
    unsigned sums[WARPS_MOST];
    uint64_t most[WARPS_MOST];
    struct box warp_extent[WARPS];
    float near, here, found; /* of the view at hand */
    double fused[5];
};

/* The label and the view at hand, and the block's own scratch. */
struct subject {
    const struct judge_batch *batch;
    const struct judge_label *label;
    const struct judge_picture *picture;
    const struct judge_view *view;
    const struct box *boxes; /* of the picture's anchors */
    uint32_t index;
    uint32_t number; /* the view's of the label's class, or JUDGE_NO_NUMBER */
    struct judge_near *near;
    uint32_t *strong;     /* indices into near */
    uint32_t *rivals;     /* indices of labels; with TWIN, of twins */
    float *loose, *tight; /* [n_classes]: sums over the views */
    uint32_t n_near, n_strong, n_rivals;
    struct evidence_shared *shared;
};

#endif
