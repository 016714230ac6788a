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
    size_t n = device->judge->n_classes;
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

static enum status upload_numbers(const uint32_t *numbers, size_t n, uint32_t **out) {
    enum status status;
    TRY(device_alloc(n * sizeof *numbers, (void **)out));
    TRY(device_upload(numbers, n * sizeof *numbers, *out));
out:
    return status;
}

static enum status add_network(struct device_judge *device, const struct judged_network *from) {
    enum status status = STATUS_OK;
    struct device_network *network = &device->networks[device->n_networks++];
    size_t n = from->head->n_classes, n_all = device->judge->n_classes;
    *network = (struct device_network){.head = from->head, .classes = from->classes};
    if (!from->classes)
        return n == n_all ? STATUS_OK
                          : FAIL(STATUS_FAILED, "the detection head has %zu classes, %zu expected",
                                 n, n_all);
    TRY(memory_zeroed(n_all, sizeof *network->numbers, &network->numbers));
    for (size_t k = 0; k < n_all; k++)
        network->numbers[k] = JUDGE_NO_NUMBER;
    for (size_t k = 0; k < n; k++) {
        if (from->classes[k] >= n_all)
            TRY(FAIL(STATUS_FAILED, "the detection head has a class that is none"));
        network->numbers[from->classes[k]] = (uint32_t)k;
    }
    TRY(upload_numbers(from->classes, n, &network->device_classes));
    TRY(upload_numbers(network->numbers, n_all, &network->device_numbers));
out:
    return status;
}

