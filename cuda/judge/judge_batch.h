/* What judge_device.c and judge_batch.c share: a batch's description and its scratch. */
#ifndef VERIFY_CUDA_JUDGE_BATCH_H
#define VERIFY_CUDA_JUDGE_BATCH_H

#include "cuda/judge/judge_device.h"
#include "cuda/judge/judge_kernels.h"
#include "judge/anchors.h"

/* A network's head, and its classes beside the judge's. */
struct device_network {
    const struct head *head;
    const uint32_t *classes; /* the caller's; NULL: the same as the judge's */
    uint32_t *numbers;       /* [judge's classes]: its own of each, or JUDGE_NO_NUMBER; owned */
    uint32_t *device_classes, *device_numbers; /* the same on the device */
};

struct device_judge {
    const struct judge *judge;
    size_t batch;
    size_t n_networks;
    struct device_network *networks;
    /* Of the views at hand, a batch's, n_views of n_networks: */
    size_t n_views;
    size_t *view_networks;
    struct head_maps *maps;  /* data on the device */
    struct anchors *anchors; /* their planes; nothing is decoded */
    uint8_t *class_in_data;  /* on the device, and so is `scratch` */
    void *scratch;
    size_t scratch_bytes;
};

/* Arrays laid out in one allocation; without a base they are only counted. */
struct room {
    char *base;
    size_t used;
};
void *room_take(struct room *room, size_t count, size_t size);

/* Describes batches of such views: all but what depends on their pictures and the scratch;
 * most_labels: of one picture. */
enum status judge_batch_describe(struct device_judge *device, const struct judged_view *views,
                                 size_t n_views, size_t most_labels, struct judge_batch *batch);
/* Whether the next function finds room. */
bool judge_batch_fits(const struct device_judge *device, struct judge_batch *batch);
/* Places the scratch; makes room for it, waiting for the stream where what is there must be
 * replaced. STATUS_FAILED for REASON_MEMORY where there is none. */
enum status judge_batch_reserve(struct device_judge *device, struct judge_batch *batch,
                                stream_handle stream);
/* Write batch->n_views views, batch->n_planes planes and, of the batch->n_classes classes, how many
 * views know each, as judge_batch_describe found them. */
void judge_batch_views(const struct device_judge *device, struct judge_view *views);
void judge_batch_planes(const struct device_judge *device, struct judge_plane *planes);
void judge_batch_knowing(const struct device_judge *device, uint32_t *knowing);

#endif
