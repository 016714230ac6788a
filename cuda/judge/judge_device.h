/* Judging on the device: a batch's raw head stays there, labels go up in one copy and findings come
 * back in one. The same findings as judge_picture's up to float rounding. */
#ifndef VERIFY_CUDA_JUDGE_DEVICE_H
#define VERIFY_CUDA_JUDGE_DEVICE_H

#include "backend.h"
#include "cuda/network/network.h"

/* What the judging of any batch needs on the device: scratch memory, grown as needed. Used by one
 * stream, in order. */
struct device_judge;

/* For batches of at most `batch` pictures. The judge stays the caller's and must outlive it. On
 * failure *out is NULL. STATUS_FAILED for REASON_MEMORY where the device has too little. */
enum status device_judge_make(const struct judge *judge, size_t batch, struct device_judge **out);
void device_judge_free(struct device_judge *device);

/* Makes room for batches of such a head (map.n is not read) now rather than at their first
 * judgement; waits for the stream where what is there must be replaced. STATUS_FAILED where maps
 * and head disagree or memory is short. */
enum status device_judge_reserve(struct device_judge *device, const struct network_head *head,
                                 stream_handle stream);

/* One batch in flight: its labels and its results, pinned and on the device. */
struct judgement;
enum status judgement_make(struct device_judge *device, struct judgement **out);
void judgement_free(struct judgement *judgement);

/* Whether judgement_enqueue finds room for these pictures, and so waits for nothing. */
enum status judgement_fits(const struct judgement *judgement, const struct network_head *head,
                           const struct picture *pictures, size_t n, bool *fits);
/* Makes that room; waits for all that the device has to do. */
enum status judgement_reserve(struct judgement *judgement, const struct network_head *head,
                              const struct picture *pictures, size_t n, stream_handle stream);
/* Enqueues the judging of the first n pictures of the maps (fp32, on the device) behind what the
 * stream has to do: upload of the labels, kernels, the copy back. Does not wait, but for memory to
 * grow. What is enqueued later may overwrite the maps. Only the letterboxes and targets of the
 * pictures are read. The judgement must not be in flight. */
enum status judgement_enqueue(struct judgement *judgement, const struct network_head *head,
                              const struct picture *pictures, size_t n, stream_handle stream);
/* After the stream has done what was enqueued: fills the findings of the same n pictures. */
enum status judgement_finish(struct judgement *judgement, const struct picture *pictures, size_t n);

#endif
