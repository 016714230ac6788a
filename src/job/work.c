/* The images that a rank has yet to take, and parcels of them. */
#include "job/work.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct work {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct packed_paths images;
    struct packed_reader taken; /* reads what is taken */
    size_t index_capacity;
    uint64_t *indices; /* of each image, its place in the list of all */
    size_t next;       /* the first not taken */
    bool closed, cancelled;
};

enum status work_make(struct packed_paths *images, uint64_t **indices, struct work **out) {
    struct work *work;
    enum status status = memory_zeroed(1, sizeof *work, &work);
    *out = NULL;
    if (status == STATUS_OK) {
        pthread_mutex_init(&work->mutex, NULL);
        pthread_cond_init(&work->changed, NULL);
        work->images = *images;
        work->taken.paths = &work->images;
        work->indices = *indices;
        work->index_capacity = images->count;
        *out = work;
    } else {
        packed_paths_free(images);
        free(*indices);
    }
    *images = (struct packed_paths){0};
    *indices = NULL;
    return status;
}

void work_free(struct work *work) {
    if (!work)
        return;
    packed_paths_free(&work->images);
    packed_reader_free(&work->taken);
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
        const char *next = NULL;
        text_clear(path);
        if (packed_reader_get(&work->taken, *turn, &next) == STATUS_OK)
            text_string(path, next);
        else
            path->failed = true;
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

/* Bytes of a parcel of no images, and of an image in one beside its path. */
enum { HEAD_BYTES = sizeof(uint64_t), IMAGE_BYTES = sizeof(uint64_t) + 1 };

/* The first image of the longest parcel of those from `first` on that go to the end. */
static enum status fit_parcel(struct packed_reader *reader, size_t first, size_t *fitting) {
    enum status status = STATUS_OK;
    const size_t end = reader->paths->count;
    size_t bytes = HEAD_BYTES;
    const char *path;
    for (size_t i = first; i < end; i++) {
        TRY(packed_reader_get(reader, i, &path));
        bytes += strlen(path) + IMAGE_BYTES;
    }
    for (*fitting = first; bytes > PARCEL_BYTES; ++*fitting) {
        TRY(packed_reader_get(reader, *fitting, &path));
        bytes -= strlen(path) + IMAGE_BYTES;
    }
out:
    return status;
}

/* A parcel: how many images, their indices, their paths with a NUL behind each. */
static enum status make_parcel(const struct work *work, size_t first, struct text *parcel) {
    enum status status = STATUS_OK;
    struct packed_reader reader = {.paths = &work->images};
    const char *path;
    const size_t end = work->images.count;
    const uint64_t count = end - first;
    text_clear(parcel);
    text_bytes(parcel, (const char *)&count, sizeof count);
    if (count)
        text_bytes(parcel, (const char *)(work->indices + first), count * sizeof *work->indices);
    for (size_t i = first; i < end; i++) {
        TRY(packed_reader_get(&reader, i, &path));
        text_bytes(parcel, path, strlen(path) + 1);
    }
    status = text_status(parcel);
out:
    packed_reader_free(&reader);
    return status;
}

enum status work_give(struct work *work, size_t most, struct text *parcel) {
    enum status status;
    pthread_mutex_lock(&work->mutex);
    struct packed_paths *images = &work->images;
    struct packed_reader reader = {.paths = images};
    size_t left = work->cancelled ? 0 : images->count - work->next, first;
    if (most > PARCEL_BYTES / IMAGE_BYTES)
        most = PARCEL_BYTES / IMAGE_BYTES;
    TRY(fit_parcel(&reader, images->count - (left < most ? left : most), &first));
    TRY(make_parcel(work, first, parcel));
    TRY(packed_paths_cut(images, first));
out:
    pthread_mutex_unlock(&work->mutex);
    packed_reader_free(&reader);
    return status;
}

static enum status add(struct work *work, const char *indices, const char *paths, size_t count) {
    enum status status;
    struct packed_paths *images = &work->images;
    TRY(memory_reserve(&work->indices, &work->index_capacity, images->count + count,
                       sizeof *work->indices));
    for (size_t i = 0; i < count; i++) {
        memcpy(&work->indices[images->count], indices + i * sizeof *work->indices,
               sizeof *work->indices);
        TRY(packed_paths_add(images, paths));
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
    size_t before = work->images.count;
    status = add(work, parcel + sizeof count, parcel + (count + 1) * sizeof count, count);
    if (status != STATUS_OK)
        packed_paths_cut(&work->images, before);
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
