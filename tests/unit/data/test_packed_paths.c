/* Many paths in little memory: what was put in comes out, in any order, sorted, each once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "base/fingerprint.h"
#include "data/packed_paths.h"
#include "unit.h"

enum { PATH_BYTES = 1024, MANY = 5000 };

/* Paths of many lengths, of which neighbours have much, little or nothing in common; one in a
 * hundred is longer than a byte can say. */
static void path_at(size_t i, char path[PATH_BYTES]) {
    uint32_t random = (uint32_t)i * 2654435761u;
    int length = snprintf(path, PATH_BYTES, i % 7 ? "/set/images/%02u/" : "/o%u", random >> 28);
    if (i % 100 == 3)
        for (int k = 0; k < 500; k++)
            path[length++] = (char)('a' + (int)(i + (size_t)k) % 26);
    snprintf(path + length, (size_t)(PATH_BYTES - length), "%x.jpg", random >> 20);
}

static struct packed_paths many(size_t count) {
    struct packed_paths paths = {0};
    char path[PATH_BYTES];
    for (size_t i = 0; i < count; i++) {
        path_at(i, path);
        ASSERT_OK(packed_paths_add(&paths, path));
    }
    assert_int_equal(paths.count, count);
    return paths;
}

static void check_at(struct packed_reader *reader, size_t index, size_t number) {
    const char *found;
    char path[PATH_BYTES];
    path_at(number, path);
    ASSERT_OK(packed_reader_get(reader, index, &found));
    assert_string_equal(found, path);
}

static void test_any_is_found(void **state) {
    (void)state;
    struct packed_paths paths = many(MANY);
    struct packed_reader reader = {.paths = &paths};
    for (size_t i = 0; i < MANY; i++)
        check_at(&reader, i, i);
    for (size_t i = MANY; i-- > 0;)
        check_at(&reader, i, i);
    for (size_t i = 0; i < MANY; i++)
        check_at(&reader, i * 1237 % MANY, i * 1237 % MANY);
    for (size_t i = 0; i < MANY; i += i % 3 ? 1 : 2 * PACKED_BLOCK)
        check_at(&reader, i, i);
    check_at(&reader, 5, 5);
    check_at(&reader, 5, 5);
    packed_reader_free(&reader);
    packed_paths_free(&paths);
}

/* Cut at any place and continued with other paths, it is a list as any. */
static void test_cut(void **state) {
    (void)state;
    for (size_t keep = 0; keep <= 2 * PACKED_BLOCK + 1; keep++) {
        struct packed_paths paths = many(100);
        struct packed_reader reader = {.paths = &paths};
        char path[PATH_BYTES];
        if (keep)
            check_at(&reader, keep - 1, keep - 1); /* goes on over what comes later */
        ASSERT_OK(packed_paths_cut(&paths, keep));
        assert_int_equal(paths.count, keep);
        packed_paths_trim(&paths);
        for (size_t i = 0; i < 50; i++) {
            path_at(300 + i, path);
            ASSERT_OK(packed_paths_add(&paths, path));
        }
        for (size_t i = keep; i < keep + 50; i++)
            check_at(&reader, i, 300 + i - keep);
        for (size_t i = 0; i < keep; i++)
            check_at(&reader, i, i);
        ASSERT_OK(packed_paths_cut(&paths, 1000));
        assert_int_equal(paths.count, keep + 50);
        packed_reader_free(&reader);
        packed_paths_free(&paths);
    }
}

static void test_join(void **state) {
    (void)state;
    struct packed_paths all = {0}, more = many(40);
    struct packed_reader reader = {.paths = &all};
    ASSERT_OK(packed_paths_join(&all, &more));
    assert_int_equal(more.count, 0);
    more = many(21);
    ASSERT_OK(packed_paths_join(&all, &more));
    assert_int_equal(more.count, 0);
    ASSERT_OK(packed_paths_join(&all, &more));
    assert_int_equal(all.count, 61);
    for (size_t i = 0; i < 61; i++)
        check_at(&reader, i, i < 40 ? i : i - 40);
    packed_reader_free(&reader);
    packed_paths_free(&all);
}

