/* For the tests of judging on the device: heads of all kinds with random maps, judged there (in the
 * emulation, or on the first GPU in programs built with TEST_ON_GPU) and by judge_picture. */
#ifndef VERIFY_TEST_CUDA_JUDGE_RIG_H
#define VERIFY_TEST_CUDA_JUDGE_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "cuda_device_rig.h"

#include "cuda/judge/judge_device.h"
#include "cuda/memory.h"

/* A GPU's logarithm rounds otherwise. */
#ifdef TEST_ON_GPU
#define TOLERANCE  1e-5f
#define BINS_APART 1
#else
#define TOLERANCE  0.0f
#define BINS_APART 0
#endif

static inline uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}
static inline float uniform(uint32_t *state, float low, float high) {
    return low + (high - low) * (float)next_random(state) / 16777216.0f;
}

enum { PICTURES_MOST = 3 };

/* A head and its maps for a batch of pictures, on both sides. */
struct rig_head {
    struct judge judge;
    struct head head;
    struct network_head maps;      /* on the device */
    float *host[2 * GRAPH_LEVELS]; /* the same: boxes and scores in turn; NULL: as the boxes */
};

/* What a random head is made from. */
struct rig_plan {
    enum head_kind kind;
    size_t n_classes, bins, n_anchors;
    bool objectness;
    bool one_map;                   /* of a distance head: boxes and scores in one */
    size_t n_levels, height, width; /* of the first level; each next one has half */
    size_t n_pictures, extra;       /* channels of a row beyond the map's */
    float low, high;                /* logits of scores */
    size_t steps;                   /* not 0: so many different logits, for ties */
    uint32_t seed;
};

static inline size_t map_floats(const struct map *map) {
    return map->n * map->height * map->width * map->pitch;
}

/* A map of `channels`, filled by value(channel). */
static inline void rig_map(struct rig_head *rig, size_t level, bool scores,
                           const struct rig_plan *plan, size_t channels) {
    size_t height = plan->height >> level, width = plan->width >> level;
    struct map *map = scores ? &rig->maps.scores[level] : &rig->maps.boxes[level];
    *map = (struct map){.element = ELEMENT_F32,
                        .n = plan->n_pictures,
                        .height = height ? height : 1,
                        .width = width ? width : 1,
                        .channels = channels,
                        .pitch = channels + plan->extra};
    float *data = malloc(map_floats(map) * sizeof *data);
    assert_non_null(data);
    rig->host[2 * level + scores] = data;
}

static inline float random_score(const struct rig_plan *plan, uint32_t *random) {
    float value = uniform(random, plan->low, plan->high);
    if (plan->steps) {
        float step = (plan->high - plan->low) / (float)plan->steps;
        value = plan->low + floorf((value - plan->low) / step) * step;
    }
    return plan->kind == HEAD_FINAL ? 1 / (1 + expf(-value)) : value;
}

/* What a channel of a map holds: of the level's boxes (first of all) or its scores. */
static inline float random_value(const struct rig_head *rig, const struct rig_plan *plan,
                                 size_t level, bool scores, size_t channel, uint32_t *random) {
    const struct head *head = &rig->head;
    const struct head_level *at = &head->levels[level];
    size_t per_anchor = 5 + head->n_classes;
    switch (plan->kind) {
    case HEAD_DISTANCE:
        if (scores || (plan->one_map && channel >= at->score_channel))
            return random_score(plan, random);
        return plan->bins > 1 ? uniform(random, -4, 4) : uniform(random, 0.2f, 4);
    case HEAD_ANCHOR:
        if (channel < at->box_channel)
            return NAN; /* not part of the head */
        channel = (channel - at->box_channel) % per_anchor;
        if (channel < 4)
            return uniform(random, -2, 2);
        return channel == 4 ? uniform(random, -3, 5) : random_score(plan, random);
    case HEAD_FINAL:
        if (channel < 4)
            return channel < 2 ? uniform(random, 0, 200) : uniform(random, 4, 60);
        return random_score(plan, random);
    }
    return 0;
}

static inline void rig_upload(struct rig_head *rig) {
    for (size_t i = 0; i < 2 * rig->head.n_levels; i++) {
        struct map *map = i % 2 ? &rig->maps.scores[i / 2] : &rig->maps.boxes[i / 2];
        if (!rig->host[i]) {
            *map = rig->maps.boxes[i / 2];
            continue;
        }
        if (!map->data)
            ASSERT_OK(device_alloc(map_floats(map) * sizeof(float), &map->data));
        ASSERT_OK(device_upload(rig->host[i], map_floats(map) * sizeof(float), map->data));
    }
}

