/* Blocks in one piece of memory: no two that are needed together overlap, and little is wasted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "base/arena.h"
#include "unit.h"

enum { ALIGNMENT = 64 };

static size_t fit(struct arena_block *blocks, size_t n) {
    size_t bytes = 1;
    assert_int_equal(arena_fit(blocks, n, ALIGNMENT, &bytes), STATUS_OK);
    return bytes;
}

static bool live_together(const struct arena_block *a, const struct arena_block *b) {
    return a->first <= b->last && b->first <= a->last;
}

static void assert_apart(const struct arena_block *blocks, size_t n, size_t bytes) {
    for (size_t i = 0; i < n; i++) {
        const struct arena_block *a = &blocks[i];
        assert_int_equal(a->offset % ALIGNMENT, 0);
        assert_true(a->offset + a->bytes <= bytes);
        for (size_t k = 0; k < i; k++) {
            const struct arena_block *b = &blocks[k];
            if (live_together(a, b))
                assert_true(a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset);
        }
    }
}

static void nothing(void **state) {
    (void)state;
    assert_int_equal(fit(NULL, 0), 0);
    struct arena_block empty = {0, 0, 9, 1};
    assert_int_equal(fit(&empty, 1), 0);
    assert_int_equal(empty.offset, 0);
}

/* Each is read by the next: two places, in turn. */
static void chain(void **state) {
    (void)state;
    struct arena_block blocks[8];
    for (size_t i = 0; i < 8; i++)
        blocks[i] = (struct arena_block){100, i, i + 1, SIZE_MAX};
    assert_int_equal(fit(blocks, 8), 2 * 128);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(blocks[i].offset, i % 2 * 128);
}

/* A step is shared where one block ends and the other begins. */
static void last_step_is_included(void **state) {
    (void)state;
    struct arena_block blocks[] = {{64, 0, 1, 0}, {64, 1, 2, 0}, {64, 2, 3, 0}};
    assert_int_equal(fit(blocks, 3), 128);
    assert_int_equal(blocks[0].offset, blocks[2].offset);
    assert_int_not_equal(blocks[0].offset, blocks[1].offset);
}

/* The small block goes under the large one that begins later, into the gap of one long gone. */
static void gap_is_used(void **state) {
    (void)state;
    struct arena_block blocks[] = {{1000, 0, 9, 0}, {640, 0, 1, 0}, {500, 2, 9, 0}, {64, 5, 6, 0}};
    size_t bytes = fit(blocks, 4);
    assert_apart(blocks, 4, bytes);
    assert_int_equal(bytes, 1024 + 640);
    assert_int_equal(blocks[2].offset, 1024);
    assert_int_equal(blocks[3].offset, 1024 + 512);
}

static void many(void **state) {
    (void)state;
    enum { N = 200 };
    struct arena_block blocks[N], again[N];
    uint32_t seed = 7;
    size_t all = 0;
    for (size_t i = 0; i < N; i++) {
        seed = seed * 1664525u + 1013904223u;
        size_t first = (seed >> 8) % 50;
        blocks[i] = (struct arena_block){(seed >> 16) % 5000, first, first + (seed >> 24) % 8, 0};
        again[i] = blocks[i];
        all += blocks[i].bytes;
    }
    size_t bytes = fit(blocks, N);
    assert_apart(blocks, N, bytes);
    assert_true(bytes < all / 2);
    assert_int_equal(fit(again, N), bytes);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(blocks[i].offset, again[i].offset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(chain),
        cmocka_unit_test(last_step_is_included),
        cmocka_unit_test(gap_is_used),
        cmocka_unit_test(many),
    };
    return RUN_TESTS(tests);
}
