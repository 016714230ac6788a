/* Who gives to whom, on a simulated clock: whatever the ranks' speeds, they end together; nothing
 * is lost on the way, and little is sent. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "job/lease.h"
#include "unit.h"

enum { MOST_RANKS = 64 };
#define STEP    0.001 /* seconds */
#define REPORT  0.1   /* a rank reports so often */
#define PASSAGE 0.02  /* an order's or a parcel's way */

struct sim_rank {
    double seconds;      /* an image takes */
    double start;        /* it begins so late */
    double slower_from;  /* from then on an image takes … */
    double slower_times; /* … so many times as long; 0: never */
    uint64_t batch;      /* images that are finished together */
    uint64_t depth;      /* images that it takes ahead */
    uint64_t left, held, done, sent, received;
    double progress; /* of the batch at work, 0 to 1 */
    double reported, last_done;
};

/* What is on its way. */
struct passage {
    bool is_parcel;
    double arrives;
    size_t giver, taker;
    uint64_t count;
};

struct sim {
    size_t n;
    struct sim_rank ranks[MOST_RANKS];
    size_t n_passages;
    struct passage passages[4 * MOST_RANKS];
    size_t parcels;
    double end, idle;
};

static struct sim *sim_make(size_t n, uint64_t images, double seconds) {
    struct sim *sim = calloc(1, sizeof *sim);
    assert_non_null(sim);
    sim->n = n;
    for (size_t i = 0; i < n; i++)
        sim->ranks[i] = (struct sim_rank){.seconds = seconds,
                                          .batch = 1,
                                          .depth = 3,
                                          .left = images / n + (i < images % n),
                                          .reported = -REPORT};
    return sim;
}

static void work(struct sim_rank *rank, double now) {
    if (now < rank->start)
        return;
    while (rank->left > 0 && rank->held < rank->depth * rank->batch) {
        rank->left--;
        rank->held++;
    }
    uint64_t batch = rank->held < rank->batch ? rank->held : rank->batch;
    if (batch == 0) {
        rank->progress = 0;
        return;
    }
    double seconds = rank->seconds * (double)batch;
    if (rank->slower_times > 0 && now >= rank->slower_from)
        seconds *= rank->slower_times;
    rank->progress += STEP / seconds;
    if (rank->progress < 1)
        return;
    rank->progress = 0;
    rank->held -= batch;
    rank->done += batch;
    rank->last_done = now;
}

static void deliver(struct sim *sim, double now) {
    for (size_t i = 0; i < sim->n_passages; i++) {
        struct passage p = sim->passages[i];
        if (p.arrives > now)
            continue;
        struct sim_rank *giver = &sim->ranks[p.giver], *taker = &sim->ranks[p.taker];
        if (p.is_parcel) {
            taker->left += p.count;
            taker->received++;
            taker->reported = -REPORT;
            sim->passages[i--] = sim->passages[--sim->n_passages];
            continue;
        }
        uint64_t count = giver->left < p.count ? giver->left : p.count;
        giver->left -= count;
        giver->sent++;
        giver->reported = -REPORT;
        sim->parcels++;
        sim->passages[i] = (struct passage){true, now + PASSAGE, p.giver, p.taker, count};
    }
}

static void report(struct sim *sim, struct lease *lease, double now) {
    for (size_t i = 0; i < sim->n; i++) {
        struct sim_rank *rank = &sim->ranks[i];
        if (now - rank->reported < REPORT)
            continue;
        rank->reported = now;
        const struct lease_line line = {rank->done, rank->held, rank->left, rank->sent,
                                        rank->received};
        lease_report(lease, i, &line, now);
    }
}

