/* Objects without a label, and predictions: the candidates of one picture sorted, suppressed and
 * compared with its labels, a block a list. */
#include "cuda/elements/judge_anchor.h"
#include "cuda/judge/judge_block.h"
#include "cuda/judge/judge_sort.h"
#include "cuda/kernels/kernels_launch.h"
#include "judge/evidence_math.h"

enum {
    THREADS = SORT_THREADS,
    CHUNK = 256, /* candidates that enter NMS at a time */
    WORDS = CHUNK / WARP,
    SHARES = THREADS / CHUNK, /* threads that share a candidate */
};

struct nms_chunk {
    struct judge_object items[CHUNK];
    uint32_t over[CHUNK][WORDS]; /* which later ones of the chunk each would suppress */
    uint32_t dropped[WORDS];
    uint32_t order[CHUNK]; /* those that stay */
};

struct objects_shared {
    union {
        uint64_t keys[SORT_RUN];
        struct nms_chunk chunk;
    } as;
    unsigned sums[WARPS_MOST];
    uint32_t n_kept, n_new, first;
};

static __device__ inline bool suppresses(const struct judge_object *a, const struct judge_object *b,
                                         float iou) {
    return a->kind == b->kind && box_iou(a->box, b->box) > iou;
}

/* Reads up to CHUNK candidates; those without a box, and the places beyond the last, are dropped
 * from the start. */
static __device__ void load_chunk(const struct judge_batch *batch, uint32_t picture,
                                  const uint64_t *keys, uint32_t n, struct nms_chunk *chunk) {
    if (threadIdx.x >= CHUNK) /* whole warps */
        return;
    struct judge_object item = {-1, 0, {0, 0, 0, 0}};
    if (threadIdx.x < n) {
        uint64_t key = keys[threadIdx.x];
        item.kind = judge_key_kind(batch, key);
        item.score = judge_key_score(key);
        item.box = batch->boxes[(size_t)picture * batch->n_anchors + judge_key_anchor(batch, key)];
    }
    chunk->items[threadIdx.x] = item;
    unsigned dropped = __ballot_sync(WARP_ALL, !box_usable(item.box));
    if (thread_lane() == 0)
        chunk->dropped[thread_warp()] = dropped;
}

/* Drops what an object kept before suppresses. */
static __device__ void compare_with_kept(struct nms_chunk *chunk, const struct judge_object *kept,
                                         uint32_t n_kept, float iou) {
    uint32_t i = threadIdx.x % CHUNK;
    bool drop = false;
    for (uint32_t j = threadIdx.x / CHUNK; j < n_kept && !drop; j += SHARES)
        drop = suppresses(&kept[j], &chunk->items[i], iou);
    if (drop)
        atomicOr(&chunk->dropped[i / WARP], 1u << i % WARP);
}

/* Each word of chunk->over by one thread. */
static __device__ void compare_within(struct nms_chunk *chunk, float iou) {
    for (uint32_t k = threadIdx.x; k < CHUNK * WORDS; k += THREADS) {
        uint32_t i = k % CHUNK, word = k / CHUNK, over = 0;
        if (!(chunk->dropped[i / WARP] >> i % WARP & 1))
            for (uint32_t j = i < word * WARP ? word * WARP : i + 1; j < (word + 1) * WARP; j++)
                if (suppresses(&chunk->items[i], &chunk->items[j], iou))
                    over |= 1u << j % WARP;
        chunk->over[i][word] = over;
    }
}

/* By one warp: goes through the chunk, best first; each that is not dropped stays, up to `most`,
 * and drops what it suppresses. Returns how many stay. Lane w holds the w-th word of the dropped.
 */
static __device__ uint32_t choose(struct nms_chunk *chunk, uint32_t most) {
    unsigned lane = thread_lane(), n = 0;
    uint32_t dropped = lane < WORDS ? chunk->dropped[lane] : ~0u;
    for (int word = 0; word < WORDS; word++) {
        uint32_t left = ~__shfl_sync(WARP_ALL, dropped, word);
        while (left && n < most) {
            unsigned bit = (unsigned)__ffs((int)left) - 1, i = (unsigned)word * WARP + bit;
            if (lane == 0)
                chunk->order[n] = i;
            n++;
            if (lane < WORDS)
                dropped |= chunk->over[i][lane];
            if (lane == (unsigned)word)
                dropped |= 1u << bit;
            left = ~__shfl_sync(WARP_ALL, dropped, word);
        }
    }
    return n;
}

