/* A rank's images: taken in order, given away from the end, added to; by several threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "job/work.h"
#include "unit.h"

static struct work *work_of(size_t images, uint64_t first) {
    struct packed_paths list = {0};
    uint64_t *indices;
    struct work *work;
    char path[32];
    assert_int_equal(memory_zeroed(images, sizeof *indices, &indices), STATUS_OK);
    for (size_t i = 0; i < images; i++) {
        snprintf(path, sizeof path, "/set/%06zu.jpg", (size_t)first + i);
        assert_int_equal(packed_paths_add(&list, path), STATUS_OK);
        indices[i] = first + i;
    }
    assert_int_equal(work_make(&list, &indices, &work), STATUS_OK);
    assert_int_equal(list.count, 0);
    assert_null(indices);
    return work;
}

static void check_next(struct work *work, size_t turn, uint64_t index) {
    size_t found_turn;
    uint64_t found;
    struct text path = {0};
    char expected[32];
    assert_true(work_take(work, &found_turn, &found, &path));
    assert_int_equal(found_turn, turn);
    assert_int_equal(found, index);
    snprintf(expected, sizeof expected, "/set/%06zu.jpg", (size_t)index);
    assert_string_equal(path.data, expected);
    text_free(&path);
}

static void check_end(struct work *work) {
    size_t turn;
    uint64_t index;
    struct text path = {0};
    assert_false(work_take(work, &turn, &index, &path));
    text_free(&path);
}

static void check_count(struct work *work, uint64_t total, uint64_t left) {
    uint64_t found_total, found_left;
    work_count(work, &found_total, &found_left);
    assert_int_equal(found_total, total);
    assert_int_equal(found_left, left);
}

static void test_give_and_add(void **state) {
    (void)state;
    struct work *a = work_of(10, 0), *b = work_of(3, 100);
    struct text parcel = {0};
    check_next(a, 0, 0);
    assert_int_equal(work_give(a, 4, &parcel), STATUS_OK);
    check_count(a, 6, 5);
    assert_int_equal(work_add(b, parcel.data, parcel.length), STATUS_OK);
    check_count(b, 7, 7);
    for (size_t i = 0; i < 3; i++)
        check_next(b, i, 100 + i);
    for (size_t i = 0; i < 4; i++)
        check_next(b, 3 + i, 6 + i);
    /* More than is left: what was taken stays. */
    assert_int_equal(work_give(a, 100, &parcel), STATUS_OK);
    check_count(a, 1, 0);
    assert_int_equal(work_add(b, parcel.data, parcel.length), STATUS_OK);
    check_next(b, 7, 1);
    /* Nothing. */
    assert_int_equal(work_give(a, 5, &parcel), STATUS_OK);
    assert_int_equal(work_add(b, parcel.data, parcel.length), STATUS_OK);
    check_count(b, 12, 4);
    work_close(a);
    check_end(a);
    text_free(&parcel);
    work_free(a);
    work_free(b);
}

static void test_cancelled(void **state) {
    (void)state;
    struct work *a = work_of(10, 0), *b = work_of(0, 0);
    struct text parcel = {0};
    work_cancel(a);
    check_end(a);
    assert_int_equal(work_give(a, 5, &parcel), STATUS_OK);
    check_count(a, 10, 10);
    assert_int_equal(work_add(b, parcel.data, parcel.length), STATUS_OK);
    check_count(b, 0, 0);
    text_free(&parcel);
    work_free(a);
    work_free(b);
    work_free(NULL);
}

static void test_damaged_parcels(void **state) {
    (void)state;
    struct work *a = work_of(10, 0), *b = work_of(1, 50);
    struct text parcel = {0};
    assert_int_equal(work_give(a, 3, &parcel), STATUS_OK);
    for (size_t length = 0; length < parcel.length; length++)
        assert_int_equal(work_add(b, parcel.data, length), STATUS_FAILED);
    assert_non_null(strstr(status_message(), "damaged"));
    for (int i = 0; i < 8; i++) {
        parcel.data[i] ^= 0x7f;
        assert_int_equal(work_add(b, parcel.data, parcel.length), STATUS_FAILED);
        parcel.data[i] ^= 0x7f;
    }
    check_count(b, 1, 1);
    assert_int_equal(work_add(b, parcel.data, parcel.length), STATUS_OK);
    check_count(b, 4, 4);
    text_free(&parcel);
    work_free(a);
    work_free(b);
}

/* No parcel is larger than a message may be. */
static void test_large_parcels(void **state) {
    (void)state;
    enum { IMAGES = 3500000 };
    struct work *a = work_of(IMAGES, 0);
    struct text parcel = {0};
    uint64_t total, left, given;
    assert_int_equal(work_give(a, IMAGES, &parcel), STATUS_OK);
    assert_true(parcel.length <= PARCEL_BYTES && parcel.length > PARCEL_BYTES - 100);
    memcpy(&given, parcel.data, sizeof given);
    work_count(a, &total, &left);
    assert_true(left > 0);
    assert_int_equal(left + given, IMAGES);
    text_free(&parcel);
    work_free(a);
}

enum { SHARED = 20000, TAKERS = 3 };

struct taker {
    pthread_t thread;
    struct work *work;
    atomic_uint *seen; /* [SHARED] */
    size_t bad;
};

static void *take_all(void *argument) {
    struct taker *taker = argument;
    struct text path = {0};
    size_t turn;
    uint64_t index;
    char expected[32];
    while (work_take(taker->work, &turn, &index, &path)) {
        snprintf(expected, sizeof expected, "/set/%06zu.jpg", (size_t)index);
        taker->bad += strcmp(path.data, expected) != 0;
        atomic_fetch_add(&taker->seen[index], 1);
    }
    text_free(&path);
    return NULL;
}

/* Parcels go back and forth while both sides take: each image is taken once. */
static void test_threads(void **state) {
    (void)state;
    static atomic_uint seen[SHARED];
    struct work *works[2] = {work_of(SHARED / 2, 0), work_of(SHARED / 2, SHARED / 2)};
    struct taker takers[2 * TAKERS];
    struct text parcel = {0};
    for (size_t i = 0; i < 2 * TAKERS; i++) {
        takers[i] = (struct taker){.work = works[i % 2], .seen = seen};
        assert_int_equal(pthread_create(&takers[i].thread, NULL, take_all, &takers[i]), 0);
    }
    for (size_t i = 0; i < 400; i++) {
        assert_int_equal(work_give(works[i % 2], 1 + i * 7 % 300, &parcel), STATUS_OK);
        assert_int_equal(work_add(works[(i + 1) % 2], parcel.data, parcel.length), STATUS_OK);
    }
    work_close(works[0]);
    work_close(works[1]);
    for (size_t i = 0; i < 2 * TAKERS; i++) {
        pthread_join(takers[i].thread, NULL);
        assert_int_equal(takers[i].bad, 0);
    }
    for (size_t i = 0; i < SHARED; i++)
        assert_int_equal(seen[i], 1);
    text_free(&parcel);
    work_free(works[0]);
    work_free(works[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_give_and_add),    cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_damaged_parcels), cmocka_unit_test(test_large_parcels),
        cmocka_unit_test(test_threads),
    };
    return RUN_TESTS(tests);
}
