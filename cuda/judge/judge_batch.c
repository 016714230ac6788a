/* Where a batch's anchors are in the head's maps, and the scratch memory of its kernels. */
#include "cuda/judge/judge_batch.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cuda/memory.h"
#include "judge/candidates.h"
#include "judge/evidence_math.h"
#include "judge/head_decode.h"

enum {
    ALIGNMENT = 256,
    EVIDENCE_BLOCKS = 1024, /* enough for any device */
};
/* For the blocks' own lists of anchors: fewer blocks where there are many anchors. */
#define EVIDENCE_BYTES ((size_t)64 << 20)

void *room_take(struct room *room, size_t count, size_t size) {
    void *at = room->base ? room->base + room->used : NULL;
    room->used += (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return at;
}

static size_t lower(size_t a, size_t b) {
    return a < b ? a : b;
}

static enum status upload_classes(struct device_judge *device) {
    enum status status;
    uint8_t *classes = NULL;
    size_t n = device->head->n_classes;
    const bool *in_data = device->judge->class_in_data;
    TRY(memory_zeroed(n, sizeof *classes, &classes));
    for (size_t i = 0; i < n; i++)
        classes[i] = !in_data || in_data[i];
    TRY(device_alloc(n, (void **)&device->class_in_data));
    TRY(device_upload(classes, n, device->class_in_data));
out:
    free(classes);
    return status;
}

enum status device_judge_make(const struct judge *judge, const struct head *head, size_t batch,
                              struct device_judge **out) {
    enum status status;
    struct device_judge *device = NULL;
    TRY(memory_zeroed(1, sizeof *device, &device));
    device->judge = judge;
    device->head = head;
    device->batch = batch;
    TRY(upload_classes(device));
out:
    if (status != STATUS_OK) {
        device_judge_free(device);
        device = NULL;
    }
    *out = device;
    return status;
}

void device_judge_free(struct device_judge *device) {
    if (!device)
        return;
    anchors_free(&device->anchors);
    device_free(device->class_in_data);
    device_free(device->scratch);
    free(device);
}

static enum status map_of(const struct map *map, struct head_map *out) {
    if (map->element != ELEMENT_F32)
        return FAIL(STATUS_FAILED, "a map of the detection head is not in fp32");
    *out = (struct head_map){.data = map->data,
                             .channels = map->channels,
                             .width = map->width,
                             .height = map->height,
                             .block = map->pitch};
    return STATUS_OK;
}

/* Lays the anchors of a head out and starts the description of a batch with them. */
static enum status describe(struct device_judge *device, const struct network_head *maps,
                            struct judge_batch *batch) {
    enum status status;
    const struct judge *judge = device->judge;
    const struct head *head = device->head;
    struct anchors *anchors = &device->anchors;
    size_t n_anchors = 0;
    for (size_t i = 0; i < head->n_levels && i < GRAPH_LEVELS; i++) {
        TRY(map_of(&maps->boxes[i], &device->maps.boxes[i]));
        TRY(map_of(&maps->scores[i], &device->maps.scores[i]));
    }
    TRY(anchors_begin(anchors, head, &device->maps, &(struct letterbox){0}));
    for (size_t i = 0; i < anchors->n_planes; i++)
        n_anchors += anchors->planes[i].cells;
    if (head->n_classes > UINT32_MAX / (n_anchors + 1) ||
        device->batch > INT32_MAX / 4 / (n_anchors + 1))
        return FAIL(STATUS_FAILED, "the detection head has too many anchors and classes: %zu, %zu",
                    n_anchors, head->n_classes);
    float floor = judge->predict && judge->conf < MISSING_FLOOR ? judge->conf : MISSING_FLOOR;
    *batch = (struct judge_batch){
        .kind = head->kind,
        .logits = anchors->logits,
        .objectness = anchors->objectness,
        .predict = judge->predict,
        .bins = (uint32_t)head->bins,
        .n_classes = (uint32_t)head->n_classes,
        .n_planes = (uint32_t)anchors->n_planes,
        .n_anchors = (uint32_t)n_anchors,
        .floor = floor,
        .bound = candidate_bound(anchors->logits, floor),
        .missing_floor = MISSING_FLOOR,
        .conf = judge->conf,
        .class_in_data = device->class_in_data,
    };
    struct judge_list *missing = &batch->lists[JUDGE_MISSING];
    struct judge_list *predictions = &batch->lists[JUDGE_PREDICTIONS];
    missing->capacity = (uint32_t)lower(n_anchors * head->n_classes, CANDIDATES_MAX);
    missing->iou = MISSING_NMS_IOU;
    missing->most = (uint32_t)lower(missing->capacity, MISSING_MAX);
    predictions->capacity = judge->predict ? batch->n_anchors : 0;
    predictions->iou = judge->iou;
    predictions->most =
        (uint32_t)lower(judge->max_det, lower(predictions->capacity, CANDIDATES_MAX));
    missing->n_best = predictions->n_best = CANDIDATES_MAX;
out:
    return status;
}

/* The scratch of a batch of as many pictures as may come. */
static void place_scratch(const struct device_judge *device, struct judge_batch *batch,
                          struct room *room) {
    size_t n = device->batch, n_anchors = batch->n_anchors;
    size_t block_bytes = n_anchors * (sizeof *batch->near + sizeof *batch->strong) +
                         batch->most_labels * sizeof *batch->rivals;
    size_t blocks = lower(EVIDENCE_BYTES / (block_bytes + 1), EVIDENCE_BLOCKS);
    blocks += blocks == 0;
    batch->evidence_blocks = (uint32_t)blocks;
    batch->boxes = room_take(room, n * n_anchors, sizeof *batch->boxes);
    for (size_t i = 0; i < JUDGE_LISTS; i++) {
        struct judge_list *list = &batch->lists[i];
        list->keys = room_take(room, n * list->capacity, sizeof *list->keys);
        list->other = room_take(room, n * list->capacity, sizeof *list->other);
        list->kept = room_take(room, n * list->most, sizeof *list->kept);
    }
    size_t twice = device->judge->self_test ? n * batch->lists[JUDGE_MISSING].most : 0;
    batch->kept_second = room_take(room, twice, sizeof *batch->kept_second);
    batch->near = room_take(room, blocks * n_anchors, sizeof *batch->near);
    batch->strong = room_take(room, blocks * n_anchors, sizeof *batch->strong);
    batch->rivals = room_take(room, blocks * batch->most_labels, sizeof *batch->rivals);
}

enum status judge_batch_describe(struct device_judge *device, const struct network_head *head,
                                 size_t most_labels, struct judge_batch *batch) {
    enum status status = describe(device, head, batch);
    batch->most_labels = (uint32_t)most_labels;
    return status;
}

bool judge_batch_fits(const struct device_judge *device, struct judge_batch *batch) {
    struct room room = {0};
    place_scratch(device, batch, &room);
    return room.used <= device->scratch_bytes;
}

enum status judge_batch_reserve(struct device_judge *device, struct judge_batch *batch,
                                stream_handle stream) {
    enum status status = STATUS_OK;
    struct room room = {0};
    place_scratch(device, batch, &room);
    if (room.used > device->scratch_bytes) {
        if (device->scratch)
            TRY(device_wait(stream));
        device_free(device->scratch);
        device->scratch = NULL;
        device->scratch_bytes = 0;
        TRY(device_alloc(room.used, &device->scratch));
        device->scratch_bytes = room.used;
    }
    room = (struct room){.base = device->scratch};
    place_scratch(device, batch, &room);
out:
    return status;
}

void judge_batch_planes(const struct device_judge *device, struct judge_plane *planes) {
    const struct anchors *anchors = &device->anchors;
    uint32_t first = 0;
    for (size_t i = 0; i < anchors->n_planes; i++) {
        const struct plane *plane = &anchors->planes[i];
        const struct head_map *boxes = plane->boxes, *scores = plane->scores;
        planes[i] = (struct judge_plane){
            .boxes = boxes->data,
            .scores = scores->data,
            .box_step = plane->cells * boxes->block,
            .score_step = plane->cells * scores->block,
            .box_pitch = (uint32_t)boxes->block,
            .score_pitch = (uint32_t)scores->block,
            .box_channel = (uint32_t)plane->box_channel,
            .objectness_channel = (uint32_t)plane->objectness_channel,
            .class_channel = (uint32_t)plane->class_channel,
            .width = (uint32_t)plane->width,
            .cells = (uint32_t)plane->cells,
            .first_anchor = first,
            .stride = plane->stride,
            .anchor = {plane->anchor[0], plane->anchor[1]},
            .scale_xy = plane->scale_xy,
        };
        first += (uint32_t)plane->cells;
    }
}
