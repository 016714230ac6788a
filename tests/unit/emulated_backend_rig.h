/* Drives a backend as src/job/verify.c does, over pictures of several sizes, and compares what
 * different runs found. */
#ifndef VERIFY_TEST_EMULATED_BACKEND_RIG_H
#define VERIFY_TEST_EMULATED_BACKEND_RIG_H

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"

#include "backend.h"
#include "base/queue.h"
#include "cuda/cuda.h"
#include "emulated_runtime.h"

enum { PICTURES_MOST = 16, LABELS_MOST = 40 };

/* A picture with its labels. */
struct sample {
    struct image image;
    size_t n_targets;
    struct target targets[LABELS_MOST];
};

struct samples {
    size_t n;
    struct sample items[PICTURES_MOST];
};

static inline uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Labels at random, some of an unknown class, empty or twice. */
static inline void sample_label(struct sample *sample, size_t n, size_t n_classes,
                                uint32_t *random) {
    float sides[2] = {(float)sample->image.width, (float)sample->image.height};
    for (size_t i = 0; i < n; i++) {
        struct target *target = &sample->targets[sample->n_targets++];
        target->class = (int32_t)(next_random(random) % (n_classes + 1));
        for (size_t k = 0; k < 2; k++) {
            target->box[k] = sides[k] * (float)(next_random(random) % 80) / 100;
            target->box[k + 2] =
                target->box[k] + sides[k] * (float)(next_random(random) % 40) / 100;
        }
        if (i % 5 == 4)
            *target = target[-1];
    }
}

/* Stripes and noise. */
static inline void sample_draw(struct samples *samples, uint32_t width, uint32_t height, size_t n,
                               size_t n_classes) {
    struct sample *sample = &samples->items[samples->n++];
    uint32_t random = width * 31 + height;
    ASSERT_OK(image_resize_buffer(&sample->image, width, height));
    for (size_t i = 0; i < (size_t)3 * width * height; i++)
        sample->image.pixels[i] = (uint8_t)(i / 3 % width / 8 * 40 + next_random(&random) % 64);
    sample_label(sample, n, n_classes, &random);
}

