/* Judging on the device: a batch's raw head stays there, labels go up in one copy and findings come
 * back in one. The same findings as judge_picture's up to float rounding. */
#ifndef VERIFY_CUDA_JUDGE_DEVICE_H
#define VERIFY_CUDA_JUDGE_DEVICE_H

#include "backend.h"
#include "cuda/network/network.h"

/* What the judging of any batch needs on the device: scratch memory, grown as needed. Used by one
 * stream, in order. */
struct device_judge;

/* A network whose maps are judged. */
struct judged_network {
    const struct head *head;
    const uint32_t *classes; /* as in struct view */
};

/* One view of a batch's pictures: its network's place among those of device_judge_make, and the
 * maps. */
struct judged_view {
    size_t network;
    struct network_head maps;
};

/* For batches of at most `batch` pictures in views of these networks. The judge, heads and classes
 * stay the caller's and must outlive it. On failure *out is NULL. STATUS_FAILED for REASON_MEMORY
 * where the device has too little. */
enum status device_judge_make(const struct judge *judge, const struct judged_network *networks,
                              size_t n_networks, size_t batch, struct device_judge **out);
void device_judge_free(struct device_judge *device);

/* One batch in flight: its labels and its results, pinned and on the device. */
struct judgement;
enum status judgement_make(struct device_judge *device, struct judgement **out);
void judgement_free(struct judgement *judgement);

/* Describes the batch that comes next: the first n pictures, which stay until it is enqueued, each
 * with its views in the order of these n_views, which are at least one and no more than there are
 * networks; their maps are in fp32, on the device. STATUS_FAILED where maps and head disagree or it
 * is too large. Only one judgement of the device is described and not yet enqueued at a time. */
enum status judgement_describe(struct judgement *judgement, const struct judged_view *views,
                               size_t n_views, const struct picture *pictures, size_t n);
/* Whether judgement_enqueue finds room for what was described, and so waits for nothing. */
bool judgement_fits(struct judgement *judgement);
/* Makes that room; waits for all that the device has to do. */
enum status judgement_reserve(struct judgement *judgement, stream_handle stream);
/* Enqueues the judging of what was described behind what the stream has to do: upload of the
 * labels, kernels, the copy back. Does not wait, but for memory to grow. What is enqueued later may
 * overwrite the maps. Only the letterboxes and targets of the pictures are read. The judgement must
 * not be in flight. */
enum status judgement_enqueue(struct judgement *judgement, stream_handle stream);
/* After the stream has done what was enqueued: fills the findings of the same n pictures. */
enum status judgement_finish(struct judgement *judgement, const struct picture *pictures, size_t n);

#endif