static int compare(const void *a, const void *b) {
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

static void check_sorted(size_t count) {
    struct packed_paths paths = many(count);
    struct packed_reader reader = {.paths = &paths};
    char **expected = calloc(count + 1, sizeof *expected);
    assert_non_null(expected);
    for (size_t i = 0; i < count; i++) {
        char path[PATH_BYTES];
        path_at(i, path);
        expected[i] = strdup(path);
        assert_non_null(expected[i]);
    }
    qsort(expected, count, sizeof *expected, compare);
    ASSERT_OK(packed_paths_sort(&paths));
    assert_int_equal(paths.count, count);
    for (size_t i = 0; i < count; i++) {
        const char *found;
        ASSERT_OK(packed_reader_get(&reader, i, &found));
        assert_string_equal(found, expected[i]);
        free(expected[i]);
    }
    free(expected);
    packed_reader_free(&reader);
    packed_paths_free(&paths);
}

static void test_sort(void **state) {
    (void)state;
    for (size_t count = 0; count < 40; count++)
        check_sorted(count);
    check_sorted(MANY);
}

/* Numbers of `count` places, each twice, in the order 0 1 … 0 1 …; ends in its middle and behind.
 */
static void test_unique(void **state) {
    (void)state;
    struct packed_paths paths = {0};
    struct packed_reader reader = {.paths = &paths};
    char path[64];
    const char *found;
    uint64_t ends[] = {1, 60, 120, 200, 200}, repeated = 5;
    for (size_t i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "/set/%zu.jpg", i % 100);
        ASSERT_OK(packed_paths_add(&paths, path));
    }
    ASSERT_OK(packed_paths_unique(&paths, ends, 5, &repeated));
    assert_int_equal(repeated, 105);
    assert_int_equal(paths.count, 100);
    assert_int_equal(ends[0], 1);
    assert_int_equal(ends[1], 60);
    for (size_t i = 2; i < 5; i++)
        assert_int_equal(ends[i], 100);
    for (size_t i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "/set/%zu.jpg", i);
        ASSERT_OK(packed_reader_get(&reader, i, &found));
        assert_string_equal(found, path);
    }
    /* In no order, but each once. */
    ASSERT_OK(packed_paths_unique(&paths, ends, 5, &repeated));
    assert_int_equal(repeated, 105);
    assert_int_equal(paths.count, 100);
    assert_int_equal(ends[1], 60);
    /* Sorted; neighbours are equal. */
    packed_reader_free(&reader);
    packed_paths_free(&paths);
    for (size_t i = 0; i < 50; i++)
        ASSERT_OK(packed_paths_add(&paths, i < 30 ? "/a" : "/b"));
    ASSERT_OK(packed_paths_unique(&paths, NULL, 0, &repeated));
    assert_int_equal(paths.count, 2);
    assert_int_equal(repeated, 105 + 48);
    packed_paths_free(&paths);
}

static void test_fingerprint(void **state) {
    (void)state;
    static const char plain[] = "/a/b.jpg\0/a/c.jpg\0/d";
    struct packed_paths paths = {0};
    uint64_t found;
    ASSERT_OK(packed_paths_fingerprint(&paths, &found));
    assert_int_equal(found, FINGERPRINT_START);
    ASSERT_OK(packed_paths_add(&paths, "/a/b.jpg"));
    ASSERT_OK(packed_paths_add(&paths, "/a/c.jpg"));
    ASSERT_OK(packed_paths_add(&paths, "/d"));
    ASSERT_OK(packed_paths_fingerprint(&paths, &found));
    assert_int_equal(found, fingerprint_bytes(FINGERPRINT_START, plain, sizeof plain));
    packed_paths_free(&paths);
}

/* What it is for: a hundred thousand sorted paths in less than a fifth of their text. */
static void test_memory(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    struct packed_paths paths = {0};
    char path[128];
    size_t plain = 0;
    for (size_t i = 0; i < COUNT; i++) {
        plain += 1 + (size_t)snprintf(
                         path, sizeof path,
                         "/data/projects/detection/2026/street-scenes/images/train/%04zu/%08zu.jpg",
                         i / 1000, i);
        ASSERT_OK(packed_paths_add(&paths, path));
    }
    assert_true(paths.length + (COUNT / PACKED_BLOCK + 1) * sizeof *paths.blocks < plain / 5);
    packed_paths_free(&paths);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_is_found), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_join),         cmocka_unit_test(test_sort),
        cmocka_unit_test(test_unique),       cmocka_unit_test(test_fingerprint),
        cmocka_unit_test(test_memory),
    };
    return RUN_TESTS(tests);
}