static inline struct rig_head rig_make(const struct rig_plan *plan) {
    struct rig_head rig = {0};
    struct head *head = &rig.head;
    uint32_t random = plan->seed * 2654435761u + 1;
    *head = (struct head){.kind = plan->kind,
                          .n_classes = plan->n_classes,
                          .bins = plan->bins,
                          .n_anchors = plan->n_anchors,
                          .objectness = plan->objectness,
                          .n_levels = plan->n_levels};
    rig.judge.n_classes = plan->n_classes;
    rig.judge.self_test = true;
    rig.judge.conf = 0.25f;
    rig.judge.iou = 0.7f;
    rig.judge.max_det = 300;
    for (size_t i = 0; i < plan->n_levels; i++) {
        struct head_level *level = &head->levels[i];
        level->stride = (size_t)8 << i;
        level->box_channel = plan->kind == HEAD_FINAL ? 0 : 3;
        level->score_channel = plan->one_map ? 3 + 4 * plan->bins : 2;
        for (size_t k = 0; k < plan->n_anchors; k++) {
            level->anchors[k][0] = (float)(10 * (k + 1) << i);
            level->anchors[k][1] = (float)(14 * (k + 1) << i);
        }
        switch (plan->kind) {
        case HEAD_DISTANCE:
            rig_map(&rig, i, false, plan,
                    3 + 4 * plan->bins + (plan->one_map ? plan->n_classes : 0));
            if (!plan->one_map)
                rig_map(&rig, i, true, plan, 2 + plan->n_classes);
            break;
        case HEAD_ANCHOR:
            rig_map(&rig, i, false, plan, 3 + plan->n_anchors * (5 + plan->n_classes));
            break;
        case HEAD_FINAL:
            rig_map(&rig, i, false, plan, 4 + plan->objectness + plan->n_classes);
            break;
        }
        for (size_t k = 0; k < 2; k++) {
            const struct map *map = k ? &rig.maps.scores[i] : &rig.maps.boxes[i];
            for (size_t j = 0; rig.host[2 * i + k] && j < map_floats(map); j++)
                rig.host[2 * i + k][j] =
                    j % map->pitch < map->channels
                        ? random_value(&rig, plan, i, k, j % map->pitch, &random)
                        : NAN;
        }
    }
    rig_upload(&rig);
    return rig;
}

static inline void rig_free(struct rig_head *rig) {
    for (size_t i = 0; i < 2 * rig->head.n_levels; i++) {
        if (rig->host[i])
            device_free(i % 2 ? rig->maps.scores[i / 2].data : rig->maps.boxes[i / 2].data);
        free(rig->host[i]);
    }
}

static inline struct head_map host_map(const struct map *map, const float *data, size_t picture) {
    return (struct head_map){data + picture * map->height * map->width * map->pitch, map->channels,
                             map->width, map->height, map->pitch};
}

/* One picture's maps on the host. */
static inline struct head_maps rig_host_maps(const struct rig_head *rig, size_t picture) {
    struct head_maps maps = {0};
    for (size_t i = 0; i < rig->head.n_levels; i++) {
        const float *boxes = rig->host[2 * i], *scores = rig->host[2 * i + 1];
        maps.boxes[i] = host_map(&rig->maps.boxes[i], boxes, picture);
        maps.scores[i] = scores ? host_map(&rig->maps.scores[i], scores, picture) : maps.boxes[i];
    }
    return maps;
}

/* The pictures of a batch. */
struct rig_batch {
    size_t n;
    struct picture pictures[PICTURES_MOST];
    struct picture_view views[PICTURES_MOST];
    struct findings findings[PICTURES_MOST];
    struct target *targets[PICTURES_MOST]; /* owned */
    /* Where a picture is judged a second time: owned, and what is found then. */
    struct target *planted[PICTURES_MOST];
    struct findings planted_findings[PICTURES_MOST];
};

static inline struct letterbox rig_letterbox(size_t i) {
    return (struct letterbox){.gain = 0.75f - 0.1f * (float)i,
                              .gain_x = 0.75f - 0.1f * (float)i,
                              .gain_y = 0.74f - 0.1f * (float)i,
                              .left = 3 + (uint32_t)i,
                              .top = 11};
}

static inline struct findings rig_expected(const struct rig_head *rig, size_t index,
                                           const struct picture *picture) {
    struct findings findings = {0};
    struct judge_scratch *scratch;
    struct head_maps maps = rig_host_maps(rig, index);
    ASSERT_OK(judge_scratch_make(&scratch));
    ASSERT_OK(judge_picture(&rig->judge,
                            &(struct view){.head = &rig->head,
                                           .maps = &maps,
                                           .letterbox = &picture->views[0].letterbox},
                            1, picture->targets, picture->n_labels, scratch, &findings));
    judge_scratch_free(scratch);
    return findings;
}

