/* How the list of images is split: everything once, in order, whatever the rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "job/split.h"
#include "unit.h"

static void test_starts(void **state) {
    (void)state;
    const size_t totals[] = {0, 1, 5, 6, 7, 1000003};
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
        for (int size = 1; size < 9; size++) {
            size_t least = totals[i] / (size_t)size;
            assert_int_equal(split_start(totals[i], size, 0), 0);
            assert_int_equal(split_start(totals[i], size, size), totals[i]);
            for (int r = 0; r < size; r++) {
                size_t share =
                    split_start(totals[i], size, r + 1) - split_start(totals[i], size, r);
                assert_true(share == least || share == least + 1);
            }
        }
}

/* Sends a list of `count` paths of different lengths in rounds of `piece` bytes a rank. */
static void check_rounds(size_t count, int ranks, size_t piece) {
    struct path_list list = {0};
    char name[32];
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%.*s%zu", (int)(i % 11), "abcdefghijk", i);
        ASSERT_OK(path_list_add(&list, name));
    }
    char *whole = calloc(1, list.length + 1);
    assert_non_null(whole);
    size_t received = 0;
    for (int r = 0; r < ranks; r++) {
        struct byte_range share = split_bytes(&list, ranks, r);
        assert_int_equal(share.from, received);
        for (size_t round = 0; round * piece < share.length; round++) {
            struct byte_range range = split_piece(share, round, piece);
            assert_true(range.length > 0 && range.length <= piece);
            memcpy(whole + received, list.bytes + range.from, range.length);
            received += range.length;
        }
        /* A rank with less than others has nothing left in later rounds. */
        assert_int_equal(split_piece(share, share.length / piece + 7, piece).length, 0);
        if (share.length)
            assert_int_equal(whole[received - 1], '\0'); /* whole paths */
    }
    assert_int_equal(received, list.length);
    if (list.length)
        assert_memory_equal(whole, list.bytes, list.length);
    free(whole);
    path_list_free(&list);
}

static void test_rounds(void **state) {
    (void)state;
    for (int ranks = 1; ranks < 6; ranks++)
        for (size_t piece = 1; piece < 40; piece += 6) {
            check_rounds(0, ranks, piece);
            check_rounds(2, ranks, piece);
            check_rounds(37, ranks, piece);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_rounds),
    };
    return RUN_TESTS(tests);
}
