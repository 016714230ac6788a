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

static __device__ inline struct judge_object object_of(const struct judge_batch *batch,
                                                       uint32_t picture, uint64_t key) {
    struct judge_object object = {
        judge_key_kind(batch, key), judge_key_score(key),
        batch->boxes[(size_t)picture * batch->n_anchors + judge_key_anchor(batch, key)], 0};
    return object;
}

/* Reads up to CHUNK candidates; those without a box, and the places beyond the last, are dropped
 * from the start. */
static __device__ void load_chunk(const struct judge_batch *batch, uint32_t picture,
                                  const uint64_t *keys, uint32_t n, struct nms_chunk *chunk) {
    if (threadIdx.x >= CHUNK) /* whole warps */
        return;
    struct judge_object item = {-1, 0, {0, 0, 0, 0}, 0};
    if (threadIdx.x < n)
        item = object_of(batch, picture, keys[threadIdx.x]);
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
        if (threadIdx.x < shared->n_new) {
            kept[n_kept + threadIdx.x] = chunk->items[chunk->order[threadIdx.x]];
            if (batch->n_views > 1)
                list->places[(size_t)picture * list->most + n_kept + threadIdx.x] =
                    from + chunk->order[threadIdx.x];
        }
        n_kept += shared->n_new;
        __syncthreads();
    }
    return n_kept;
}

/* The best of the objects kept that suppresses a candidate, or is it; n_kept: none. They are in the
 * order of the candidates. */
static __device__ uint32_t find_suppressor(const struct judge_list *list,
                                           const struct judge_object *kept, uint32_t n_kept,
                                           const uint32_t *places, uint32_t place,
                                           const struct judge_object *candidate) {
    for (uint32_t i = 0; i < n_kept && places[i] <= place; i++)
        if (places[i] == place || suppresses(&kept[i], candidate, list->iou))
            return i;
    return n_kept;
}

/* Of several views: gives each object the mean of the views' best scores for it. `keys`: the sorted
 * candidates. */
static __device__ void fuse_scores(const struct judge_batch *batch, const struct judge_list *list,
                                   uint32_t picture, const uint64_t *keys, uint32_t n,
                                   struct judge_object *kept, uint32_t n_kept) {
    size_t room = (size_t)picture * list->most;
    const uint32_t *places = list->places + room;
    uint32_t *seen = list->seen + room * batch->n_views;
    for (uint32_t i = threadIdx.x; i < n_kept * batch->n_views; i += THREADS)
        seen[i] = 0;
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < n; i += THREADS) {
        struct judge_object item = object_of(batch, picture, keys[i]);
        if (!box_usable(item.box))
            continue;
        uint32_t by = find_suppressor(list, kept, n_kept, places, i, &item);
        struct judge_anchor anchor = judge_anchor_of(batch, judge_key_anchor(batch, keys[i]));
        if (by < n_kept)
            atomicMax(&seen[by * batch->n_views + anchor.plane->view], float_bits(item.score));
    }
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < n_kept; i += THREADS) {
        float sum = 0;
        for (uint32_t v = 0; v < batch->n_views; v++)
            sum += bits_float(seen[i * batch->n_views + v]);
        kept[i].score = sum / (float)batch->knowing[kept[i].kind];
    }
    __syncthreads();
}

/* Sorts objects by their scores, equal ones in their order: the keys' lower halves are where each
 * was. */
