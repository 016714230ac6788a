/* A rank's threads over a backend that only pretends, and what they leave. */
#ifndef VERIFY_TEST_VERIFY_RIG_H
#define VERIFY_TEST_VERIFY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/memory.h"
#include "job/notes.h"
#include "job/verify.h"
#include "stream_find.h"
#include "temp_folder.h"

enum { IMAGES = 300 };

struct backend {
    int fail_submit_at, fail_collect_at, fail_stage_at; /* calls until a failure; -1: none */
    int delay; /* microseconds at most, different from call to call */
    int submits, collects, stages;
    int runs;                  /* parts of batches whose pictures are alike */
    size_t depth, n_submitted; /* not collected, the oldest first */
    struct submission {
        struct picture *pictures;
        size_t n;
    } submitted[3]; /* judged when collected */
    pthread_mutex_t mutex;
};

static inline void pause_for(long microseconds) {
    struct timespec time = {.tv_nsec = microseconds * 1000};
    nanosleep(&time, NULL);
}

static inline enum status fake_stage(struct backend *backend, size_t slot,
                                     const struct image *image, const struct picture_view *views,
                                     size_t n_views) {
    assert_int_equal(n_views, 1);
    assert_true(image->width == views[0].letterbox.image_width);
    pthread_mutex_lock(&backend->mutex);
    int call = backend->stages++;
    pthread_mutex_unlock(&backend->mutex);
    if (backend->delay)
        pause_for((long)(slot * 7919 + (size_t)call * 104729) % backend->delay);
    return call == backend->fail_stage_at ? FAIL(STATUS_FAILED, "the stage broke") : STATUS_OK;
}

/* Each part is forwarded apart, as by a backend that wants_alike. */
static inline int count_parts(const struct picture *pictures, size_t n) {
    int parts = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (!picture_views_alike(pictures[k].views, pictures[k].n_views, pictures[i].views,
                                    pictures[i].n_views))
            k++;
        parts += k == i;
    }
    return parts;
}

static inline enum status fake_submit(struct backend *backend, struct picture *pictures, size_t n) {
    assert_true(backend->n_submitted < backend->depth);
    assert_in_range(n, 1, 4);
    backend->submitted[backend->n_submitted++] = (struct submission){pictures, n};
    backend->runs += count_parts(pictures, n);
    return backend->submits++ == backend->fail_submit_at ? FAIL(STATUS_FAILED, "the device broke")
                                                         : STATUS_OK;
}

static inline enum status fake_judge(const struct picture *picture) {
    struct findings *findings = picture->findings;
    findings->missing.count = findings->predictions.count = 0;
    findings->n_evidence = picture->n_labels;
    enum status status = memory_reserve(&findings->evidence, &findings->evidence_capacity,
                                        picture->n_labels + 1, sizeof *findings->evidence);
    for (size_t k = 0; status == STATUS_OK && k < picture->n_labels; k++)
        findings->evidence[k] =
            (struct evidence){.judged = true, .own = 1, .suggested = -1, .twin = -1};
    return status;
}

static inline enum status fake_collect(struct backend *backend) {
    assert_true(backend->n_submitted > 0);
    struct submission oldest = backend->submitted[0];
    backend->n_submitted--;
    memmove(backend->submitted, backend->submitted + 1,
            backend->n_submitted * sizeof *backend->submitted);
    for (size_t i = 0; i < oldest.n; i++) {
        enum status status = fake_judge(&oldest.pictures[i]);
        if (status != STATUS_OK)
            return status;
    }
    return backend->collects++ == backend->fail_collect_at
               ? FAIL(STATUS_FAILED, "the device broke late")
               : STATUS_OK;
}

static inline size_t fake_batch(const struct backend *backend) {
    (void)backend;
    return 4;
}

enum { DEPTHS = 3 };
#define FAKE(n)                                                                                    \
    {                                                                                              \
        .name = "fake", .prefix = "CPU", .depth = n, .stage = fake_stage, .submit = fake_submit,   \
        .collect = fake_collect, .batch = fake_batch                                               \
    }
/* By depth - 1. */
static const struct backend_interface fakes[DEPTHS] = {FAKE(1), FAKE(2), FAKE(3)};

struct rig {
    char *folder;
    struct work *work;
    struct class_map classes;
    struct tally tally;
    struct judge judge;
    struct backend backend;
    struct journal *journal;
    struct verify_job job;
};

