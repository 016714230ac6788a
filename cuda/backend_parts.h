/* Inside the backend: one device, opened, and the batches on their way through it. */
#ifndef VERIFY_CUDA_BACKEND_PARTS_H
#define VERIFY_CUDA_BACKEND_PARTS_H

#include <cuda_runtime_api.h>

#include "base/text.h"
#include "cuda/conv/conv.h"
#include "cuda/cuda.h"
#include "cuda/device.h"
#include "cuda/engines.h"
#include "cuda/judge/judge_device.h"
#include "cuda/staging.h"

/* Batches submitted and not collected: one that the device works on and one that waits for it. */
enum { DEPTH = 2 };

/* Pictures of the same views, each of one shape, on their way through the device. */
struct run {
    struct picture *pictures; /* the caller's */
    size_t n;
    enum element element;          /* that they are forwarded in */
    struct kernel_picture *inputs; /* (views, batch), pinned */
    struct judgement *judgement;
    cudaEvent_t done;
};

struct backend {
    const struct backend_interface *interface;
    struct device device;
    struct text description, note;
    cudaStream_t stream; /* the library's: forwards and judging */
    struct conv_library *library;
    struct engines engines;
    enum element element; /* that pictures are forwarded in at first */
    struct staging *staging;
    struct device_judge *judge;
    const struct backend_network *networks; /* the caller's */
    size_t n_networks;
    size_t most_views;         /* of a picture */
    struct judged_view *views; /* [most_views]: of the batch at hand */
    size_t batch;
    double hang_seconds;           /* of a batch, after which the device hangs; 0: never */
    bool hung;                     /* it does: nothing may wait for it any more */
    struct kernel_picture *inputs; /* (views, batch), on the device */
    /* Runs are begun and finished in one order: run r is runs[r % DEPTH]. */
    struct run runs[DEPTH];
    uint64_t begun, finished;
    /* Batches likewise: batch b is done when run ends[b % DEPTH] - 1 is. */
    uint64_t submitted, collected, ends[DEPTH];
};

/* batch.c — all whose size depends on the batch: networks, the judge, runs. Halves backend->batch
 * until the device's memory suffices; STATUS_FAILED for REASON_MEMORY where that of one picture
 * does not. */
enum status largest_batch_make(struct backend *backend, const struct judge *judge);
/* Frees it, what is partly made, too; waits for the stream. */
void batch_free(struct backend *backend);

/* runs.c — waits until the device has done what was enqueued when run->done was recorded;
 * STATUS_FAILED where it hangs (backend->hung). */
enum status run_wait(struct backend *backend, const struct run *run);
/* submit and collect of backend_interface. */
enum status runs_submit(struct backend *backend, struct picture *pictures, size_t n);
enum status runs_collect(struct backend *backend);

#endif
