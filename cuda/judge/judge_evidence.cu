/* The evidence of each label, a block a label. */
#include "cuda/elements/judge_anchor.h"
#include "cuda/judge/judge_subject.h"
#include "cuda/kernels/kernels_launch.h"
#include "judge/evidence_math.h"

static __device__ inline float least(float a, float b) {
    return a < b ? a : b;
}
static __device__ inline float greatest(float a, float b) {
    return a > b ? a : b;
}
static __device__ inline struct box box_around(struct box a, struct box b) {
    struct box box = {least(a.x1, b.x1), least(a.y1, b.y1), greatest(a.x2, b.x2),
                      greatest(a.y2, b.y2)};
    return box;
}

/* The box around all threads' boxes. */
static __device__ struct box block_around(struct evidence_shared *shared, struct box box) {
    for (int step = WARP / 2; step > 0; step /= 2) {
        struct box other = {
            __shfl_xor_sync(WARP_ALL, box.x1, step), __shfl_xor_sync(WARP_ALL, box.y1, step),
            __shfl_xor_sync(WARP_ALL, box.x2, step), __shfl_xor_sync(WARP_ALL, box.y2, step)};
        box = box_around(box, other);
    }
    if (thread_lane() == 0)
        shared->warp_extent[thread_warp()] = box;
    __syncthreads();
    for (int i = 0; i < WARPS; i++)
        box = box_around(box, shared->warp_extent[i]);
    __syncthreads();
    return box;
}

/* Lists the view's anchors that overlap the label by more than NEAR_IOU, in order; returns the box
 * around them. Each warp looks at RUN * WARP consecutive anchors at a time. */
static __device__ struct box list_near(struct subject *subject) {
    struct box extent = {BOX_LIMIT, BOX_LIMIT, -BOX_LIMIT, -BOX_LIMIT};
    uint32_t n = subject->view->first_anchor + subject->view->n_anchors;
    subject->n_near = 0;
    for (uint32_t from = subject->view->first_anchor; from < n; from += RUN * THREADS) {
        uint32_t first = from + thread_warp() * RUN * WARP + thread_lane();
        float overlap[RUN];
        unsigned mask[RUN], count = 0, total;
        for (int i = 0; i < RUN; i++) {
            uint32_t anchor = first + (uint32_t)i * WARP;
            struct box box = {0, 0, 0, 0};
            if (anchor < n)
                box = subject->boxes[anchor];
            overlap[i] = box_iou(subject->label->box, box);
            bool is_near = overlap[i] > NEAR_IOU;
            if (is_near)
                extent = box_around(extent, box);
            mask[i] = __ballot_sync(WARP_ALL, is_near);
            count += (unsigned)__popc(mask[i]);
        }
        unsigned place = subject->n_near + block_before(count, subject->shared->sums, &total);
        for (int i = 0; i < RUN; i++) {
            struct judge_near item = {first + (uint32_t)i * WARP, overlap[i], 0};
            if (mask[i] >> thread_lane() & 1)
                subject->near[place + (unsigned)__popc(mask[i] & lanes_below())] = item;
            place += (unsigned)__popc(mask[i]);
        }
        subject->n_near += total;
    }
    return block_around(subject->shared, extent);
}

/* Lists the other labels that could take an anchor near the subject: those that reach into
 * `extent`, without unknown ones. */
static __device__ void list_rivals(struct subject *subject, struct box extent) {
    const struct judge_picture *picture = subject->picture;
    subject->n_rivals = 0;
    for (uint32_t from = 0; from < picture->n_labels; from += THREADS) {
        uint32_t i = from + threadIdx.x, index = picture->first_label + i;
        bool is_rival = false, is_twin = false;
        unsigned total;
        if (i < picture->n_labels && index != subject->index) {
            const struct judge_label *other = &subject->batch->labels[index];
            is_twin = other->kind == subject->label->kind &&
                      !(box_iou(subject->label->box, other->box) < TWIN_IOU);
            is_rival = other->kind >= 0 && box_iou(other->box, extent) > 0;
        }
        unsigned place = block_place(is_rival, subject->shared->sums, &total);
        if (is_rival)
            subject->rivals[subject->n_rivals + place] = is_twin ? index | TWIN : index;
        subject->n_rivals += total;
    }
    __syncthreads();
}