/* The same of what is planted. */
static inline struct findings rig_expected_second(const struct rig_head *rig, size_t index,
                                                  const struct picture *picture) {
    struct rig_head plain = *rig;
    plain.judge.predict = plain.judge.self_test = false;
    const struct picture second = {
        .views = picture->views, .n_labels = picture->n_planted, .targets = picture->planted};
    return rig_expected(&plain, index, &second);
}

/* n labels in the neighbourhood of what the network sees in picture `index`. */
static inline struct target *rig_labels(const struct rig_head *rig, size_t index, size_t n,
                                        uint32_t seed) {
    struct rig_head all = *rig;
    const struct picture_view view = {.letterbox = rig_letterbox(index)};
    struct picture picture = {.n_views = 1, .views = &view};
    uint32_t random = seed;
    all.judge.predict = true;
    all.judge.conf = 0;
    all.judge.iou = 1;
    all.judge.max_det = 100000;
    struct findings seen = rig_expected(&all, index, &picture);
    struct target *targets = malloc((n + 1) * sizeof *targets);
    assert_non_null(targets);
    for (size_t i = 0; i < n; i++) {
        struct target *target = &targets[i];
        *target = (struct target){.box = {10, 10, 40, 50}};
        target->class = (int32_t)(next_random(&random) % rig->head.n_classes);
        if (seen.predictions.count) {
            const struct detection *near =
                &seen.predictions.items[next_random(&random) % seen.predictions.count];
            float width = near->box[2] - near->box[0], height = near->box[3] - near->box[1];
            float jitter = uniform(&random, 0, 0.3f);
            for (size_t k = 0; k < 4; k++)
                target->box[k] =
                    near->box[k] + (k % 2 ? height : width) * uniform(&random, -jitter, jitter);
            if (next_random(&random) % 2)
                target->class = near->class;
        }
        if (i && next_random(&random) % 8 == 0) { /* a twin */
            memcpy(target->box, targets[i - 1].box, sizeof target->box);
            target->box[2] += (float)(next_random(&random) % 3);
        }
        switch (next_random(&random) % 24) {
        case 0:
            target->class = -1;
            break;
        case 1:
            target->class = (int32_t)rig->head.n_classes;
            break;
        case 2:
            target->box[next_random(&random) % 4] = NAN;
            break;
        case 3:
            target->box[2] = target->box[0];
            break;
        default:
            break;
        }
    }
    findings_free(&seen);
    return targets;
}

static inline struct rig_batch batch_make(const struct rig_head *rig, size_t n,
                                          const size_t *n_labels, uint32_t seed) {
    struct rig_batch batch = {.n = n};
    for (size_t i = 0; i < n; i++) {
        batch.targets[i] = rig_labels(rig, i, n_labels[i], seed + (uint32_t)i);
        batch.views[i].letterbox = rig_letterbox(i);
        batch.pictures[i] =
            (struct picture){.n_views = 1, .n_labels = n_labels[i], .targets = batch.targets[i]};
    }
    return batch;
}

/* Has a picture judged a second time, with n labels. */
static inline void batch_plant(const struct rig_head *rig, struct rig_batch *batch, size_t index,
                               size_t n, uint32_t seed) {
    batch->planted[index] = rig_labels(rig, index, n, seed);
    batch->pictures[index].n_planted = n;
    batch->pictures[index].planted = batch->planted[index];
}

/* Views and findings lie in the batch itself, which may have been copied since it was made. */
static inline void batch_bind(struct rig_batch *batch) {
    for (size_t i = 0; i < batch->n; i++) {
        batch->pictures[i].views = &batch->views[i];
        batch->pictures[i].findings = &batch->findings[i];
        batch->pictures[i].planted_findings = &batch->planted_findings[i];
    }
}

static inline void batch_free(struct rig_batch *batch) {
    for (size_t i = 0; i < batch->n; i++) {
        free(batch->targets[i]);
        free(batch->planted[i]);
        findings_free(&batch->findings[i]);
        findings_free(&batch->planted_findings[i]);
    }
}

static inline void assert_close(const char *what, size_t index, float actual, float expected) {
    float limit = TOLERANCE * fmaxf(1, fabsf(expected));
    if (!(fabsf(actual - expected) <= limit))
        fail_msg("%s of %zu is %.9g; %.9g is expected", what, index, (double)actual,
                 (double)expected);
}

