/* The first pass over the raw head: every anchor's box, and the (anchor, class) pairs of a score
 * that matters. */
#include "cuda/elements/judge_anchor.h"
#include "cuda/judge/judge_block.h"
#include "cuda/kernels/kernels_launch.h"

/* DFL's usual number of bins, for which a side's logits are read by fours into registers. */
enum { USUAL_BINS = 16 };

static __device__ inline bool are_finite(const float *values, uint32_t n) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t magnitude = float_magnitude(values[i]);
        most = magnitude > most ? magnitude : most;
    }
    return most < FLOAT_INFINITY;
}

/* What the map says of a side: its distance where there are bins, else the one number itself. */
static __device__ inline float side_distance(const float *logits, uint32_t bins, bool *finite) {
    if (bins != USUAL_BINS || (size_t)logits % sizeof(float4) != 0) {
        *finite = are_finite(logits, bins);
        return bins > 1 ? dfl_expectation(logits, 1, bins) : *logits;
    }
    float values[USUAL_BINS];
    for (int i = 0; i < USUAL_BINS / 4; i++) {
        float4 four = ((const float4 *)(const void *)logits)[i];
        values[4 * i] = four.x;
        values[4 * i + 1] = four.y;
        values[4 * i + 2] = four.z;
        values[4 * i + 3] = four.w;
    }
    *finite = are_finite(values, USUAL_BINS);
    return dfl_expectation(values, 1, USUAL_BINS);
}

/* By any thread that saw it: all write the same. */
static __device__ inline void report_finite(const struct judge_batch *batch, uint32_t picture,
                                            bool finite) {
    if (!finite)
        batch->counts[picture].not_finite = 1;
}

/* By the thread that has an anchor's first side: of a tail that was not tried, whether the box is
 * one in pixels. */
static __device__ inline void report_box(const struct judge_batch *batch, uint32_t picture,
                                         const struct judge_anchor *anchor, const float sides[4]) {
    if (box_is_in_pixels(sides, anchor->view->untried_side))
        atomicOr(&batch->counts[picture].in_pixels, 1u << anchor->plane->view % 32);
}

/* By all threads of a warp: of a tail that was not tried, whether all of an anchor's scores can be
 * such. */
static __device__ inline void report_scores(const struct judge_batch *batch, uint32_t picture,
                                            const struct judge_anchor *anchor, const float *row) {
    uint32_t end = anchor->plane->class_channel + anchor->view->n_classes;
    for (uint32_t channel = 4 + thread_lane(); channel < end; channel += WARP)
        if (!score_is_plausible(row[channel]))
            batch->counts[picture].no_score = 1;
}

/* Four lanes an anchor, one a side. */
static __global__ void __launch_bounds__(LAUNCH_THREADS) decode(const struct judge_batch batch) {
    uint32_t n = batch.n_pictures * batch.n_anchors, step = gridDim.x * blockDim.x;
    /* Whole warps go on, for the exchange; lanes beyond the end do the last anchor again. */
    for (uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i - thread_lane() < 4 * n; i += step) {
        uint32_t place = i / 4 < n ? i / 4 : n - 1, side = i % 4;
        uint32_t picture = place / batch.n_anchors;
        struct judge_anchor anchor = judge_anchor_of(&batch, place - picture * batch.n_anchors);
        const float *row = judge_box_row(&anchor, picture);
        bool binned = anchor.view->kind == HEAD_DISTANCE && anchor.view->bins > 1;
        uint32_t bins = binned ? anchor.view->bins : 1;
        bool finite;
        float value = side_distance(row + side * bins, bins, &finite);
        report_finite(&batch, picture, finite);
        float sides[4];
        for (int k = 0; k < 4; k++)
            sides[k] = __shfl_sync(WARP_ALL, value, (int)(thread_lane() & ~3u) + k);
        if (side == 0 && anchor.view->untried_side > 0)
            report_box(&batch, picture, &anchor, sides);
        struct box box = judge_box_of(&batch, &anchor, sides, picture);
        if (i < 4 * n)
            (&batch.boxes[place].x1)[side] = side == 0   ? box.x1
                                             : side == 1 ? box.y1
                                             : side == 2 ? box.x2
                                                         : box.y2;
    }
}

/* Appends the key of each lane that has one. */
static __device__ inline void append(const struct judge_batch *batch, int list, uint32_t picture,
                                     uint64_t key) {
    unsigned mask = __ballot_sync(WARP_ALL, key != JUDGE_NO_KEY);
    uint32_t first = 0;
    if (mask == 0)
        return;
    if (thread_lane() == 0)
        first = atomicAdd(&batch->counts[picture].candidates[list], (uint32_t)__popc(mask));
    first = __shfl_sync(WARP_ALL, first, 0);
    uint32_t place = first + (uint32_t)__popc(mask & lanes_below());
    uint32_t capacity = batch->lists[list].capacity;
    if (key != JUDGE_NO_KEY && place < capacity)
        batch->lists[list].keys[(size_t)picture * capacity + place] = key;
}

/* Classes that a lane reads before it looks at any. */
enum { GROUP = 4 };

/* A warp an anchor: every class that is a candidate for a missing object, and the best one for a
 * prediction. */
