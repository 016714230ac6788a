/* Many threads and two placers, as two ranks have, at the same tree. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "place_fixture.h"
#include "unit.h"

enum { THREADS = 8, EACH = 30, PATH_SIZE = 4300 };

struct worker {
    pthread_t thread;
    struct placer *placer;
    const char *data;
    int number;
    bool same; /* all threads place the same images */
    enum status status;
};

static void worker_path(char path[PATH_SIZE], const char *data, int number, int i,
                        const char *suffix) {
    snprintf(path, PATH_SIZE, "%s/deep/er/still/%d/%d-%d%s", data, i % 5, number, i, suffix);
}

static void *worker_run(void *argument) {
    struct worker *worker = argument;
    for (int i = 0; i < EACH && worker->status == STATUS_OK; i++) {
        char image[PATH_SIZE], label[PATH_SIZE];
        int number = worker->same ? 0 : worker->number;
        worker_path(image, worker->data, number, i, ".jpg");
        worker_path(label, worker->data, number, i, ".txt");
        worker->status = placer_place(worker->placer, (enum bucket)(i % 3), image, label);
        if (worker->status == STATUS_OK)
            worker->status = placer_predicted(worker->placer, image, "p", 1);
    }
    if (worker->status != STATUS_OK)
        print_error("%s\n", status_message());
    return NULL;
}

static void place_at_once(struct fixture *f, enum place_mode mode, bool same) {
    for (int t = 0; t < (same ? 1 : THREADS); t++)
        for (int i = 0; i < EACH; i++) {
            char path[PATH_SIZE];
            worker_path(path, f->data, t, i, ".jpg");
            file_make(path, path);
            worker_path(path, f->data, t, i, ".txt");
            file_make(path, path);
        }
    /* Two placers, as two ranks have. */
    struct placer *placers[2];
    assert_ok(placer_open(f->output, f->data, mode, &placers[0]));
    assert_ok(placer_open(f->output, f->data, mode, &placers[1]));
    struct worker workers[THREADS];
    for (int t = 0; t < THREADS; t++) {
        workers[t] =
            (struct worker){.placer = placers[t % 2], .data = f->data, .number = t, .same = same};
        assert_int_equal(pthread_create(&workers[t].thread, NULL, worker_run, &workers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++)
        pthread_join(workers[t].thread, NULL);
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(workers[t].status, STATUS_OK);
    placer_close(placers[0]);
    placer_close(placers[1]);
    static const char *const buckets[] = {"correct", "mislabeled", "uncertain"};
    for (int t = 0; t < (same ? 1 : THREADS); t++)
        for (int i = 0; i < EACH; i++) {
            char path[PATH_SIZE], placed[PATH_SIZE + 64], rest[PATH_SIZE];
            worker_path(path, f->data, t, i, ".jpg");
            worker_path(rest, "", t, i, ".jpg");
            snprintf(placed, sizeof placed, "%s/JPEGImages%s", buckets[i % 3], rest);
            assert_file(below(f->output, placed), path);
            worker_path(path, f->data, t, i, ".txt");
            worker_path(rest, "", t, i, ".txt");
            snprintf(placed, sizeof placed, "%s/labels%s", buckets[i % 3], rest);
            assert_file(below(f->output, placed), path);
        }
    /* 9 + 6 x (deep/er/still + 5) folders, 1 + 8 of predicted; an image, a label, a prediction. */
    size_t images = (size_t)(same ? 1 : THREADS) * EACH;
    assert_no_leftovers(f->output, 9 + 6 * 8 + 9 + 3 * images);
}

static void test_many_threads_hard_link(void **state) {
    place_at_once(*state, PLACE_HARDLINK, false);
}

static void test_many_threads_copy(void **state) {
    place_at_once(*state, PLACE_COPY, false);
}

static void test_same_images_at_once(void **state) {
    place_at_once(*state, PLACE_COPY, true);
    place_at_once(*state, PLACE_HARDLINK, true); /* replaces the copies */
    place_at_once(*state, PLACE_SYMLINK, true);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_many_threads_hard_link),
        TEST(test_many_threads_copy),
        TEST(test_same_images_at_once),
    };
    return RUN_TESTS(tests);
}
