/* The images that a rank has yet to take, and parcels of them. */
#include "job/work.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct work {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct path_list images;
    size_t index_capacity;
    uint64_t *indices; /* of each image, its place in the list of all */
    size_t next;       /* the first not taken */
    bool closed, cancelled;
};

enum status work_make(struct path_list *images, uint64_t **indices, struct work **out) {
    struct work *work;
    enum status status = memory_zeroed(1, sizeof *work, &work);
    *out = NULL;
    if (status == STATUS_OK) {
        pthread_mutex_init(&work->mutex, NULL);
        pthread_cond_init(&work->changed, NULL);
        work->images = *images;
        work->indices = *indices;
        work->index_capacity = images->count;
        *out = work;
    } else {
        path_list_free(images);
        free(*indices);
    }
    *images = (struct path_list){0};
    *indices = NULL;
    return status;
}

void work_free(struct work *work) {
    if (!work)
        return;
    path_list_free(&work->images);
    free(work->indices);
    pthread_cond_destroy(&work->changed);
    pthread_mutex_destroy(&work->mutex);
    free(work);
}

bool work_take(struct work *work, size_t *turn, uint64_t *index, struct text *path) {
    pthread_mutex_lock(&work->mutex);
    while (work->next == work->images.count && !work->closed && !work->cancelled)
        pthread_cond_wait(&work->changed, &work->mutex);
    bool taken = work->next < work->images.count && !work->cancelled;
    if (taken) {
        *turn = work->next++;
        *index = work->indices[*turn];
        text_clear(path);
        text_string(path, path_list_get(&work->images, *turn));
    }
    pthread_mutex_unlock(&work->mutex);
    return taken;
}

void work_count(struct work *work, uint64_t *total, uint64_t *left) {
    pthread_mutex_lock(&work->mutex);
    *total = work->images.count;
    *left = work->images.count - work->next;
    pthread_mutex_unlock(&work->mutex);
}

/* A parcel: how many images, their indices, their paths with a NUL behind each. */
enum status work_give(struct work *work, size_t most, struct text *parcel) {
    pthread_mutex_lock(&work->mutex);
    struct path_list *images = &work->images;
    size_t first = images->count, least = images->count;
    if (!work->cancelled)
        least = images->count - work->next > most ? images->count - most : work->next;
    while (first > least && images->length - images->start[first - 1] +
                                    (images->count - first + 2) * sizeof(uint64_t) <=
                                PARCEL_BYTES)
        first--;
    uint64_t count = images->count - first;
    size_t start = count ? images->start[first] : images->length;
    text_clear(parcel);
    text_bytes(parcel, (const char *)&count, sizeof count);
    if (count) {
        text_bytes(parcel, (const char *)(work->indices + first), count * sizeof *work->indices);
        text_bytes(parcel, images->bytes + start, images->length - start);
    }
    enum status status = text_status(parcel);
    if (status == STATUS_OK) {
        images->count = first;
        images->length = start;
    }
    pthread_mutex_unlock(&work->mutex);
    return status;
}

static enum status add(struct work *work, const char *indices, const char *paths, size_t count) {
    enum status status;
    struct path_list *images = &work->images;
    TRY(memory_reserve(&work->indices, &work->index_capacity, images->count + count,
                       sizeof *work->indices));
    for (size_t i = 0; i < count; i++) {
        memcpy(&work->indices[images->count], indices + i * sizeof *work->indices,
               sizeof *work->indices);
        TRY(path_list_add(images, paths));
        paths += strlen(paths) + 1;
    }
out:
    return status;
}

enum status work_add(struct work *work, const char *parcel, size_t length) {
    enum status status;
    uint64_t count = 0;
    size_t paths = 0;
    if (length >= sizeof count)
        memcpy(&count, parcel, sizeof count);
    bool whole = length >= sizeof count && count <= length / sizeof count - 1;
    if (whole) {
        size_t head = (count + 1) * sizeof count;
        for (size_t i = head; i < length; i++)
            paths += parcel[i] == '\0';
        whole = paths == count && (length == head || parcel[length - 1] == '\0');
    }
    if (!whole)
        return FAIL(STATUS_FAILED, "images from another process came damaged");
    pthread_mutex_lock(&work->mutex);
    size_t before = work->images.count, bytes = work->images.length;
    status = add(work, parcel + sizeof count, parcel + (count + 1) * sizeof count, count);
    if (status != STATUS_OK) {
        work->images.count = before;
        work->images.length = bytes;
    }
    pthread_cond_broadcast(&work->changed);
    pthread_mutex_unlock(&work->mutex);
    return status;
}

static void end(struct work *work, bool *how) {
    pthread_mutex_lock(&work->mutex);
    *how = true;
    pthread_cond_broadcast(&work->changed);
    pthread_mutex_unlock(&work->mutex);
}

void work_close(struct work *work) {
    end(work, &work->closed);
}

void work_cancel(struct work *work) {
    end(work, &work->cancelled);
}