static __global__ void __launch_bounds__(LAUNCH_THREADS)
    find_candidates(const struct judge_batch batch) {
    uint32_t n = batch.n_pictures * batch.n_anchors, step = gridDim.x * blockDim.x / WARP;
    for (uint32_t i = (blockIdx.x * blockDim.x + threadIdx.x) / WARP; i < n; i += step) {
        uint32_t picture = i / batch.n_anchors, index = i - picture * batch.n_anchors;
        struct judge_anchor anchor = judge_anchor_of(&batch, index);
        const float *row = judge_score_row(&anchor, picture);
        const struct judge_view *view = anchor.view;
        if (view->untried_side > 0)
            report_scores(&batch, picture, &anchor, row);
        if (view->objectness)
            report_finite(&batch, picture, are_finite(&row[anchor.plane->objectness_channel], 1));
        if (!judge_may_hold(&anchor, row))
            continue;
        float objectness = judge_objectness(&anchor, row);
        bool finite = true;
        uint64_t best = JUDGE_NO_KEY;
        row += anchor.plane->class_channel;
        for (uint32_t from = 0; from < view->n_classes; from += GROUP * WARP) {
            float raw[GROUP];
            bool any = false;
            for (uint32_t k = 0; k < GROUP; k++) {
                uint32_t kind = from + k * WARP + thread_lane();
                raw[k] = kind < view->n_classes ? row[kind] : NAN; /* reaches no bound */
                any |= raw[k] >= view->bound;
                finite &= kind >= view->n_classes || are_finite(&raw[k], 1);
            }
            if (!__any_sync(WARP_ALL, any))
                continue;
            for (uint32_t k = 0; k < GROUP; k++) {
                uint32_t kind = from + k * WARP + thread_lane();
                struct judge_keys keys =
                    judge_keys_of(&batch, view, raw[k], objectness, index, kind);
                append(&batch, JUDGE_MISSING, picture, keys.of[JUDGE_MISSING]);
                best = keys.of[JUDGE_PREDICTIONS] < best ? keys.of[JUDGE_PREDICTIONS] : best;
            }
        }
        report_finite(&batch, picture, finite);
        if (!batch.predict)
            continue;
        best = ~warp_most(~best);
        append(&batch, JUDGE_PREDICTIONS, picture, thread_lane() == 0 ? best : JUDGE_NO_KEY);
    }
}

enum { NARROW_THREADS = 1024, DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

/* The key of element i of a picture's (anchors, classes) as a candidate for a missing object. */
static __device__ inline uint64_t key_at(const struct judge_batch *batch, uint32_t picture,
                                         uint32_t i) {
    uint32_t index = i / batch->n_classes, kind = i - index * batch->n_classes;
    struct judge_anchor anchor = judge_anchor_of(batch, index);
    const float *row = judge_score_row(&anchor, picture);
    uint32_t number = anchor.view->numbers ? anchor.view->numbers[kind] : kind;
    if (number == JUDGE_NO_NUMBER || !judge_may_hold(&anchor, row))
        return JUDGE_NO_KEY;
    return judge_keys_of(batch, anchor.view, row[anchor.plane->class_channel + number],
                         judge_objectness(&anchor, row), index, number)
        .of[JUDGE_MISSING];
}

/* A block a picture, which has work only where more candidates were found than there is room for:
 * a network that knows nothing. Finds the key of the last one that fits, a digit at a time from the
 * highest, and lists all up to it anew. */
static __global__ void __launch_bounds__(NARROW_THREADS) narrow(const struct judge_batch batch) {
    __shared__ uint32_t counts[DIGITS];
    __shared__ uint64_t prefix;
    __shared__ uint32_t rank, listed;
    uint32_t picture = blockIdx.x, n = batch.n_anchors * batch.n_classes;
    const struct judge_list *list = &batch.lists[JUDGE_MISSING];
    if (batch.counts[picture].candidates[JUDGE_MISSING] <= list->capacity)
        return;
    if (threadIdx.x == 0) {
        prefix = 0;
        rank = list->capacity;
        listed = 0;
    }
    for (int shift = 64 - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
        if (threadIdx.x < DIGITS)
            counts[threadIdx.x] = 0;
        __syncthreads();
        for (uint64_t i = threadIdx.x; i < n; i += NARROW_THREADS) {
            uint64_t key = key_at(&batch, picture, (uint32_t)i);
            if (key != JUDGE_NO_KEY && (key ^ prefix) >> shift >> DIGIT_BITS == 0)
                atomicAdd(&counts[key >> shift & (DIGITS - 1)], 1u);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            uint32_t digit = 0;
            for (; counts[digit] < rank; digit++)
                rank -= counts[digit];
            prefix |= (uint64_t)digit << shift;
        }
        __syncthreads();
    }
    for (uint64_t i = threadIdx.x; i < n; i += NARROW_THREADS) {
        uint64_t key = key_at(&batch, picture, (uint32_t)i);
        if (key <= prefix)
            list->keys[(size_t)picture * list->capacity + atomicAdd(&listed, 1u)] = key;
    }
}

extern "C" enum status judge_boxes_decode(const struct judge_batch *batch, stream_handle stream) {
    size_t n = (size_t)batch->n_pictures * batch->n_anchors;
    if (n == 0)
        return STATUS_OK;
    KERNEL_LAUNCH(decode, launch_blocks(4 * n), LAUNCH_THREADS, stream, *batch);
    return launch_status("kernel judge_boxes_decode");
}

extern "C" enum status judge_candidates_find(const struct judge_batch *batch,
                                             stream_handle stream) {
    enum status status = STATUS_OK;
    size_t n = (size_t)batch->n_pictures * batch->n_anchors;
    if (n == 0 || batch->n_classes == 0)
        return STATUS_OK;
    KERNEL_LAUNCH(find_candidates, launch_blocks(n * WARP), LAUNCH_THREADS, stream, *batch);
    TRY(launch_status("kernel judge_candidates_find"));
    if (batch->lists[JUDGE_MISSING].capacity < batch->n_anchors * batch->n_classes) {
        KERNEL_LAUNCH(narrow, batch->n_pictures, NARROW_THREADS, stream, *batch);
        TRY(launch_status("kernel judge_candidates_find, narrow"));
    }
out:
    return status;
}