/* Whether another label of the subject's class, not a twin of it, overlaps the anchor more. */
static __device__ bool is_taken(const struct subject *subject, const struct judge_near *near) {
    struct box box = subject->boxes[near->anchor];
    for (uint32_t i = 0; i < subject->n_rivals; i++) {
        if (subject->rivals[i] & TWIN)
            continue;
        const struct judge_label *other = &subject->batch->labels[subject->rivals[i]];
        if (other->kind == subject->label->kind && box_iou(other->box, box) > near->overlap)
            return true;
    }
    return false;
}

/* Reads the scores of the label's class, 0 where the view does not know it, sums near and here, and
 * returns the index of the anchor that speaks most for the label, and sets *value to how much;
 * n_near: none. Sets shared->near and here. */
static __device__ uint32_t read_near(struct subject *subject, float *value) {
    struct evidence_shared *shared = subject->shared;
    float most = 0, total = 0;
    uint32_t best = 0;
    for (uint32_t from = 0; from < subject->n_near; from += THREADS) {
        uint32_t i = from + threadIdx.x, left = subject->n_near - from;
        if (i < subject->n_near) {
            struct judge_near *near = &subject->near[i];
            near->score = subject->number == JUDGE_NO_NUMBER
                              ? 0
                              : judge_anchor_score(subject->batch, subject->picture->source,
                                                   near->anchor, subject->number);
            shared->as.sum.near[threadIdx.x] = near->score * ramp_near(near->overlap);
            shared->as.sum.here[threadIdx.x] = near->score * ramp_here(near->overlap);
            float speaks = near->score * ramp_refine(near->overlap);
            if (speaks > most && !is_taken(subject, near)) {
                most = speaks;
                best = i;
            }
        }
        __syncthreads();
        /* One thread a sum, in two warps: in the order of the anchors. */
        const float *terms = threadIdx.x == 0 ? shared->as.sum.near : shared->as.sum.here;
        if (threadIdx.x == 0 || threadIdx.x == WARP)
            for (uint32_t k = 0; k < left && k < THREADS; k++)
                total = noisy_or(total, terms[k]);
        __syncthreads();
    }
    if (threadIdx.x == 0)
        shared->near = total;
    if (threadIdx.x == WARP)
        shared->here = total;
    /* The highest, the first of equals. */
    uint64_t key = most > 0 ? (uint64_t)float_bits(most) << 32 | (uint32_t)~best : 0;
    key = block_most(key, shared->most);
    *value = bits_float((uint32_t)(key >> 32));
    return key ? ~(uint32_t)key : subject->n_near;
}

/* Lists those near anchors that speak of the label's class. */
static __device__ void list_strong(struct subject *subject) {
    subject->n_strong = 0;
    for (uint32_t from = 0; from < subject->n_near; from += THREADS) {
        uint32_t i = from + threadIdx.x;
        bool is_strong = i < subject->n_near && subject->near[i].overlap > CLASS_IOU;
        unsigned total, place = block_place(is_strong, subject->shared->sums, &total);
        if (is_strong)
            subject->strong[subject->n_strong + place] = i;
        subject->n_strong += total;
    }
    __syncthreads();
}

/* Fills shared->as.tile with n anchors' scores of `width` of the view's classes from `first` on. */
static __device__ void load_scores(const struct subject *subject, const uint32_t *strong,
                                   uint32_t n, uint32_t first, uint32_t width) {
    const struct judge_batch *batch = subject->batch;
    struct score_tile *tile = &subject->shared->as.tile;
    for (uint32_t i = threadIdx.x; i < TILE_ANCHORS * (TILE_CLASSES / WARP); i += THREADS)
        tile->taken[i / (TILE_CLASSES / WARP)][i % (TILE_CLASSES / WARP)] = 0;
    for (uint32_t i = thread_warp(); i < n; i += WARPS) {
        struct judge_near near = subject->near[strong[i]];
        struct judge_anchor anchor = judge_anchor_of(batch, near.anchor);
        const float *row = judge_score_row(&anchor, subject->picture->source);
        float objectness = judge_objectness(&anchor, row);
        row += anchor.plane->class_channel + first;
        for (uint32_t k = thread_lane(); k < width; k += WARP)
            tile->scores[i][k] = judge_score_of(anchor.view, row[k]) * objectness;
        if (thread_lane() == 0) {
            tile->loose[i] = ramp_class(near.overlap);
            tile->tight[i] = ramp_rival(near.overlap);
        }
    }
}

