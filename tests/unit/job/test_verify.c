/* A rank's threads, over a backend that only pretends: order, failures, an end in every case. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "base/memory.h"
#include "job/notes.h"
#include "job/verify.h"
#include "stream_find.h"
#include "temp_folder.h"
#include "unit.h"

enum { IMAGES = 300 };

struct backend {
    int fail_submit_at, fail_collect_at, fail_stage_at; /* calls until a failure; -1: none */
    int delay; /* microseconds at most, different from call to call */
    int submits, collects, stages;
    size_t depth, n_submitted; /* not collected, the oldest first */
    struct submission {
        struct picture *pictures;
        size_t n;
    } submitted[3]; /* judged when collected */
    pthread_mutex_t mutex;
};

static void pause_for(long microseconds) {
    struct timespec time = {.tv_nsec = microseconds * 1000};
    nanosleep(&time, NULL);
}

static enum status fake_stage(struct backend *backend, size_t slot, const struct image *image,
                              const struct picture_view *views, size_t n_views) {
    assert_int_equal(n_views, 1);
    assert_true(image->width == views[0].letterbox.image_width);
    pthread_mutex_lock(&backend->mutex);
    int call = backend->stages++;
    pthread_mutex_unlock(&backend->mutex);
    if (backend->delay)
        pause_for((long)(slot * 7919 + (size_t)call * 104729) % backend->delay);
    return call == backend->fail_stage_at ? FAIL(STATUS_FAILED, "the stage broke") : STATUS_OK;
}

static enum status fake_submit(struct backend *backend, struct picture *pictures, size_t n) {
    assert_true(backend->n_submitted < backend->depth);
    assert_in_range(n, 1, 4);
    backend->submitted[backend->n_submitted++] = (struct submission){pictures, n};
    return backend->submits++ == backend->fail_submit_at ? FAIL(STATUS_FAILED, "the device broke")
                                                         : STATUS_OK;
}