enum status device_judge_make(const struct judge *judge, const struct judged_network *networks,
                              size_t n_networks, size_t batch, struct device_judge **out) {
    enum status status;
    struct device_judge *device = NULL;
    TRY(memory_zeroed(1, sizeof *device, &device));
    device->judge = judge;
    device->batch = batch;
    TRY(memory_zeroed(n_networks, sizeof *device->networks, &device->networks));
    TRY(memory_zeroed(n_networks, sizeof *device->view_networks, &device->view_networks));
    TRY(memory_zeroed(n_networks, sizeof *device->maps, &device->maps));
    TRY(memory_zeroed(n_networks, sizeof *device->anchors, &device->anchors));
    for (size_t i = 0; i < n_networks; i++)
        TRY(add_network(device, &networks[i]));
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
    for (size_t i = 0; i < device->n_networks; i++) {
        struct device_network *network = &device->networks[i];
        if (device->anchors)
            anchors_free(&device->anchors[i]);
        free(network->numbers);
        device_free(network->device_classes);
        device_free(network->device_numbers);
    }
    free(device->networks);
    free(device->view_networks);
    free(device->maps);
    free(device->anchors);
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

static enum status begin_view(struct device_judge *device, size_t index,
                              const struct judged_view *view) {
    enum status status = STATUS_OK;
    const struct head *head = device->networks[view->network].head;
    struct head_maps *maps = &device->maps[index];
    for (size_t i = 0; i < head->n_levels && i < GRAPH_LEVELS; i++) {
        TRY(map_of(&view->maps.boxes[i], &maps->boxes[i]));
        TRY(map_of(&view->maps.scores[i], &maps->scores[i]));
    }
    device->view_networks[index] = view->network;
    TRY(anchors_begin(&device->anchors[index], head, maps, &(struct letterbox){0}));
out:
    return status;
}

static size_t count_anchors(const struct anchors *anchors) {
    size_t n = 0;
    for (size_t i = 0; i < anchors->n_planes; i++)
        n += anchors->planes[i].cells;
    return n;
}

static float score_floor(const struct judge *judge) {
    return judge->predict && judge->conf < MISSING_FLOOR ? judge->conf : MISSING_FLOOR;
}

/* Lays the anchors of the views out and starts the description of a batch with them. */
static enum status describe(struct device_judge *device, const struct judged_view *views,
                            size_t n_views, struct judge_batch *batch) {
    enum status status = STATUS_OK;
    const struct judge *judge = device->judge;
    size_t n_anchors = 0, n_planes = 0, n_classes = judge->n_classes;
    device->n_views = n_views;
    for (size_t i = 0; i < n_views; i++) {
        TRY(begin_view(device, i, &views[i]));
        n_planes += device->anchors[i].n_planes;
        n_anchors += count_anchors(&device->anchors[i]);
    }
    if (n_classes > UINT32_MAX / (n_anchors + 1) || device->batch > INT32_MAX / 4 / (n_anchors + 1))
        return FAIL(STATUS_FAILED, "the detection head has too many anchors and classes: %zu, %zu",
                    n_anchors, n_classes);
    *batch = (struct judge_batch){
        .predict = judge->predict,
        .n_classes = (uint32_t)n_classes,
        .n_views = (uint32_t)n_views,
        .n_planes = (uint32_t)n_planes,
        .n_anchors = (uint32_t)n_anchors,
        .floor = score_floor(judge),
        .missing_floor = MISSING_FLOOR,
        .conf = judge->conf,
        .class_in_data = device->class_in_data,
    };
    struct judge_list *missing = &batch->lists[JUDGE_MISSING];
    struct judge_list *predictions = &batch->lists[JUDGE_PREDICTIONS];
    missing->capacity = (uint32_t)lower(n_anchors * n_classes, CANDIDATES_MAX);
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
                         batch->most_labels * sizeof *batch->rivals +
                         2 * (size_t)batch->n_classes * sizeof *batch->sums;
    size_t blocks = lower(EVIDENCE_BYTES / (block_bytes + 1), EVIDENCE_BLOCKS);
    blocks += blocks == 0;
    batch->evidence_blocks = (uint32_t)blocks;
    batch->boxes = room_take(room, n * n_anchors, sizeof *batch->boxes);
    for (size_t i = 0; i < JUDGE_LISTS; i++) {
        struct judge_list *list = &batch->lists[i];
        list->keys = room_take(room, n * list->capacity, sizeof *list->keys);
        list->other = room_take(room, n * list->capacity, sizeof *list->other);
        list->kept = room_take(room, n * list->most, sizeof *list->kept);
        if (batch->n_views > 1) {
            list->places = room_take(room, n * list->most, sizeof *list->places);
            list->seen = room_take(room, n * list->most * batch->n_views, sizeof *list->seen);
        }
    }
    size_t twice = device->judge->self_test ? n * batch->lists[JUDGE_MISSING].most : 0;
    batch->kept_second = room_take(room, twice, sizeof *batch->kept_second);
    batch->near = room_take(room, blocks * n_anchors, sizeof *batch->near);
    batch->strong = room_take(room, blocks * n_anchors, sizeof *batch->strong);
    batch->rivals = room_take(room, blocks * batch->most_labels, sizeof *batch->rivals);
    batch->sums = room_take(room, 2 * blocks * batch->n_classes, sizeof *batch->sums);
}

enum status judge_batch_describe(struct device_judge *device, const struct judged_view *views,
                                 size_t n_views, size_t most_labels, struct judge_batch *batch) {
    enum status status = describe(device, views, n_views, batch);
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

void judge_batch_views(const struct device_judge *device, struct judge_view *views) {
    uint32_t first = 0;
    for (size_t i = 0; i < device->n_views; i++) {
        const struct device_network *network = &device->networks[device->view_networks[i]];
        const struct anchors *anchors = &device->anchors[i];
        views[i] = (struct judge_view){
            .kind = network->head->kind,
            .logits = anchors->logits,
            .objectness = anchors->objectness,
            .bins = (uint32_t)network->head->bins,
            .n_classes = (uint32_t)network->head->n_classes,
            .bound = candidate_bound(anchors->logits, score_floor(device->judge)),
            .untried_side = network->head->untried_side,
            .first_anchor = first,
            .n_anchors = (uint32_t)count_anchors(anchors),
            .classes = network->device_classes,
            .numbers = network->device_numbers,
        };
        first += views[i].n_anchors;
    }
}

void judge_batch_knowing(const struct device_judge *device, uint32_t *knowing) {
    for (size_t k = 0; k < device->judge->n_classes; k++)
        for (size_t i = 0; i < device->n_views; i++) {
            const uint32_t *numbers = device->networks[device->view_networks[i]].numbers;
            knowing[k] += !numbers || numbers[k] != JUDGE_NO_NUMBER;
        }
}

static struct judge_plane plane_of(const struct plane *plane, uint32_t view, uint32_t first) {
    const struct head_map *boxes = plane->boxes, *scores = plane->scores;
    return (struct judge_plane){
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
        .view = view,
        .first_anchor = first,
        .stride = plane->stride,
        .anchor = {plane->anchor[0], plane->anchor[1]},
        .scale_xy = plane->scale_xy,
    };
}

void judge_batch_planes(const struct device_judge *device, struct judge_plane *planes) {
    uint32_t first = 0;
    for (size_t v = 0; v < device->n_views; v++)
        for (size_t i = 0; i < device->anchors[v].n_planes; i++) {
            *planes = plane_of(&device->anchors[v].planes[i], (uint32_t)v, first);
            first += planes->cells;
            planes++;
        }
}
