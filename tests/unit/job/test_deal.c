/* How the list of images is dealt out: everything that is left, once, in order, whatever the
 * pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "job/deal.h"
#include "job/split.h"
#include "unit.h"

static void name_of(size_t index, char name[32]) {
    snprintf(name, 32, "%.*s%zu", (int)(index % 11), "abcdefghijk", index);
}

/* Sends a rank's share in pieces of at most `most` bytes, and checks that they are, where they hold
 * more than one image. */
static void receive(struct deal *deal, size_t most, struct packed_paths *images,
                    uint64_t **indices) {
    struct text piece = {0};
    size_t capacity = 0;
    for (;;) {
        size_t before = images->count;
        text_clear(&piece);
        ASSERT_OK(deal_piece(deal, most, &piece));
        if (!piece.length)
            break;
        ASSERT_OK(deal_take(piece.data, piece.length, images, indices, &capacity));
        assert_true(images->count == before + 1 ||
                    (images->count > before && piece.length <= most));
    }
    assert_int_equal(deal->left, 0);
    text_free(&piece);
}

/* Of `count` images every `step`-th is done; 0: none is. */
static void check(size_t count, size_t step, int ranks, size_t most) {
    struct packed_paths list = {0};
    struct deal *deals = calloc((size_t)ranks, sizeof *deals);
    uint8_t *done = step ? calloc(count / 8 + 1, 1) : NULL;
    size_t left = 0, next = 0;
    char name[32];
    for (size_t i = 0; i < count; i++) {
        name_of(i, name);
        ASSERT_OK(packed_paths_add(&list, name));
        if (step && i % step == 0)
            done[i / 8] |= (uint8_t)(1 << i % 8);
        else
            left++;
    }
    deals_begin(&list, done, left, ranks, deals);
    for (int r = 0; r < ranks; r++) {
        struct packed_paths images = {0};
        struct packed_reader reader = {.paths = &images};
        uint64_t *indices = NULL;
        const char *path;
        receive(&deals[r], most, &images, &indices);
        assert_int_equal(images.count,
                         split_start(left, ranks, r + 1) - split_start(left, ranks, r));
        for (size_t i = 0; i < images.count; i++, next++) {
            next += step && next % step == 0;
            name_of(next, name);
            assert_int_equal(indices[i], next);
            ASSERT_OK(packed_reader_get(&reader, i, &path));
            assert_string_equal(path, name);
        }
        packed_reader_free(&reader);
        packed_paths_free(&images);
        free(indices);
    }
    while (step && next < count && next % step == 0)
        next++;
    assert_int_equal(next, count);
    deals_free(deals, ranks);
    packed_paths_free(&list);
    free(deals);
    free(done);
}

static void test_all_is_dealt(void **state) {
    (void)state;
    for (int ranks = 1; ranks < 6; ranks++)
        for (size_t most = 1; most < 100; most += 33) {
            check(0, 0, ranks, most);
            check(2, 0, ranks, most);
            check(37, 0, ranks, most);
            check(1000, 0, ranks, most);
        }
}

static void test_what_is_done_is_not_dealt(void **state) {
    (void)state;
    for (int ranks = 1; ranks < 6; ranks++)
        for (size_t step = 2; step < 5; step++)
            check(100, step, ranks, 70);
    check(5, 1, 2, 70);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_dealt),
        cmocka_unit_test(test_what_is_done_is_not_dealt),
    };
    return RUN_TESTS(tests);
}
