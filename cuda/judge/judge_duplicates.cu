/* Labels that have another label's object. */
#include "cuda/judge/judge_kernels.h"
#include "cuda/kernels/kernels_launch.h"
#include "judge/evidence_math.h"

/* Of labels i < j of one picture; equal ones leave the first. */
static __device__ bool first_is_worse(const struct judge_batch *batch, uint32_t i, uint32_t j) {
    const struct judge_evidence *a = &batch->evidence[i], *b = &batch->evidence[j];
    if (batch->labels[i].kind == batch->labels[j].kind)
        return a->location < b->location;
    return a->own < b->own;
}

/* A thread a label: its most suspect twin. */
static __global__ void __launch_bounds__(LAUNCH_THREADS)
    find_duplicates(const struct judge_batch batch) {
    uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= batch.n_labels || batch.labels[i].kind < 0)
        return;
    const struct judge_picture *picture = &batch.pictures[batch.labels[i].picture];
    float dup = 0;
    int32_t twin = -1;
    for (uint32_t k = 0; k < picture->n_labels; k++) {
        uint32_t j = picture->first_label + k;
        if (j == i || batch.labels[j].kind < 0)
            continue;
        float u = box_iou(batch.labels[i].box, batch.labels[j].box);
        if (u < TWIN_IOU)
            continue;
        bool worse = i < j ? first_is_worse(&batch, i, j) : !first_is_worse(&batch, j, i);
        float value = worse ? u : u - BETTER_TWIN;
        if (value > dup) {
            dup = value;
            twin = (int32_t)k;
        }
    }
    batch.evidence[i].dup = dup;
    batch.evidence[i].twin = twin;
}

extern "C" enum status judge_duplicates_find(const struct judge_batch *batch,
                                             stream_handle stream) {
    KERNEL_LAUNCH(find_duplicates, launch_blocks(batch->n_labels), LAUNCH_THREADS, stream, *batch);
    return launch_status("kernel judge_duplicates_find");
}
