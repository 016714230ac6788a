/* Items of several kinds, gathered into batches of one kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/gathering.h"
#include "unit.h"

enum { ITEMS = 600, KINDS = 9, BATCH = 8, VIEWS = 2 };

struct rig {
    struct gathering gathering;
    struct picture_view views[KINDS][VIEWS];
    struct item items[ITEMS];
    size_t kind[ITEMS], n_of[KINDS];
    bool came[ITEMS];
    size_t flights, taken, longest; /* longest: images that were taken while one waited */
};

/* Kinds differ in a network, a height or a width of one of two views; the first are frequent, the
 * last comes once. */
static void rig_make(struct rig *rig, size_t window) {
    uint32_t random = 1;
    *rig = (struct rig){.gathering = gathering_of(BATCH, window)};
    for (uint32_t k = 0; k < KINDS; k++)
        for (uint32_t v = 0; v < VIEWS; v++)
            rig->views[k][v] = (struct picture_view){
                v + (k % 3 == 0 ? 2 * k : 0),
                {.net_width = 64, .net_height = 64 + (v && k % 3 == 1 ? 32 * k : 0)}};
    for (uint32_t k = 2; k < KINDS; k += 3)
        rig->views[k][0].letterbox.net_width += 32 * k;
    for (size_t i = 0; i < ITEMS; i++) {
        random = random * 1664525u + 1013904223u;
        size_t kind = i == 100 ? KINDS - 1 : (random >> 8) % 64;
        while (i != 100 && kind >= KINDS - 1)
            kind = kind * 3 / 8;
        rig->kind[i] = kind;
        rig->n_of[kind]++;
        rig->items[i] = (struct item){.turn = i, .n_views = VIEWS, .views = rig->views[kind]};
    }
}

static void take_all(struct rig *rig, bool rest) {
    struct item *taken[BATCH];
    size_t n;
    while ((n = gathering_take(&rig->gathering, rest, taken)) > 0) {
        assert_in_range(n, 1, BATCH);
        for (size_t i = 0; i < n; i++) {
            size_t turn = taken[i]->turn, waited = rig->gathering.newest - turn;
            assert_int_equal(rig->kind[turn], rig->kind[taken[0]->turn]);
            assert_false(rig->came[turn]);
            rig->came[turn] = true;
            rig->longest = waited > rig->longest && !rest ? waited : rig->longest;
        }
        rig->flights++;
        rig->taken += n;
    }
}

/* As readers do, not quite in order. */
static void run(struct rig *rig) {
    for (size_t i = 0; i < ITEMS; i++) {
        size_t turn = i ^ 1;
        assert_int_equal(gathering_add(&rig->gathering, &rig->items[turn]), STATUS_OK);
        take_all(rig, false);
        assert_int_equal(rig->gathering.count, i + 1 - rig->taken);
    }
    take_all(rig, true);
    assert_int_equal(rig->taken, ITEMS);
    assert_int_equal(rig->gathering.count, 0);
    gathering_free(&rig->gathering);
}

static size_t least_flights(const struct rig *rig) {
    size_t n = 0;
    for (size_t k = 0; k < KINDS; k++) {
        assert_true(rig->n_of[k] > 0);
        n += (rig->n_of[k] + BATCH - 1) / BATCH;
    }
    return n;
}

static void test_as_few_as_can_be(void **state) {
    (void)state;
    struct rig rig;
    rig_make(&rig, ITEMS);
    size_t least = least_flights(&rig);
    assert_true(least > ITEMS / BATCH);
    run(&rig);
    assert_int_equal(rig.flights, least);
}

/* Whoever is rare goes along with fewer once the window has passed. */
static void test_none_waits_longer_than_the_window(void **state) {
    (void)state;
    enum { WINDOW = 64, DISORDER = 1 };
    struct rig rig;
    rig_make(&rig, WINDOW);
    run(&rig);
    assert_in_range(rig.longest, WINDOW - DISORDER, WINDOW + DISORDER);
    assert_in_range(rig.flights, least_flights(&rig),
                    least_flights(&rig) + KINDS * (ITEMS / WINDOW));
    /* Without one, nobody waits at all. */
    rig_make(&rig, 0);
    run(&rig);
    assert_in_range(rig.longest, 0, DISORDER);
    assert_int_equal(rig.flights, ITEMS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_few_as_can_be),
        cmocka_unit_test(test_none_waits_longer_than_the_window),
    };
    return RUN_TESTS(tests);
}