static __device__ const uint64_t *sort_objects(const struct judge_object *kept, uint32_t n,
                                               uint64_t *keys, uint64_t *other,
                                               struct objects_shared *shared) {
    for (uint32_t i = threadIdx.x; i < n; i += THREADS)
        keys[i] = (uint64_t)~float_bits(kept[i].score) << 32 | i;
    __syncthreads();
    return block_sort(keys, other, n, shared->as.keys);
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

/* Candidates of a picture, best first. */
struct candidates {
    const uint64_t *keys;
    uint32_t n;
};

/* The chance that all of a view's anchors err that see the object's class at its box. */
static __device__ float doubt_at(const struct judge_batch *batch, uint32_t picture, uint32_t view,
                                 const struct candidates *candidates,
                                 const struct judge_object *object) {
    float doubt = 1;
    for (uint32_t i = 0; i < candidates->n; i++) {
        uint64_t key = candidates->keys[i];
        if (judge_key_kind(batch, key) != object->kind ||
            (batch->n_views > 1 &&
             judge_anchor_of(batch, judge_key_anchor(batch, key)).plane->view != view))
            continue;
        struct judge_object item = object_of(batch, picture, key);
        doubt = doubt_less(doubt, item.score * ramp_agree(box_iou(object->box, item.box)));
    }
    return doubt;
}

static __device__ float certainty_of(const struct judge_batch *batch, uint32_t picture,
                                     const struct candidates *candidates,
                                     const struct judge_object *kept, uint32_t n_kept,
                                     const struct judge_object *object) {
    float other = 0, agreement = 0;
    for (uint32_t i = 0; i < n_kept; i++) {
        if (kept[i].kind == object->kind)
            continue;
        float value = kept[i].score * ramp_agree(box_iou(object->box, kept[i].box));
        other = value > other ? value : other;
    }
    for (uint32_t v = 0; v < batch->n_views; v++)
        agreement += missing_agreement(doubt_at(batch, picture, v, candidates, object), other);
    return missing_certainty(object->score, agreement / (float)batch->knowing[object->kind], other);
}

/* Sets the certainty of those objects that no label explains, and a negative one of the others, in
 * `out`, which may be the same. */
static __device__ void weigh_missing(const struct judge_batch *batch, uint32_t picture,
                                     const struct candidates *candidates,
                                     const struct judge_object *kept, uint32_t n,
                                     struct judge_object *out) {
    uint32_t source = batch->pictures[picture].source;
    for (uint32_t i = threadIdx.x; i < n; i += THREADS) {
        bool is_missing =
            kept[i].score >= batch->missing_floor && !is_explained(batch, picture, &kept[i]);
        if (out != kept)
            out[i] = kept[i];
        out[i].certainty =
            is_missing ? certainty_of(batch, source, candidates, kept, n, &kept[i]) : -1.0f;
    }
    __syncthreads();
}

/* Leaves of `kept` what is to be told of, in order: of the missing ones, what no label explains;
 * returns how many. */
static __device__ uint32_t leave_wanted(const struct judge_batch *batch, uint32_t which,
                                        struct judge_object *kept, uint32_t n,
                                        struct objects_shared *shared) {
    uint32_t left = 0;
    for (uint32_t from = 0; from < n; from += THREADS) {
        uint32_t i = from + threadIdx.x;
        struct judge_object object = {};
        bool stays = false;
        unsigned total;
        if (i < n) {
            object = kept[i];
            stays = which == JUDGE_MISSING ? object.certainty >= 0 : object.score > batch->conf;
        }
        unsigned place = block_place(stays, shared->sums, &total);
        if (stays) /* not beyond what all threads have read */
            kept[left + place] = object;
        left += total;
    }
    __syncthreads();
    return left;
}

/* Whether an untried tail gave something that is no score, or no box in pixels. */
static __device__ bool is_implausible(const struct judge_batch *batch,
                                      const struct judge_counts *counts) {
    bool implausible = counts->no_score != 0;
    for (uint32_t view = 0; view < batch->n_views; view++)
        if (batch->views[view].untried_side > 0 && !(counts->in_pixels >> view % 32 & 1))
            implausible = true;
    return implausible;
}

/* Adds a picture's objects to those of the batch; `order`: the keys' lower halves, NULL: as they
 * are. */
static __device__ void put(const struct judge_batch *batch, uint32_t picture, uint32_t which,
                           const struct judge_object *kept, const uint64_t *order, uint32_t n,
                           struct objects_shared *shared) {
    struct judge_found *found = &batch->found[picture];
    if (threadIdx.x == 0) {
        shared->first = n ? atomicAdd(batch->n_objects, n) : 0;
        found->first[which] = shared->first;
        found->count[which] = n;
        const struct judge_counts *counts = &batch->counts[batch->pictures[picture].source];
        found->not_finite = counts->not_finite;
        found->implausible = is_implausible(batch, counts);
    }
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < n; i += THREADS)
        batch->objects[shared->first + i] = kept[order ? (uint32_t)order[i] : i];
    __syncthreads();
}

/* Puts those of the n objects that are to be told of. */
static __device__ void put_wanted(const struct judge_batch *batch, uint32_t picture, uint32_t which,
                                  struct judge_object *kept, uint32_t n,
                                  struct objects_shared *shared) {
    const struct judge_list *list = &batch->lists[which];
    size_t room = (size_t)batch->pictures[picture].source * list->capacity;
    const uint64_t *order = NULL;
    if (batch->n_views > 1 || which == JUDGE_MISSING)
        n = leave_wanted(batch, which, kept, n, shared);
    if (batch->n_views > 1)
        order = sort_objects(kept, n, list->keys + room, list->other + room, shared);
    put(batch, picture, which, kept, order, n, shared);
}

/* A block a list of a picture. */
static __global__ void __launch_bounds__(THREADS) find_objects(const struct judge_batch batch) {
    __shared__ struct objects_shared shared;
    uint32_t picture = blockIdx.x / JUDGE_LISTS, which = blockIdx.x % JUDGE_LISTS;
    uint32_t second = batch.pictures[picture].second;
    const struct judge_list *list = &batch.lists[which];
    uint32_t found = batch.counts[picture].candidates[which];
    uint32_t n = found < list->capacity ? found : list->capacity;
    size_t room = (size_t)picture * list->capacity, most = (size_t)picture * list->most;
    struct judge_object *kept = list->kept + most, *kept_second = batch.kept_second + most;
    const uint64_t *keys = block_sort(list->keys + room, list->other + room, n, shared.as.keys);
    struct candidates candidates = {keys, n < list->n_best ? n : list->n_best};
    n = suppress(&batch, list, picture, keys, candidates.n, kept, &shared);
    if (batch.n_views > 1)
        fuse_scores(&batch, list, picture, keys, candidates.n, kept, n);
    /* Both before the keys are sorted anew. */
    if (which == JUDGE_MISSING && second != picture)
        weigh_missing(&batch, second, &candidates, kept, n, kept_second);
    if (which == JUDGE_MISSING)
        weigh_missing(&batch, picture, &candidates, kept, n, kept);
    if (second != picture)
        put_wanted(&batch, second, which, kept_second, which == JUDGE_MISSING ? n : 0, &shared);
    put_wanted(&batch, picture, which, kept, n, &shared);
}

extern "C" enum status judge_objects_find(const struct judge_batch *batch, stream_handle stream) {
    if (batch->n_pictures == 0)
        return STATUS_OK;
    KERNEL_LAUNCH(find_objects, batch->n_pictures * JUDGE_LISTS, THREADS, stream, *batch);
    return launch_status("kernel judge_objects_find");
}