/* A picture of the demo with its labels, and some at random. */
static inline void sample_read(struct samples *samples, const char *name, size_t n_classes) {
    struct sample *sample = &samples->items[samples->n++];
    char path[64];
    uint32_t random = (uint32_t)samples->n;
    snprintf(path, sizeof path, "demo/data/images/%s.jpg", name);
    ASSERT_OK(image_read(path, &sample->image));
    snprintf(path, sizeof path, "demo/data/labels/%s.txt", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    float width = (float)sample->image.width, height = (float)sample->image.height, x, y, w, h;
    int class;
    while (sample->n_targets < LABELS_MOST / 2 &&
           fscanf(file, "%d %f %f %f %f", &class, &x, &y, &w, &h) == 5)
        sample->targets[sample->n_targets++] =
            (struct target){.class = class,
                            .box = {(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width,
                                    (y + h / 2) * height}};
    fclose(file);
    sample_label(sample, 2, n_classes, &random);
}

/* The first n alone. */
static inline void samples_keep(struct samples *samples, size_t n) {
    while (samples->n > n)
        image_free(&samples->items[--samples->n].image);
}

static inline void samples_free(struct samples *samples) {
    for (size_t i = 0; i < samples->n; i++)
        image_free(&samples->items[i].image);
}

/* How a run is made. */
struct plan {
    const struct backend_interface *interface;
    uint32_t imgsz;
    uint32_t opened; /* what the backend is told that imgsz is; 0: as it is */
    uint32_t second; /* the size of a second network; 0: there is none */
    bool folds;      /* the two see every other picture each, else both see all */
    size_t batch, slots;
    size_t readers; /* 0: batches are staged and submitted whole, one after another */
    bool rect, half, predict;
    int local_rank;
    const int *devices; /* n_devices; NULL: all */
    size_t n_devices;
    double hang_seconds;
    size_t image_memory;
    const struct text *choices; /* NULL: none */
};

struct run {
    const struct plan *plan;
    const struct model *model;
    const struct samples *samples;
    struct backend *backend;
    struct judge judge;
    struct backend_network networks[2];
    struct picture_view views[PICTURES_MOST][2];
    size_t n_views; /* of a picture */
    struct findings findings[PICTURES_MOST];
    size_t slot_of[PICTURES_MOST];
    struct queue free, ready; /* of slots and pictures, as &numbers[...] */
    size_t numbers[64];
    pthread_mutex_t mutex;
    size_t next, running;
    enum status status; /* of a reader */
    char message[256];
    size_t largest; /* batch that was submitted */
};

/* Submitted and not collected, the oldest first. */
struct air {
    size_t first, count;
    struct flight {
        size_t n;
        struct picture pictures[PICTURES_MOST];
        size_t slots[PICTURES_MOST];
    } flights[4];
};

static inline enum status run_stage(struct run *run, size_t index, size_t slot) {
    const struct image *image = &run->samples->items[index].image;
    size_t bytes = (size_t)3 * image->width * image->height;
    struct image copy = *image;
    copy.pixels = malloc(bytes);
    assert_non_null(copy.pixels);
    memcpy(copy.pixels, image->pixels, bytes);
    run->slot_of[index] = slot;
    enum status status =
        run->plan->interface->stage(run->backend, slot, &copy, run->views[index], run->n_views);
    memset(copy.pixels, 0xee, bytes); /* the caller's again */
    free(copy.pixels);
    return status;
}

static inline bool run_take(struct run *run, size_t *index, size_t *slot) {
    void *number = NULL;
    pthread_mutex_lock(&run->mutex);
    bool taken = run->next < run->samples->n && queue_pop(&run->free, &number, 1);
    if (taken) {
        *slot = *(size_t *)number;
        *index = run->next++;
    }
    pthread_mutex_unlock(&run->mutex);
    return taken;
}

static inline void *run_reader(void *argument) {
    struct run *run = argument;
    size_t index, slot;
    while (run_take(run, &index, &slot)) {
        enum status status = run_stage(run, index, slot);
        if (status != STATUS_OK) {
            pthread_mutex_lock(&run->mutex);
            run->status = status;
            snprintf(run->message, sizeof run->message, "%s", status_message());
            pthread_mutex_unlock(&run->mutex);
            break;
        }
        queue_push(&run->ready, &run->numbers[index]);
    }
    pthread_mutex_lock(&run->mutex);
    bool last = --run->running == 0;
    pthread_mutex_unlock(&run->mutex);
    if (last)
        queue_close(&run->ready);
    return NULL;
}

static inline enum status run_submit(struct run *run, struct air *air, void **taken, size_t n) {
    size_t depth = run->plan->interface->depth;
    struct flight *flight = &air->flights[(air->first + air->count++) % depth];
    flight->n = n;
    for (size_t i = 0; i < n; i++) {
        size_t index = *(size_t *)taken[i];
        const struct sample *sample = &run->samples->items[index];
        flight->slots[i] = run->slot_of[index];
        flight->pictures[i] = (struct picture){.slot = run->slot_of[index],
                                               .n_views = run->n_views,
                                               .views = run->views[index],
                                               .n_labels = sample->n_targets,
                                               .targets = sample->targets,
                                               .findings = &run->findings[index]};
    }
    run->largest = n > run->largest ? n : run->largest;
    return run->plan->interface->submit(run->backend, flight->pictures, n);
}

/* The slots are free again, and what was submitted is the caller's. */
static inline enum status run_collect(struct run *run, struct air *air) {
    struct flight *flight = &air->flights[air->first];
    enum status status = run->plan->interface->collect(run->backend);
    air->first = (air->first + 1) % run->plan->interface->depth;
    air->count--;
    memset(flight->pictures, 0xee, sizeof flight->pictures);
    for (size_t i = 0; i < flight->n; i++)
        queue_push(&run->free, &run->numbers[flight->slots[i]]);
    return status;
}

static inline enum status run_threads(struct run *run) {
    enum status status = STATUS_OK;
    pthread_t threads[4];
    void *taken[PICTURES_MOST];
    struct air air = {0};
    size_t depth = run->plan->interface->depth, n;
    size_t most = run->plan->interface->batch(run->backend);
    run->running = run->plan->readers;
    for (size_t i = 0; i < run->plan->readers; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_reader, run), 0);
    for (;;) {
        n = air.count == depth ? 0
                               : (air.count ? queue_try_pop : queue_pop)(&run->ready, taken, most);
        if (!n && !air.count)
            break;
        TRY(n ? run_submit(run, &air, taken, n) : run_collect(run, &air));
    }
out:
    queue_close(&run->free);
    queue_close(&run->ready);
    for (size_t i = 0; i < run->plan->readers; i++)
        pthread_join(threads[i], NULL);
    if (status == STATUS_OK && run->status != STATUS_OK)
        status = FAIL(run->status, "%s", run->message);
    return status;
}

/* As many batches in the air as the backend and the slots allow. */
static inline enum status run_whole_batches(struct run *run) {
    enum status status = STATUS_OK;
    struct air air = {0};
    void *taken[PICTURES_MOST];
    size_t most = run->plan->interface->batch(run->backend);
    for (size_t from = 0, n; from < run->samples->n; from += n) {
        n = run->samples->n - from < most ? run->samples->n - from : most;
        while (air.count && (air.count == run->plan->interface->depth || run->free.count < n))
            TRY(run_collect(run, &air));
        for (size_t i = 0; i < n; i++) {
            void *slot;
            assert_int_equal(queue_pop(&run->free, &slot, 1), 1);
            taken[i] = &run->numbers[from + i];
            TRY(run_stage(run, from + i, *(size_t *)slot));
        }
        TRY(run_submit(run, &air, taken, n));
    }
    while (air.count)
        TRY(run_collect(run, &air));
out:
    return status;
}

static inline enum status run_open(const struct plan *plan, const struct model *model,
                                   const struct samples *samples, struct run *run) {
    *run = (struct run){.plan = plan, .model = model, .samples = samples};
    const uint32_t sizes[] = {plan->imgsz, plan->second};
    for (size_t v = 0; v < 2; v++)
        run->networks[v] = (struct backend_network){
            .model = model, .imgsz = v == 0 && plan->opened ? plan->opened : sizes[v]};
    run->n_views = plan->second && !plan->folds ? 2 : 1;
    run->judge = (struct judge){.n_classes = model->graph.head.n_classes,
                                .predict = plan->predict,
                                .conf = 0.1f,
                                .iou = 0.7f,
                                .max_det = 300};
    struct backend_options options = {.threads = 1,
                                      .slots = plan->slots,
                                      .batch = plan->batch,
                                      .views = run->n_views,
                                      .rect = plan->rect,
                                      .half = plan->half,
                                      .local_rank = plan->local_rank,
                                      .devices = plan->devices,
                                      .n_devices = plan->n_devices,
                                      .hang_seconds = plan->hang_seconds,
                                      .image_memory = plan->image_memory,
                                      .choices = plan->choices ? plan->choices->data : NULL,
                                      .n_choices = plan->choices ? plan->choices->length : 0};
    assert_int_equal(pthread_mutex_init(&run->mutex, NULL), 0);
    ASSERT_OK(queue_make(plan->slots, &run->free));
    ASSERT_OK(queue_make(PICTURES_MOST, &run->ready));
    for (size_t i = 0; i < sizeof run->numbers / sizeof *run->numbers; i++)
        run->numbers[i] = i;
    for (size_t i = 0; i < plan->slots; i++)
        queue_push(&run->free, &run->numbers[i]);
    for (size_t i = 0; i < samples->n; i++)
        for (size_t v = 0; v < run->n_views; v++) {
            const struct image *image = &samples->items[i].image;
            size_t network = plan->folds ? i % 2 : v;
            run->views[i][v] = (struct picture_view){
                network, letterbox_plan(image->width, image->height, sizes[network], plan->rect,
                                        (uint32_t)model->stride)};
        }
    return plan->interface->open(run->networks, plan->second ? 2 : 1, &run->judge, &options,
                                 &run->backend);
}

static inline enum status run_all(struct run *run) {
    return run->plan->readers ? run_threads(run) : run_whole_batches(run);
}

/* Returns `status`. */
static inline enum status run_close(struct run *run, enum status status) {
    if (run->backend)
        run->plan->interface->close(run->backend);
    run->backend = NULL;
    return status;
}

/* Opens the backend, runs it over all samples, closes it. */
static inline enum status run_make(const struct plan *plan, const struct model *model,
                                   const struct samples *samples, struct run *run) {
    enum status status = run_open(plan, model, samples, run);
    return run_close(run, status == STATUS_OK ? run_all(run) : status);
}

static inline void run_free(struct run *run) {
    for (size_t i = 0; i < PICTURES_MOST; i++)
        findings_free(&run->findings[i]);
    queue_free(&run->free);
    queue_free(&run->ready);
    pthread_mutex_destroy(&run->mutex);
}

static inline void run_ok(const struct plan *plan, const struct model *model,
                          const struct samples *samples, struct run *run) {
    ASSERT_OK(run_make(plan, model, samples, run));
    assert_int_equal(emulated_left(), 0);
}

static inline struct model demo_model(void) {
    struct model model = {0};
    ASSERT_OK(model_read("demo/model.onnx", NULL, 64, &model));
    return model;
}

static inline void demo_samples(struct samples *samples, size_t n_classes) {
    sample_read(samples, "0001", n_classes);
    sample_draw(samples, 64, 40, 3, n_classes);
    sample_read(samples, "0002", n_classes);
    sample_draw(samples, 33, 120, 0, n_classes);
    sample_draw(samples, 100, 97, 9, n_classes);
    sample_read(samples, "0005", n_classes);
    sample_draw(samples, 1, 1, 1, n_classes);
}

/* Shapes that change from picture to picture, labels, more pictures than slots. */
static const struct plan usual = {
    .interface = &backend_cuda, .imgsz = 64, .batch = 1, .slots = 3, .rect = true, .predict = true};

/* How far the findings of two runs are from each other: scores, what is made of them, boxes in
 * pixels. */
struct distance {
    float score, evidence, box;
    size_t n_evidence, n_missing, n_predictions;
};

static inline void distance_add(float *distance, float a, float b) {
    assert_true(isfinite(a) && isfinite(b));
    *distance = fmaxf(*distance, fabsf(a - b));
}

static inline void compare_evidence(const struct evidence *a, const struct evidence *b,
                                    struct distance *distance) {
    assert_int_equal(a->judged, b->judged);
    assert_int_equal(a->twin, b->twin);
    distance_add(&distance->score, a->own, b->own);
    distance_add(&distance->score, a->rival, b->rival);
    distance_add(&distance->score, a->contest, b->contest);
    distance_add(&distance->score, a->near, b->near);
    distance_add(&distance->score, a->here, b->here);
    distance_add(&distance->evidence, a->margin, b->margin);
    distance_add(&distance->evidence, a->shift, b->shift);
    distance_add(&distance->evidence, a->ghost, b->ghost);
    distance_add(&distance->evidence, a->dup, b->dup);
    distance_add(&distance->evidence, a->location, b->location);
    for (size_t k = 0; a->has_refined && b->has_refined && k < 4; k++)
        distance_add(&distance->box, a->refined[k], b->refined[k]);
    distance->n_evidence++;
}

static inline void compare_lists(const struct detections *a, const struct detections *b,
                                 struct distance *distance) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->items[i].class, b->items[i].class);
        distance_add(&distance->score, a->items[i].confidence, b->items[i].confidence);
        for (size_t k = 0; k < 4; k++)
            distance_add(&distance->box, a->items[i].box[k], b->items[i].box[k]);
    }
}