static enum status fake_judge(const struct picture *picture) {
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

static enum status fake_collect(struct backend *backend) {
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

static size_t fake_batch(const struct backend *backend) {
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

static void rig_make(struct rig *rig, size_t depth, size_t readers, size_t placers) {
    static const char *const names[] = {"thing"};
    static const struct model model = {.stride = 32};
    static const struct backend_network network = {.model = &model, .imgsz = 64};
    static const struct image_splits splits = {.count = 1, .split = {SPLIT_VAL}, .end = {50}};
    char path[4096];
    struct path_list images = {0};
    uint64_t *indices;
    *rig = (struct rig){.folder = temp_folder_make(NULL)};
    char *original = realpath("tests/data/images/baseline.jpg", NULL);
    assert_non_null(original);
    for (int i = 0; i < IMAGES; i++) {
        snprintf(path, sizeof path, "%s/%03d.jpg", rig->folder, i);
        /* Every tenth is absent: an image that fails. */
        if (i % 10 != 9)
            assert_int_equal(symlink(original, path), 0);
        assert_int_equal(path_list_add(&images, path), STATUS_OK);
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

static void rig_free(struct rig *rig) {
    journal_close(&rig->journal);
    work_free(rig->work);
    class_map_free(&rig->classes);
    tally_free(&rig->tally);
    pthread_mutex_destroy(&rig->backend.mutex);
    temp_folder_remove(rig->folder);
}

/* Polls until the work is finished; the last progress stays in *progress. */
static void wait_for_end(struct verify *verify, struct verify_progress *progress) {
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

static enum status check_line(void *context, const struct journal_line *line) {
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

static void check_records_in_order(struct rig *rig) {
    struct reading reading = {.next = 0};
    const struct journal_id id = {0, 0};
    assert_int_equal(journal_close(&rig->journal), STATUS_OK);
    assert_int_equal(journal_texts_open(rig->folder, id, &reading.texts), STATUS_OK);
    assert_int_equal(journal_read(rig->folder, id, check_line, &reading), STATUS_OK);
    assert_int_equal(reading.next, IMAGES);
    journal_texts_close(&reading.texts);
}

static void test_records_are_in_list_order(void **state) {
    (void)state;
    static const size_t threads[][2] = {{1, 1}, {3, 2}, {5, 4}};
    for (size_t i = 0; i < 3 * DEPTHS; i++) {
        struct rig rig;
        struct verify *verify;
        struct verify_progress progress = {0};
        double stages[STAGE_COUNT];
        rig_make(&rig, 1 + i / 3, threads[i % 3][0], threads[i % 3][1]);
        rig.backend.delay = 400;
        assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
        work_close(rig.work);
        wait_for_end(verify, &progress);
        assert_int_equal(progress.status, STATUS_OK);
        assert_int_equal(progress.done, IMAGES);
        assert_int_equal(verify_join(verify, stages), STATUS_OK);
        assert_int_equal(rig.tally.counts[TALLY_IMAGES + BUCKET_FAILED], IMAGES / 10);
        assert_int_equal(rig.tally.counts[TALLY_IMAGES + BUCKET_CORRECT], IMAGES - IMAGES / 10);
        assert_true(stages[STAGE_READ] > 0 && stages[STAGE_FORWARD] > 0);
        check_records_in_order(&rig);
        rig_free(&rig);
    }
}

static void test_warnings_are_capped(void **state) {
    (void)state;
    struct rig rig;
    struct verify *verify;
    struct verify_progress progress = {0};
    int lines = 0, more = 0;
    rig_make(&rig, 2, 2, 2);
    assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
    work_close(rig.work);
    do {
        progress.notes[0] = '\0';
        verify_poll(verify, &progress);
        for (char *at = progress.notes; *at; at = strchr(at, '\n') + 1) {
            lines += strstr(at, ".jpg: ") != NULL && strstr(at, ".jpg: ") < strchr(at, '\n');
            more += strncmp(at, "… and 20 more images that could not be read", 40) == 0;
        }
        pause_for(500);
    } while (!progress.finished);
    assert_int_equal(verify_join(verify, NULL), STATUS_OK);
    assert_int_equal(lines, NOTE_CAP);
    assert_int_equal(more, 1);
    rig_free(&rig);
}

static void fails_with(size_t depth, int submit_at, int collect_at, int stage_at,
                       const char *message) {
    struct rig rig;
    struct verify *verify;
    struct verify_progress progress = {0};
    rig_make(&rig, depth, 3, 2);
    rig.backend.fail_submit_at = submit_at;
    rig.backend.fail_collect_at = collect_at;
    rig.backend.fail_stage_at = stage_at;
    assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
    work_close(rig.work);
    wait_for_end(verify, &progress);
    assert_int_equal(progress.status, STATUS_FAILED);
    assert_string_equal(progress.error, message);
    assert_true(progress.done < IMAGES);
    assert_int_equal(verify_join(verify, NULL), STATUS_FAILED);
    assert_string_equal(status_message(), message);
    rig_free(&rig);
}

static void test_a_failure_ends_the_work(void **state) {
    (void)state;
    for (size_t depth = 1; depth <= DEPTHS; depth++) {
        fails_with(depth, 0, -1, -1, "the device broke");
        fails_with(depth, 20, -1, -1, "the device broke");
        fails_with(depth, -1, 0, -1, "the device broke late");
        fails_with(depth, -1, 20, -1, "the device broke late");
        fails_with(depth, -1, -1, 0, "the stage broke");
        fails_with(depth, -1, -1, 150, "the stage broke");
    }
}

/* As on a full disk: files may not grow beyond a limit. */
static void test_a_full_disk_ends_the_work(void **state) {
    (void)state;
    struct rig rig;
    struct verify *verify;
    struct verify_progress progress = {0};
    struct rlimit limit, low;
    rig_make(&rig, 2, 2, 2);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    low = (struct rlimit){20000, limit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
    work_close(rig.work);
    wait_for_end(verify, &progress);
    assert_int_equal(progress.status, STATUS_FAILED);
    assert_non_null(strstr(progress.error, "records.0.0"));
    assert_true(progress.done > 0 && progress.done < IMAGES);
    assert_int_equal(verify_join(verify, NULL), STATUS_FAILED);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    rig_free(&rig);
}

/* Readers wait for each other where the memory is that of one picture or two, and for the forwards
 * where pictures are kept until then; where it is less than that, all images fail, and the work
 * ends as ever. */
static void test_little_memory(void **state) {
    (void)state;
    static const struct { size_t bytes, failed; } cases[] = {{160000, IMAGES / 10}, {4000, IMAGES}};
    for (size_t i = 0; i < 4; i++) {
        struct rig rig;
        struct verify *verify;
        struct verify_progress progress = {0};
        rig_make(&rig, 2, 5, 2);
        rig.backend.delay = 200;
        rig.job.zoom = i >= 2;
        rig.job.image_memory = cases[i % 2].bytes;
        assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
        work_close(rig.work);
        wait_for_end(verify, &progress);
        assert_int_equal(progress.status, STATUS_OK);
        assert_int_equal(progress.done, IMAGES);
        assert_int_equal(verify_join(verify, NULL), STATUS_OK);
        assert_int_equal(rig.tally.counts[TALLY_IMAGES + BUCKET_FAILED], cases[i % 2].failed);
        rig_free(&rig);
    }
}

static void test_cancelled_work_ends(void **state) {
    (void)state;
    struct rig rig;
    struct verify *verify;
    struct verify_progress progress = {0};
    rig_make(&rig, 2, 3, 2);
    rig.backend.delay = 2000;
    assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
    verify_cancel(verify);
    wait_for_end(verify, &progress);
    assert_int_equal(progress.status, STATUS_OK);
    assert_true(progress.done < IMAGES);
    assert_int_equal(verify_join(verify, NULL), STATUS_OK);
    rig_free(&rig);
}

static void test_nothing_to_do(void **state) {
    (void)state;
    struct rig rig;
    struct verify *verify;
    struct verify_progress progress = {0};
    struct path_list none = {0};
    uint64_t *indices = NULL;
    rig_make(&rig, 2, 2, 1);
    work_free(rig.work);
    assert_int_equal(work_make(&none, &indices, &rig.work), STATUS_OK);
    assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
    verify_poll(verify, &progress);
    assert_false(progress.finished); /* some may still come */
    work_close(rig.work);
    wait_for_end(verify, &progress);
    assert_int_equal(progress.done, 0);
    assert_int_equal(progress.total, 0);
    assert_int_equal(verify_join(verify, NULL), STATUS_OK);
    rig_free(&rig);
}

/* Half of the images are given away while the work runs, and half of those come back. */
static void test_images_come_and_go(void **state) {
    (void)state;
    struct rig rig, other;
    struct verify *verify;
    struct verify_progress progress = {0};
    struct text parcel = {0};
    uint64_t total, left;
    rig_make(&rig, 2, 3, 2);
    rig_make(&other, 1, 1, 1);
    assert_int_equal(work_give(rig.work, IMAGES / 2, &parcel), STATUS_OK);
    assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
    do
        verify_poll(verify, &progress);
    while (progress.done < IMAGES / 2);
    assert_int_equal(progress.total, IMAGES / 2);
    assert_int_equal(progress.left, 0);
    assert_false(progress.finished);
    double worked = progress.seconds;
    pause_for(2000);
    verify_poll(verify, &progress);
    assert_true(progress.seconds == worked); /* nothing to do does not count */
    assert_int_equal(work_add(other.work, parcel.data, parcel.length), STATUS_OK);
    assert_int_equal(work_give(other.work, IMAGES / 4, &parcel), STATUS_OK);
    assert_int_equal(work_add(rig.work, parcel.data, parcel.length), STATUS_OK);
    work_count(other.work, &total, &left);
    assert_int_equal(total, IMAGES + IMAGES / 2 - IMAGES / 4);
    assert_int_equal(left, total);
    work_close(rig.work);
    wait_for_end(verify, &progress);
    assert_int_equal(progress.done, IMAGES / 2 + IMAGES / 4);
    assert_int_equal(progress.total, progress.done);
    assert_true(progress.seconds > worked);
    assert_int_equal(verify_join(verify, NULL), STATUS_OK);
    text_free(&parcel);
    rig_free(&rig);
    rig_free(&other);
}

static enum status never_collect(struct backend *backend) {
    pause_for(300000);
    return fake_collect(backend);
}

/* A device that hangs gets one note; a slow one is not. */
static void test_a_stall_is_noted(void **state) {
    (void)state;
    for (int slow = 0; slow < 2; slow++) {
        struct rig rig;
        struct verify *verify;
        struct verify_progress progress = {0};
        int noted = 0;
        struct backend_interface hanging = fakes[0];
        hanging.collect = never_collect;
        rig_make(&rig, 1, 1, 1);
        rig.job.interface = &hanging;
        rig.job.stall_seconds = slow ? 10 : 0.1;
        assert_int_equal(verify_start(&rig.job, rig.work, &rig.tally, &verify), STATUS_OK);
        do {
            progress.notes[0] = '\0';
            verify_poll(verify, &progress);
            noted += strstr(progress.notes, "no image finished for") != NULL;
            pause_for(10000);
        } while (progress.done < 8);
        assert_int_equal(noted, !slow);
        verify_cancel(verify);
        assert_int_equal(verify_join(verify, NULL), STATUS_OK);
        rig_free(&rig);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_are_in_list_order),
        cmocka_unit_test(test_warnings_are_capped),
        cmocka_unit_test(test_a_failure_ends_the_work),
        cmocka_unit_test(test_a_full_disk_ends_the_work),
        cmocka_unit_test(test_little_memory),
        cmocka_unit_test(test_cancelled_work_ends),
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_images_come_and_go),
        cmocka_unit_test(test_a_stall_is_noted),
    };
    return RUN_TESTS(tests);
}