static void run(struct sim *sim) {
    struct lease *lease = lease_make(sim->n);
    struct lease_order order;
    uint64_t images = 0, done = 0;
    double now = 0;
    assert_non_null(lease);
    for (size_t i = 0; i < sim->n; i++)
        images += sim->ranks[i].left;
    assert_false(lease_over(lease)); /* nobody has said a word yet */
    for (; !lease_over(lease); now += STEP) {
        assert_true(now < 5000);
        deliver(sim, now);
        for (size_t i = 0; i < sim->n; i++)
            work(&sim->ranks[i], now);
        report(sim, lease, now);
        while (lease_match(lease, now, &order)) {
            assert_true(order.giver != order.taker && order.giver < sim->n && order.taker < sim->n);
            assert_true(order.count > 0);
            for (size_t i = 0; i < sim->n_passages; i++)
                assert_true(sim->passages[i].is_parcel || sim->passages[i].giver != order.giver);
            assert_false(lease_quiet(lease));
            sim->passages[sim->n_passages++] =
                (struct passage){false, now + PASSAGE, order.giver, order.taker, order.count};
        }
    }
    assert_int_equal(sim->n_passages, 0);
    for (size_t i = 0; i < sim->n; i++)
        assert_int_equal(sim->ranks[i].left, 0);
    for (bool busy = true; busy; now += STEP) {
        busy = false;
        for (size_t i = 0; i < sim->n; i++) {
            work(&sim->ranks[i], now);
            busy = busy || sim->ranks[i].held > 0;
        }
    }
    sim->idle = sim->end = 0;
    for (size_t i = 0; i < sim->n; i++)
        sim->end = fmax(sim->end, sim->ranks[i].last_done);
    for (size_t i = 0; i < sim->n; i++) {
        done += sim->ranks[i].done;
        sim->idle += (sim->end - sim->ranks[i].last_done) / ((double)sim->n * sim->end);
    }
    assert_int_equal(done, images);
    print_message("%zu ranks: %.2f s, idle %.3f%%, %zu parcels\n", sim->n, sim->end,
                  100 * sim->idle, sim->parcels);
    lease_free(lease);
}

static void test_one_of_four_is_four_times_slower(void **state) {
    (void)state;
    struct sim *sim = sim_make(4, 8000, 0.02);
    sim->ranks[2].seconds = 0.08;
    run(sim);
    assert_true(sim->idle < 0.005);
    assert_true(sim->parcels < 60);
    free(sim);
}

static void test_one_of_eight_is_a_fifth_slower(void **state) {
    (void)state;
    struct sim *sim = sim_make(8, 40000, 0.01);
    sim->ranks[0].seconds = 0.012;
    run(sim);
    assert_true(sim->idle < 0.005);
    assert_true(sim->parcels < 100);
    free(sim);
}

static void test_batches_of_a_gpu(void **state) {
    (void)state;
    struct sim *sim = sim_make(8, 200000, 0.002);
    for (size_t i = 0; i < 8; i++)
        sim->ranks[i].batch = 32;
    sim->ranks[3].seconds = 0.0024;
    run(sim);
    assert_true(sim->idle < 0.005);
    free(sim);
}

static void test_one_starts_late(void **state) {
    (void)state;
    struct sim *sim = sim_make(4, 4000, 0.02);
    sim->ranks[1].start = 15;
    run(sim);
    assert_true(sim->idle < 0.005);
    /* After all the others had ended. */
    sim = (free(sim), sim_make(4, 4000, 0.02));
    sim->ranks[1].start = 40;
    run(sim);
    assert_true(sim->ranks[1].done <= 3);
    free(sim);
}

static void test_one_becomes_slow(void **state) {
    (void)state;
    struct sim *sim = sim_make(4, 8000, 0.02);
    sim->ranks[3].slower_from = 20;
    sim->ranks[3].slower_times = 5;
    run(sim);
    assert_true(sim->idle < 0.005);
    free(sim);
}

/* It holds what it has taken; all else goes to the others without much ado. */
static void test_one_stands_still(void **state) {
    (void)state;
    struct sim *sim = sim_make(4, 8000, 0.02);
    sim->ranks[3].slower_from = 10;
    sim->ranks[3].slower_times = 2000;
    run(sim);
    assert_in_range(sim->ranks[3].done, 490, 510);
    assert_true(sim->parcels <= 8);
    for (size_t i = 0; i < 3; i++)
        assert_true(sim->ranks[i].last_done < (8000 - 500) / 3 * 0.02 + 0.5);
    free(sim);
}

static void test_equal_ranks_leave_each_other_alone(void **state) {
    (void)state;
    struct sim *sim = sim_make(8, 40000, 0.01);
    run(sim);
    assert_true(sim->idle < 0.005);
    assert_int_equal(sim->parcels, 0);
    free(sim);
}

/* What ranks differ by in a run of seconds is not worth moving images for. */
static void test_short_runs_keep_their_shares(void **state) {
    (void)state;
    struct sim *sim = sim_make(3, 600, 0.05);
    sim->ranks[1].seconds = 0.07; /* 4 s longer */
    run(sim);
    assert_int_equal(sim->parcels, 0);
    sim = (free(sim), sim_make(3, 600, 0.05));
    sim->ranks[1].seconds = 0.08; /* 6 s longer */
    run(sim);
    assert_true(sim->parcels > 0);
    assert_true(sim->idle < 0.02);
    /* One begins when another is nearly done. */
    sim = (free(sim), sim_make(3, 128, 0.015));
    sim->ranks[0].start = 0.4;
    run(sim);
    assert_int_equal(sim->parcels, 0);
    free(sim);
    /* Nobody has finished an image when the first reports come, one after the other. */
    struct lease *lease = lease_make(3);
    struct lease_order order;
    const struct lease_line line = {.held = 3, .left = 40};
    for (size_t i = 0; i < 3; i++)
        lease_report(lease, i, &line, 0.2 + 0.1 * (double)i);
    assert_false(lease_match(lease, 0.401, &order));
    lease_free(lease);
}