/* Marks the classes of which another label overlaps an anchor more: that label explains it. */
static __device__ void mark_taken(const struct subject *subject, const uint32_t *strong, uint32_t n,
                                  uint32_t first, uint32_t width) {
    struct score_tile *tile = &subject->shared->as.tile;
    uint32_t at = thread_lane();
    if (at >= n)
        return;
    struct judge_near near = subject->near[strong[at]];
    struct box box = subject->boxes[near.anchor];
    for (uint32_t i = thread_warp(); i < subject->n_rivals; i += WARPS) {
        const struct judge_label *other = &subject->batch->labels[subject->rivals[i] & ~TWIN];
        uint32_t number = (uint32_t)other->kind;
        if (subject->view->numbers)
            number = subject->view->numbers[other->kind];
        uint32_t kind = number - first; /* wraps below `first`; beyond any width where unknown */
        if (kind < width && box_iou(other->box, box) > near.overlap)
            atomicOr(&tile->taken[at][kind / WARP], 1u << kind % WARP);
    }
}

/* What classes' sums come to, for one of a block's threads. */
struct class_sums {
    float contest;  /* the highest */
    uint64_t rival; /* the highest, and its class inverted: the first of equals; 0: none */
};

static __device__ void add_class(struct class_sums *sums, uint32_t kind, float loose, float tight) {
    sums->contest = greatest(loose, sums->contest);
    uint64_t key = (uint64_t)float_bits(tight) << 32 | (uint32_t)~kind;
    sums->rival = key > sums->rival ? key : sums->rival;
}

/* The noisy-ors of one class: of all anchors, and of those that no other label explains. */
struct anchor_sums {
    float whole, loose, tight;
};

/* Adds a class's scores of n anchors, in their order. */
static __device__ void add_anchors(const struct score_tile *tile, uint32_t n,
                                   struct anchor_sums *sums) {
    for (uint32_t i = 0; i < n; i++) {
        float score = tile->scores[i][threadIdx.x];
        sums->whole = noisy_or(sums->whole, score * tile->loose[i]);
        if (tile->taken[i][thread_warp()] >> thread_lane() & 1)
            continue;
        sums->loose = noisy_or(sums->loose, score * tile->loose[i]);
        sums->tight = noisy_or(sums->tight, score * tile->tight[i]);
    }
}

/* Where what the label's hypotheses are made of goes; NULL: it has none. */
static __device__ float *supposed_of(const struct subject *subject) {
    const struct judge_batch *batch = subject->batch;
    size_t room = (size_t)JUDGE_SUMS * batch->n_classes;
    return subject->index < batch->n_supposed ? batch->supposed + subject->index * room : NULL;
}

/* Adds the view's noisy-ors of every class to the sums, a thread a class. */
static __device__ void sum_classes(struct subject *subject) {
    const struct judge_view *view = subject->view;
    uint32_t n_classes = subject->batch->n_classes;
    float *supposed = supposed_of(subject);
    for (uint32_t first = 0; first < view->n_classes; first += TILE_CLASSES) {
        uint32_t left = view->n_classes - first, number = first + threadIdx.x;
        uint32_t width = left < TILE_CLASSES ? left : TILE_CLASSES;
        struct anchor_sums of = {};
        for (uint32_t from = 0; from < subject->n_strong; from += TILE_ANCHORS) {
            const uint32_t *strong = subject->strong + from;
            uint32_t rest = subject->n_strong - from;
            uint32_t n = rest < TILE_ANCHORS ? rest : TILE_ANCHORS;
            load_scores(subject, strong, n, first, width);
            __syncthreads();
            mark_taken(subject, strong, n, first, width);
            __syncthreads();
            if (threadIdx.x < width)
                add_anchors(&subject->shared->as.tile, n, &of);
            __syncthreads();
        }
        if (threadIdx.x >= width)
            continue;
        uint32_t kind = view->classes ? view->classes[number] : number;
        subject->loose[kind] += kind == (uint32_t)subject->label->kind ? of.whole : of.loose;
        subject->tight[kind] += of.tight;
        if (supposed) {
            supposed[JUDGE_SUM_OWN * n_classes + kind] += of.whole;
            supposed[JUDGE_SUM_RIVAL * n_classes + kind] += of.tight;
        }
    }
    __syncthreads();
}

/* The mean of a sum over so many views. */
static __device__ inline float mean_of(float sum, uint32_t views) {
    return views > 1 ? sum / (float)views : sum;
}