static inline struct distance run_compare(const struct run *a, const struct run *b, bool lists) {
    struct distance distance = {0};
    for (size_t i = 0; i < a->samples->n; i++) {
        const struct findings *x = &a->findings[i], *y = &b->findings[i];
        assert_int_equal(x->n_evidence, a->samples->items[i].n_targets);
        assert_int_equal(x->n_evidence, y->n_evidence);
        for (size_t k = 0; k < x->n_evidence; k++)
            compare_evidence(&x->evidence[k], &y->evidence[k], &distance);
        distance.n_missing += x->missing.count;
        distance.n_predictions += x->predictions.count;
        if (lists) {
            compare_lists(&x->missing, &y->missing, &distance);
            compare_lists(&x->predictions, &y->predictions, &distance);
        }
    }
    return distance;
}

static inline void assert_same_list(const struct detections *a, const struct detections *b) {
    assert_int_equal(a->count, b->count);
    if (a->count)
        assert_memory_equal(a->items, b->items, a->count * sizeof *a->items);
}

/* The struct has gaps. */
static inline void assert_same_evidence(const struct evidence *a, const struct evidence *b) {
    assert_int_equal(a->judged, b->judged);
    assert_int_equal(a->has_refined, b->has_refined);
    assert_int_equal(a->suggested, b->suggested);
    assert_int_equal(a->twin, b->twin);
    assert_memory_equal(&a->own, &b->own, 2 * sizeof(float));
    assert_memory_equal(&a->near, &b->near, 7 * sizeof(float));
    assert_memory_equal(a->refined, b->refined, sizeof a->refined);
}

/* To the bit. */
static inline void assert_same_findings(const struct findings *x, const struct findings *y) {
    assert_int_equal(x->n_evidence, y->n_evidence);
    for (size_t k = 0; k < x->n_evidence; k++)
        assert_same_evidence(&x->evidence[k], &y->evidence[k]);
    assert_same_list(&x->missing, &y->missing);
    assert_same_list(&x->predictions, &y->predictions);
}

static inline void assert_same_run(const struct run *a, const struct run *b) {
    for (size_t i = 0; i < a->samples->n; i++) {
        const struct findings *x = &a->findings[i], *y = &b->findings[i];
        assert_int_equal(x->n_evidence, a->samples->items[i].n_targets);
        assert_same_findings(x, y);
    }
}

#endif