static inline void rig_make(struct rig *rig, size_t depth, size_t readers, size_t placers) {
    static const char *const names[] = {"thing"};
    static const struct model model = {.stride = 32};
    static const struct backend_network network = {.model = &model, .imgsz = 64};
    static const struct image_splits splits = {.count = 1, .split = {SPLIT_VAL}, .end = {50}};
    char path[4096];
    struct packed_paths images = {0};
    uint64_t *indices;
    *rig = (struct rig){.folder = temp_folder_make(NULL)};
    char *original = realpath("tests/data/images/baseline.jpg", NULL);
    assert_non_null(original);
    for (int i = 0; i < IMAGES; i++) {
        snprintf(path, sizeof path, "%s/%03d.jpg", rig->folder, i);
        /* Every tenth is absent: an image that fails. */
        if (i % 10 != 9)
            assert_int_equal(symlink(original, path), 0);
        assert_int_equal(packed_paths_add(&images, path), STATUS_OK);
    }
    free(original);
    assert_int_equal(class_map_make(names, 1, names, 1, &rig->classes), STATUS_OK);
    assert_int_equal(tally_make(1, &rig->tally), STATUS_OK);
    assert_int_equal(pthread_mutex_init(&rig->backend.mutex, NULL), 0);
    rig->backend.depth = depth;
    rig->backend.fail_submit_at = rig->backend.fail_collect_at = rig->backend.fail_stage_at = -1;
    assert_int_equal(memory_zeroed(IMAGES, sizeof *indices, &indices), STATUS_OK);
    for (size_t i = 0; i < IMAGES; i++)
        indices[i] = 10 + 2 * i;
    assert_int_equal(work_make(&images, &indices, &rig->work), STATUS_OK);
    assert_int_equal(journal_create(rig->folder, 0, 0, streams_wanted(NULL, NULL), &rig->journal),
                     STATUS_OK);
    rig->job =
        (struct verify_job){.interface = &fakes[depth - 1],
                            .backend = &rig->backend,
                            .judge = &rig->judge,
                            .classes = &rig->classes,
                            .splits = &splits,
                            .root = rig->folder,
                            .labels = {.extent = "", .rules = {.n_classes = rig->classes.n_data}},
                            .journal = rig->journal,
                            .networks = &network,
                            .n_views = 1,
                            .imgsz = 64,
                            .readers = readers,
                            .placers = placers,
                            .slots = 11};
}

static inline void rig_free(struct rig *rig) {
    journal_close(&rig->journal);
    work_free(rig->work);
    class_map_free(&rig->classes);
    tally_free(&rig->tally);
    pthread_mutex_destroy(&rig->backend.mutex);
    temp_folder_remove(rig->folder);
}

/* Polls until the work is finished; the last progress stays in *progress. */
static inline void wait_for_end(struct verify *verify, struct verify_progress *progress) {
    uint64_t done = 0;
    do {
        progress->notes[0] = '\0';
        verify_poll(verify, progress);
        assert_true(progress->done >= done && progress->done <= progress->total);
        done = progress->done;
        pause_for(500);
    } while (!progress->finished);
}

struct reading {
    struct journal_texts texts;
    uint64_t next;
};

static inline enum status check_line(void *context, const struct journal_line *line) {
    struct reading *reading = context;
    struct text record = {0};
    char expected[160];
    uint64_t i = reading->next++;
    assert_int_equal(line->index, 10 + 2 * i);
    assert_int_equal(journal_text_read(&reading->texts, line, stream_find("records"), &record),
                     STATUS_OK);
    snprintf(expected, sizeof expected,
             "{\"image\": \"%03d.jpg\", \"label\": null, \"split\": %s, \"bucket\": %s", (int)i,
             line->index < 50 ? "\"val\"" : "null", i % 10 == 9 ? "null" : "\"correct\"");
    assert_int_equal(strncmp(record.data, expected, strlen(expected)), 0);
    text_free(&record);
    return STATUS_OK;
}

static inline void check_records_in_order(struct rig *rig) {
    struct reading reading = {.next = 0};
    const struct journal_id id = {0, 0};
    assert_int_equal(journal_close(&rig->journal), STATUS_OK);
    assert_int_equal(journal_texts_open(rig->folder, id, &reading.texts), STATUS_OK);
    assert_int_equal(journal_read(rig->folder, id, check_line, &reading), STATUS_OK);
    assert_int_equal(reading.next, IMAGES);
    journal_texts_close(&reading.texts);
}

#endif