/* Sets evidence's own, rival and contest from the sums; returns the strongest other class, also
 * where it has no evidence; -1: there is no other. */
static __device__ int32_t compare_classes(const struct subject *subject,
                                          struct judge_evidence *evidence) {
    const struct judge_batch *batch = subject->batch;
    uint32_t own = (uint32_t)subject->label->kind;
    struct class_sums sums = {};
    for (uint32_t kind = threadIdx.x; kind < batch->n_classes; kind += THREADS)
        if (kind != own && batch->knowing[kind] && batch->class_in_data[kind])
            add_class(&sums, kind, mean_of(subject->loose[kind], batch->knowing[kind]),
                      mean_of(subject->tight[kind], batch->knowing[kind]));
    uint64_t rival = block_most(sums.rival, subject->shared->most);
    uint64_t contest = block_most(float_bits(sums.contest), subject->shared->most);
    int32_t strongest = rival ? (int32_t) ~(uint32_t)rival : -1;
    evidence->own = mean_of(subject->loose[own], batch->knowing[own]);
    evidence->rival = bits_float((uint32_t)(rival >> 32));
    evidence->suggested = evidence->rival > 0 ? strongest : -1;
    evidence->contest = bits_float((uint32_t)contest);
    return strongest;
}

/* Whether another label of the picture has this class; false for -1. */
static __device__ bool has_label(const struct subject *subject, int32_t kind) {
    const struct judge_picture *picture = subject->picture;
    uint64_t found = 0;
    for (uint32_t i = threadIdx.x; i < picture->n_labels; i += THREADS) {
        uint32_t index = picture->first_label + i;
        found |= kind >= 0 && index != subject->index && subject->batch->labels[index].kind == kind;
    }
    return block_most(found, subject->shared->most);
}

/* Averages the boxes around the best one, and adds how surely they see the label's class; sets the
 * refined box where this view `leads`. */
static __device__ void refine(const struct subject *subject, uint32_t best, bool leads,
                              struct judge_evidence *evidence) {
    struct evidence_shared *shared = subject->shared;
    struct fuse_tile *tile = &shared->as.fuse;
    if (best == subject->n_near)
        return;
    struct box box = subject->boxes[subject->near[best].anchor];
    float least_score = FUSE_SCORE * subject->near[best].score, found = 0;
    double sum = 0;
    for (uint32_t from = 0; from < subject->n_near; from += THREADS) {
        uint32_t i = from + threadIdx.x;
        struct box other = {0, 0, 0, 0};
        float u = 0, score = 0;
        unsigned total;
        if (i < subject->n_near) {
            other = subject->boxes[subject->near[i].anchor];
            u = box_iou(box, other);
            score = subject->near[i].score;
        }
        bool joins = u > FUSE_IOU && score > least_score;
        unsigned place = block_place(joins, shared->sums, &total);
        if (joins) {
            tile->weights[place] = (double)score * u;
            tile->boxes[place] = other;
            tile->found[place] = is_taken(subject, &subject->near[i]) ? 0.0f : score * ramp_here(u);
        }
        __syncthreads();
        /* One thread a coordinate, one for the weights and, in another warp, one for what is found,
         * in the order of the anchors. */
        if (threadIdx.x == WARP)
            for (unsigned k = 0; k < total; k++)
                found = noisy_or(found, tile->found[k]);
        if (threadIdx.x < 5)
            for (unsigned k = 0; k < total; k++)
                sum += tile->weights[k] *
                       (threadIdx.x < 4 ? (double)(&tile->boxes[k].x1)[threadIdx.x] : 1.0);
        __syncthreads();
    }
    if (threadIdx.x < 5)
        shared->fused[threadIdx.x] = sum;
    if (threadIdx.x == WARP)
        shared->found = found;
    __syncthreads();
    evidence->found += shared->found;
    if (!leads)
        return;
    const double *fused = shared->fused;
    evidence->has_refined = 1;
    evidence->refined.x1 = (float)(fused[0] / fused[4]);
    evidence->refined.y1 = (float)(fused[1] / fused[4]);
    evidence->refined.x2 = (float)(fused[2] / fused[4]);
    evidence->refined.y2 = (float)(fused[3] / fused[4]);
    evidence->location = box_iou(subject->label->box, evidence->refined);
}

/* Adds what a view says of the label, and takes its box where an anchor speaks more for the label
 * than *highest, which it raises. */
