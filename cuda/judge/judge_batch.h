/* What judge_device.c and judge_batch.c share: a batch's description and its scratch. */
#ifndef VERIFY_CUDA_JUDGE_BATCH_H
#define VERIFY_CUDA_JUDGE_BATCH_H

#include "cuda/judge/judge_device.h"
#include "cuda/judge/judge_kernels.h"
#include "judge/anchors.h"

struct device_judge {
    const struct judge *judge;
    const struct head *head;
    size_t batch;
    struct head_maps maps;  /* those at hand, a batch's; data on the device */
    struct anchors anchors; /* their planes; nothing is decoded */
    uint8_t *class_in_data; /* on the device, and so is `scratch` */
    void *scratch;
    size_t scratch_bytes;
};

/* Arrays laid out in one allocation; without a base they are only counted. */
struct room {
    char *base;
    size_t used;
};
void *room_take(struct room *room, size_t count, size_t size);

/* Describes batches of such a head: all but what depends on their pictures and the scratch;
 * most_labels: of one picture. */
enum status judge_batch_describe(struct device_judge *device, const struct network_head *head,
                                 size_t most_labels, struct judge_batch *batch);
/* Whether the next function finds room. */
bool judge_batch_fits(const struct device_judge *device, struct judge_batch *batch);
/* Places the scratch; makes room for it, waiting for the stream where what is there must be
 * replaced. STATUS_FAILED for REASON_MEMORY where there is none. */
enum status judge_batch_reserve(struct device_judge *device, struct judge_batch *batch,
                                stream_handle stream);
/* Writes batch->n_planes planes, as judge_batch_describe found them. */
void judge_batch_planes(const struct device_judge *device, struct judge_plane *planes);

#endif
