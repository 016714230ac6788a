/* Offsets by key, with keys that several have and others that collide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "assert_ok.h"
#include "review/diff/offset_table.h"
#include "unit.h"

static size_t find(const struct offset_table *table, uint64_t key, uint64_t offset) {
    size_t slot = offset_table_find(table, key);
    while (slot != OFFSET_NONE && table->slots[slot].offset != offset)
        slot = offset_table_again(table, slot);
    return slot;
}

static void test_same_key(void **state) {
    (void)state;
    struct offset_table table = {0};
    assert_true(offset_table_find(&table, 7) == OFFSET_NONE);
    for (uint64_t offset = 10; offset < 13; offset++)
        ASSERT_OK(offset_table_add(&table, 7, offset));
    offset_table_remove(&table, find(&table, 7, 11));
    assert_true(find(&table, 7, 11) == OFFSET_NONE);
    assert_true(find(&table, 7, 10) != OFFSET_NONE && find(&table, 7, 12) != OFFSET_NONE);
    assert_int_equal(table.count, 2);
    offset_table_free(&table);
}

/* Few keys, so that runs of slots are long, wrap around and have gaps. */
static void test_as_a_plain_list(void **state) {
    (void)state;
    enum { STEPS = 20000, KEYS = 50, OFFSETS = 400 };
    static bool there[OFFSETS];
    struct offset_table table = {0};
    uint64_t seed = 1, *offsets;
    size_t count = 0, listed;
    for (int step = 0; step < STEPS; step++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t offset = (seed >> 33) % OFFSETS, key = (offset % KEYS) * 64 - offset % 3;
        size_t slot = find(&table, key, offset);
        assert_int_equal(slot != OFFSET_NONE, there[offset]);
        if (there[offset])
            offset_table_remove(&table, slot);
        else
            ASSERT_OK(offset_table_add(&table, key, offset));
        there[offset] = !there[offset];
        count += there[offset] ? 1 : -1;
        assert_int_equal(table.count, count);
    }
    ASSERT_OK(offset_table_list(&table, &offsets, &listed));
    assert_int_equal(listed, count);
    size_t at = 0;
    for (uint64_t offset = 0; offset < OFFSETS; offset++)
        if (there[offset])
            assert_int_equal(offsets[at++], offset);
    assert_int_equal(at, count);
    free(offsets);
    offset_table_free(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_key),
        cmocka_unit_test(test_as_a_plain_list),
    };
    return RUN_TESTS(tests);
}