/* Greedy NMS within each class over sorted candidates; fills `kept`, returns how many stay. */
static __device__ uint32_t suppress(const struct judge_batch *batch, const struct judge_list *list,
                                    uint32_t picture, const uint64_t *keys, uint32_t n,
                                    struct judge_object *kept, struct objects_shared *shared) {
    struct nms_chunk *chunk = &shared->as.chunk;
    uint32_t n_kept = 0;
    for (uint32_t from = 0; from < n && n_kept < list->most; from += CHUNK) {
        load_chunk(batch, picture, keys + from, n - from, chunk);
        __syncthreads();
        compare_with_kept(chunk, kept, n_kept, list->iou);
        __syncthreads();
        compare_within(chunk, list->iou);
        __syncthreads();
        if (thread_warp() == 0) {
            uint32_t n_new = choose(chunk, list->most - n_kept);
            if (threadIdx.x == 0)
                shared->n_new = n_new;
        }
        __syncthreads();
        if (threadIdx.x < shared->n_new)
            kept[n_kept + threadIdx.x] = chunk->items[chunk->order[threadIdx.x]];
        n_kept += shared->n_new;
        __syncthreads();
    }
    return n_kept;
}

static __device__ bool is_explained(const struct judge_batch *batch, uint32_t picture,
                                    const struct judge_object *object) {
    const struct judge_picture *in = &batch->pictures[picture];
    for (uint32_t i = 0; i < in->n_labels; i++) {
        const struct judge_label *label = &batch->labels[in->first_label + i];
        const struct judge_evidence *evidence = &batch->evidence[in->first_label + i];
        if (box_iou(object->box, label->box) >= EXPLAINED_IOU)
            return true;
        if (label->kind == object->kind && evidence->has_refined &&
            box_iou(object->box, evidence->refined) >= EXPLAINED_IOU)
            return true;
    }
    return false;
}

/* Leaves of `kept` what no label of the picture explains, in order, in `out`, which may be the
 * same; returns how many. */
static __device__ uint32_t leave_missing(const struct judge_batch *batch, uint32_t picture,
                                         const struct judge_object *kept, uint32_t n,
                                         struct judge_object *out, struct objects_shared *shared) {
    uint32_t left = 0;
    for (uint32_t from = 0; from < n; from += THREADS) {
        uint32_t i = from + threadIdx.x;
        struct judge_object object = {};
        bool stays = false;
        unsigned total;
        if (i < n) {
            object = kept[i];
            stays = !is_explained(batch, picture, &object);
        }
        unsigned place = block_place(stays, shared->sums, &total);
        if (stays) /* not beyond what all threads have read */
            out[left + place] = object;
        left += total;
    }
    __syncthreads();
    return left;
}

/* Adds a picture's objects to those of the batch. */
static __device__ void put(const struct judge_batch *batch, uint32_t picture, uint32_t which,
                           const struct judge_object *kept, uint32_t n,
                           struct objects_shared *shared) {
    struct judge_found *found = &batch->found[picture];
    if (threadIdx.x == 0) {
        shared->first = n ? atomicAdd(batch->n_objects, n) : 0;
        found->first[which] = shared->first;
        found->count[which] = n;
        found->not_finite = batch->counts[batch->pictures[picture].source].not_finite;
    }
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < n; i += THREADS)
        batch->objects[shared->first + i] = kept[i];
    __syncthreads();
}

/* What is missing where the picture is judged a second time. */
static __device__ void put_second(const struct judge_batch *batch, uint32_t picture,
                                  const struct judge_object *kept, uint32_t n,
                                  struct objects_shared *shared) {
    uint32_t second = batch->pictures[picture].second;
    struct judge_object *out =
        batch->kept_second + (size_t)picture * batch->lists[JUDGE_MISSING].most;
    if (second == picture)
        return;
    n = leave_missing(batch, second, kept, n, out, shared);
    put(batch, second, JUDGE_MISSING, out, n, shared);
    put(batch, second, JUDGE_PREDICTIONS, out, 0, shared);
}

/* A block a list of a picture. */
static __global__ void __launch_bounds__(THREADS) find_objects(const struct judge_batch batch) {
    __shared__ struct objects_shared shared;
    uint32_t picture = blockIdx.x / JUDGE_LISTS, which = blockIdx.x % JUDGE_LISTS;
    const struct judge_list *list = &batch.lists[which];
    uint32_t found = batch.counts[picture].candidates[which];
    uint32_t n = found < list->capacity ? found : list->capacity;
    size_t room = (size_t)picture * list->capacity;
    struct judge_object *kept = list->kept + (size_t)picture * list->most;
    const uint64_t *keys = block_sort(list->keys + room, list->other + room, n, shared.as.keys);
    n = n < list->n_best ? n : list->n_best;
    n = suppress(&batch, list, picture, keys, n, kept, &shared);
    if (which == JUDGE_MISSING) {
        put_second(&batch, picture, kept, n, &shared);
        n = leave_missing(&batch, picture, kept, n, kept, &shared);
    }
    put(&batch, picture, which, kept, n, &shared);
}

extern "C" enum status judge_objects_find(const struct judge_batch *batch, stream_handle stream) {
    if (batch->n_pictures == 0)
        return STATUS_OK;
    KERNEL_LAUNCH(find_objects, batch->n_pictures * JUDGE_LISTS, THREADS, stream, *batch);
    return launch_status("kernel judge_objects_find");
}
