/* A rank's threads, over a backend that only pretends: order, failures, an end in every case. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "unit.h"
#include "verify_rig.h"

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
    struct packed_paths none = {0};
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