static __device__ void see(struct subject *subject, float *highest,
                           struct judge_evidence *evidence) {
    struct box extent = list_near(subject);
    list_rivals(subject, extent);
    float value;
    uint32_t best = read_near(subject, &value);
    bool leads = value > *highest;
    *highest = leads ? value : *highest;
    list_strong(subject);
    sum_classes(subject);
    evidence->near += subject->shared->near;
    evidence->here += subject->shared->here;
    refine(subject, best, leads, evidence);
    __syncthreads();
}

static __device__ void clear_sums(struct subject *subject) {
    uint32_t n = subject->batch->n_classes;
    float *supposed = supposed_of(subject);
    for (uint32_t k = threadIdx.x; k < n; k += THREADS)
        subject->loose[k] = subject->tight[k] = 0;
    for (uint32_t k = threadIdx.x; supposed && k < JUDGE_SUMS * n; k += THREADS)
        supposed[k] = 0;
    __syncthreads();
}

/* Leaves means of what the hypotheses are made of. */
static __device__ void divide_supposed(struct subject *subject) {
    uint32_t n = subject->batch->n_classes;
    float *supposed = supposed_of(subject);
    for (uint32_t k = threadIdx.x; supposed && k < JUDGE_SUMS * n; k += THREADS)
        supposed[k] = mean_of(supposed[k], subject->batch->knowing[k % n]);
}

static __device__ void judge_label(struct subject *subject, struct judge_evidence *evidence) {
    const struct judge_batch *batch = subject->batch;
    int32_t own = subject->label->kind;
    float highest = 0;
    clear_sums(subject);
    for (uint32_t v = 0; v < batch->n_views; v++) {
        subject->view = &batch->views[v];
        subject->number = subject->view->numbers ? subject->view->numbers[own] : (uint32_t)own;
        see(subject, &highest, evidence);
    }
    divide_supposed(subject);
    evidence->judged = 1;
    evidence->near = mean_of(evidence->near, batch->knowing[own]);
    evidence->here = mean_of(evidence->here, batch->knowing[own]);
    evidence->found = mean_of(evidence->found, batch->knowing[own]);
    int32_t strongest = compare_classes(subject, evidence);
    bool has_rival = has_label(subject, strongest);
    bool has_own = has_label(subject, own);
    evidence->margin = evidence_margin(evidence->own, evidence->rival, has_rival, has_own);
    evidence->shift = evidence_shift(evidence->near, evidence->here);
    evidence->size = subject->picture->gain * sqrtf(box_area(subject->label->box));
    evidence->ghost =
        evidence_ghost(evidence->size, evidence->own, evidence->contest, evidence->near);
}

static __global__ void __launch_bounds__(THREADS) find_evidence(const struct judge_batch batch) {
    __shared__ struct evidence_shared shared;
    size_t room = (size_t)blockIdx.x * batch.n_anchors;
    struct subject subject = {};
    subject.batch = &batch;
    subject.near = batch.near + room;
    subject.strong = batch.strong + room;
    subject.rivals = batch.rivals + (size_t)blockIdx.x * batch.most_labels;
    subject.loose = batch.sums + 2 * (size_t)blockIdx.x * batch.n_classes;
    subject.tight = subject.loose + batch.n_classes;
    subject.shared = &shared;
    for (uint32_t i = blockIdx.x; i < batch.n_labels; i += gridDim.x) {
        struct judge_evidence evidence = {};
        evidence.suggested = evidence.twin = -1;
        subject.index = i;
        subject.label = &batch.labels[i];
        subject.picture = &batch.pictures[subject.label->picture];
        subject.boxes = batch.boxes + (size_t)subject.picture->source * batch.n_anchors;
        if (subject.label->kind >= 0)
            judge_label(&subject, &evidence);
        if (threadIdx.x == 0)
            batch.evidence[i] = evidence;
        __syncthreads();
    }
}

extern "C" enum status judge_evidence_find(const struct judge_batch *batch, stream_handle stream) {
    enum status status = STATUS_OK;
    if (batch->n_labels == 0)
        return STATUS_OK;
    unsigned blocks = launch_limit(batch->n_labels, batch->evidence_blocks);
    KERNEL_LAUNCH(find_evidence, blocks, THREADS, stream, *batch);
    TRY(launch_status("kernel judge_evidence_find"));
    TRY(judge_duplicates_find(batch, stream));
out:
    return status;
}