static inline void assert_evidence(size_t i, const struct evidence *actual,
                                   const struct evidence *expected) {
    assert_int_equal(actual->judged, expected->judged);
    assert_close("own", i, actual->own, expected->own);
    assert_close("rival", i, actual->rival, expected->rival);
    assert_close("contest", i, actual->contest, expected->contest);
    assert_int_equal(actual->suggested, expected->suggested);
    assert_close("near", i, actual->near, expected->near);
    assert_close("here", i, actual->here, expected->here);
    assert_close("margin", i, actual->margin, expected->margin);
    assert_close("shift", i, actual->shift, expected->shift);
    assert_close("ghost", i, actual->ghost, expected->ghost);
    assert_close("dup", i, actual->dup, expected->dup);
    assert_close("location", i, actual->location, expected->location);
    assert_close("found", i, actual->found, expected->found);
    assert_close("size", i, actual->size, expected->size);
    assert_close("copy", i, actual->copy, expected->copy);
    assert_close("group", i, actual->group, expected->group);
    assert_int_equal(actual->twin, expected->twin);
    assert_int_equal(actual->has_refined, expected->has_refined);
    for (size_t k = 0; k < 4; k++)
        assert_close("refined", i, actual->refined[k], expected->refined[k]);
}

static inline void assert_detections(const struct detections *actual,
                                     const struct detections *expected) {
    assert_int_equal(actual->count, expected->count);
    for (size_t i = 0; i < actual->count; i++) {
        assert_int_equal(actual->items[i].class, expected->items[i].class);
        assert_close("confidence", i, actual->items[i].confidence, expected->items[i].confidence);
        assert_close("certainty", i, actual->items[i].certainty, expected->items[i].certainty);
        for (size_t k = 0; k < 4; k++)
            assert_close("box", i, actual->items[i].box[k], expected->items[i].box[k]);
    }
}

/* Of labels that were judged. A device's rounding may move one to the next bin. */
static inline void assert_hypotheses(const struct findings *actual,
                                     const struct findings *expected) {
    assert_int_equal(actual->n_hypotheses, expected->n_hypotheses);
    size_t n = actual->n_evidence ? actual->n_hypotheses / actual->n_evidence : 0;
    for (size_t i = 0; i < actual->n_hypotheses; i++) {
        const struct hypothesis *a = &actual->hypotheses[i], *b = &expected->hypotheses[i];
        if (expected->evidence[i / n].judged &&
            (abs(a->bin - b->bin) > BINS_APART || abs(a->evidence - b->evidence) > BINS_APART))
            fail_msg("hypothesis %zu of %zu is %d, %d; %d, %d is expected", i % n, i / n, a->bin,
                     a->evidence, b->bin, b->evidence);
    }
}

static inline void assert_findings(const struct findings *actual, const struct findings *expected) {
    assert_int_equal(actual->not_finite, expected->not_finite);
    assert_int_equal(actual->implausible, expected->implausible);
    assert_int_equal(actual->n_evidence, expected->n_evidence);
    for (size_t i = 0; i < actual->n_evidence; i++)
        assert_evidence(i, &actual->evidence[i], &expected->evidence[i]);
    assert_hypotheses(actual, expected);
    assert_detections(&actual->missing, &expected->missing);
    assert_detections(&actual->predictions, &expected->predictions);
}

static inline enum status describe_and_enqueue(struct judgement *judgement,
                                               const struct network_head *maps,
                                               const struct picture *pictures, size_t n) {
    enum status status;
    const struct judged_view view = {.maps = *maps};
    TRY(judgement_describe(judgement, &view, 1, pictures, n));
    TRY(judgement_enqueue(judgement, NULL));
out:
    return status;
}

static inline void judge_batch(struct judgement *judgement, const struct rig_head *rig,
                               struct rig_batch *batch) {
    batch_bind(batch);
    ASSERT_OK(describe_and_enqueue(judgement, &rig->maps, batch->pictures, batch->n));
    ASSERT_OK(device_wait(NULL));
    ASSERT_OK(judgement_finish(judgement, batch->pictures, batch->n));
}

/* Judges a batch and compares it with judge_picture. */
static inline void check_batch(struct judgement *judgement, const struct rig_head *rig,
                               struct rig_batch *batch) {
    judge_batch(judgement, rig, batch);
    for (size_t i = 0; i < batch->n; i++) {
        struct findings expected = rig_expected(rig, i, &batch->pictures[i]);
        assert_findings(&batch->findings[i], &expected);
        findings_free(&expected);
        if (!batch->pictures[i].planted)
            continue;
        expected = rig_expected_second(rig, i, &batch->pictures[i]);
        assert_findings(&batch->planted_findings[i], &expected);
        findings_free(&expected);
    }
}

/* The same with a judgement made for it. */
static inline void check_once(const struct rig_head *rig, struct rig_batch *batch) {
    struct device_judge *device;
    struct judgement *judgement;
    const struct judged_network network = {.head = &rig->head};
    ASSERT_OK(device_judge_make(&rig->judge, &network, 1, batch->n, &device));
    ASSERT_OK(judgement_make(device, &judgement));
    check_batch(judgement, rig, batch);
    judgement_free(judgement);
    device_judge_free(device);
}

#endif
