/* Pictures from pinned memory to the device, each on its way as soon as it is staged. */
#include "cuda/staging.h"

#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cuda/check.h"
#include "cuda/memory.h"

/* A larger picture is scaled on the host, which reads but a part of its rows, rather than copied
 * whole into memory that is pinned for each slot. */
enum { LARGE_BYTES = 32 << 20 };

struct slot {
    size_t capacity;
    uint8_t *pinned;
    uint8_t *pixels; /* on the device; NULL: it has no room, and kernels read `pinned` */
    cudaEvent_t copied;
    struct letterbox letterbox;
};

struct staging {
    int device;
    size_t large; /* bytes above which a picture is scaled first */
    size_t most;  /* bytes of the device's memory for one slot */
    cudaStream_t copies;
    size_t n_slots;
    struct slot *slots;
};

void staging_free(struct staging *staging) {
    if (!staging)
        return;
    if (staging->copies)
        cuda_forget(cudaStreamSynchronize(staging->copies));
    for (size_t i = 0; staging->slots && i < staging->n_slots; i++) {
        struct slot *slot = &staging->slots[i];
        device_pinned_free(slot->pinned);
        device_free(slot->pixels);
        if (slot->copied)
            cuda_forget(cudaEventDestroy(slot->copied));
    }
    free(staging->slots);
    if (staging->copies)
        cuda_forget(cudaStreamDestroy(staging->copies));
    free(staging);
}

enum status staging_make(int device, size_t n_slots, size_t bytes, struct staging **out) {
    enum status status;
    struct staging *staging = NULL;
    size_t unused;
    size_t total;
    *out = NULL;
    CUDA_TRY(cudaMemGetInfo(&unused, &total));
    TRY(memory_zeroed(1, sizeof *staging, &staging));
    staging->device = device;
    TRY(memory_zeroed(n_slots, sizeof *staging->slots, &staging->slots));
    staging->n_slots = n_slots;
    staging->large = LARGE_BYTES;
    if (bytes && n_slots && bytes / n_slots < staging->large)
        staging->large = bytes / n_slots;
    staging->most = n_slots ? unused / 2 / n_slots : 0;
    CUDA_TRY(cudaStreamCreateWithFlags(&staging->copies, cudaStreamNonBlocking));
    for (size_t i = 0; i < n_slots; i++)
        CUDA_TRY(cudaEventCreateWithFlags(&staging->slots[i].copied, cudaEventDisableTiming));
    *out = staging;
    staging = NULL;
out:
    staging_free(staging);
    return status;
}

/* Room for the picture and a quarter more, within the slot's part: sizes vary, and memory that is
 * freed holds up the device. */
static enum status reserve(const struct staging *staging, struct slot *slot, size_t bytes) {
    enum status status = STATUS_OK;
    if (bytes <= slot->capacity)
        return STATUS_OK;
    size_t capacity = bytes + bytes / 4;
    if (capacity > staging->large)
        capacity = bytes > staging->large ? bytes : staging->large;
    device_pinned_free(slot->pinned);
    device_free(slot->pixels);
    slot->pinned = slot->pixels = NULL;
    slot->capacity = 0;
    TRY(device_pinned_alloc(capacity, (void **)&slot->pinned));
    if (capacity <= staging->most)
        status = device_alloc_unset(capacity, (void **)&slot->pixels);
    if (status_is_for(REASON_MEMORY, status))
        status = STATUS_OK; /* kernels read what is pinned */
    TRY(status);
    slot->capacity = capacity;
out:
    return status;
}

/* The scaled picture's pixels, without padding, by the arithmetic that the kernel has, too. */
static enum status scale(const struct image *image, const struct letterbox *letterbox,
                         uint8_t *pixels) {
    enum status status;
    const struct letterbox none = {0};
    struct letterbox alone = *letterbox;
    size_t plane = (size_t)letterbox->width * letterbox->height;
    uint8_t *levels = NULL;
    alone.left = alone.top = 0;
    alone.net_width = alone.width;
    alone.net_height = alone.height;
    TRY(memory_zeroed(3 * plane, 1, &levels));
    TRY(letterbox_levels(image, &alone, &none, levels));
    for (size_t i = 0; i < plane; i++)
        for (size_t channel = 0; channel < 3; channel++)
            pixels[3 * i + channel] = levels[channel * plane + i];
out:
    free(levels);
    return status;
}

enum status staging_put(struct staging *staging, size_t index, const struct image *image,
                        const struct letterbox *letterbox) {
    enum status status;
    struct slot *slot = &staging->slots[index];
    size_t bytes = (size_t)3 * image->width * image->height;
    size_t scaled = (size_t)3 * letterbox->width * letterbox->height;
    CUDA_TRY(cudaSetDevice(staging->device)); /* the choice is a thread's own */
    slot->letterbox = *letterbox;
    slot->letterbox.image_width = image->width; /* of the pixels, which are what kernels scale */
    slot->letterbox.image_height = image->height;
    if (bytes > staging->large && scaled < bytes) {
        bytes = scaled;
        TRY(reserve(staging, slot, bytes));
        TRY(scale(image, letterbox, slot->pinned));
        slot->letterbox.image_width = letterbox->width;
        slot->letterbox.image_height = letterbox->height;
    } else {
        TRY(reserve(staging, slot, bytes));
        memcpy(slot->pinned, image->pixels, bytes);
    }
    if (slot->pixels)
        CUDA_TRY(cudaMemcpyAsync(slot->pixels, slot->pinned, bytes, cudaMemcpyHostToDevice,
                                 staging->copies));
    CUDA_TRY(cudaEventRecord(slot->copied, staging->copies));
out:
    return status;
}

enum status staging_get(struct staging *staging, size_t index, stream_handle stream,
                        struct kernel_picture *out) {
    enum status status = STATUS_OK;
    const struct slot *slot = &staging->slots[index];
    CUDA_TRY(cudaStreamWaitEvent(stream, slot->copied, 0));
    *out = (struct kernel_picture){slot->pixels ? slot->pixels : slot->pinned, slot->letterbox};
out:
    return status;
}