static void test_few_images(void **state) {
    (void)state;
    for (uint64_t images = 0; images < 20; images++) {
        struct sim *sim = sim_make(8, images, 0.5);
        run(sim);
        assert_true(sim->end <= 0.5 * 3 + 1);
        assert_true(sim->parcels <= images);
        free(sim);
    }
}

static void test_one_rank(void **state) {
    (void)state;
    struct sim *sim = sim_make(1, 100, 0.01);
    run(sim);
    assert_int_equal(sim->parcels, 0);
    assert_int_equal(sim->ranks[0].done, 100);
    free(sim);
}

/* A resumed run may leave some ranks everything and others nothing. */
static void test_ranks_without_images(void **state) {
    (void)state;
    struct sim *sim = sim_make(6, 6000, 0.01);
    for (size_t i = 1; i < 6; i++) {
        sim->ranks[0].left += sim->ranks[i].left;
        sim->ranks[i].left = 0;
    }
    run(sim);
    assert_true(sim->end < 6000 * 0.01 / 6 + 1.5); /* they get their first one after the other */
    assert_true(sim->idle < 0.005);
    free(sim);
}

static void test_all_sorts(void **state) {
    (void)state;
    double worst = 0;
    unsigned seed = 1;
    for (size_t trial = 0; trial < 20; trial++) {
        size_t n = 2 + trial % 15;
        struct sim *sim = sim_make(n, 1500 * n, 0.02);
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            sim->ranks[i].seconds = 0.01 + 0.06 * (double)(seed >> 16) / 65536;
        }
        run(sim);
        worst = fmax(worst, sim->idle);
        free(sim);
    }
    assert_true(worst < 0.01);
}

/* While one that was to give is asleep, others give; and what it has is not forgotten. */
static void test_a_giver_that_sleeps(void **state) {
    (void)state;
    struct lease *lease = lease_make(3);
    struct lease_order order;
    struct lease_line lines[3] = {
        {.done = 10, .left = 1000}, {.done = 10, .left = 100}, {.done = 10}};
    for (size_t i = 0; i < 3; i++)
        lease_report(lease, i, &lines[i], 0);
    for (size_t i = 0; i < 3; i++) {
        lines[i].done = 20;
        lease_report(lease, i, &lines[i], 1);
    }
    assert_true(lease_match(lease, 1, &order));
    assert_int_equal(order.giver, 0);
    assert_int_equal(order.taker, 2);
    assert_false(lease_match(lease, 1.5, &order));
    assert_true(lease_match(lease, 2.5, &order));
    assert_int_equal(order.giver, 1);
    assert_int_equal(order.taker, 2);
    lines[1] = (struct lease_line){.done = 110, .sent = 1};
    lease_report(lease, 1, &lines[1], 3);
    lines[0].left = 0;
    lease_report(lease, 0, &lines[0], 3);
    lines[2].received = 1;
    lease_report(lease, 2, &lines[2], 3);
    assert_false(lease_over(lease)); /* the sleeper's parcel is still to come */
    lines[0].sent = 1;
    lines[2].received = 2;
    lease_report(lease, 0, &lines[0], 4);
    assert_false(lease_over(lease));
    lease_report(lease, 2, &lines[2], 4);
    assert_true(lease_over(lease));
    lease_free(lease);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_of_four_is_four_times_slower),
        cmocka_unit_test(test_one_of_eight_is_a_fifth_slower),
        cmocka_unit_test(test_batches_of_a_gpu),
        cmocka_unit_test(test_one_starts_late),
        cmocka_unit_test(test_one_becomes_slow),
        cmocka_unit_test(test_one_stands_still),
        cmocka_unit_test(test_equal_ranks_leave_each_other_alone),
        cmocka_unit_test(test_short_runs_keep_their_shares),
        cmocka_unit_test(test_few_images),
        cmocka_unit_test(test_one_rank),
        cmocka_unit_test(test_ranks_without_images),
        cmocka_unit_test(test_all_sorts),
        cmocka_unit_test(test_a_giver_that_sleeps),
    };
    return RUN_TESTS(tests);
}
