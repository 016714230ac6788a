/* The emulation of CUDA that the kernels' tests run on: what it computes, and the mistakes that it
 * finds. */
#include "emulation_kernels.h"
#include "unit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const orders[] = {"ascending", "descending", "shuffled"};
enum { ORDERS = 3 };

static void order_set(const char *name) {
    assert_int_equal(setenv("VERIFY_EMULATION_ORDER", name, 1), 0);
}

static void for_all_orders(void (*check)(void)) {
    for (size_t i = 0; i < ORDERS; i++) {
        order_set(orders[i]);
        check();
    }
}

static void check_double(void) {
    static const size_t n = 1000;
    float data[1001];
    for (size_t i = 0; i <= n; i++)
        data[i] = (float)i;
    emulated_double(data, n);
    for (size_t i = 0; i < n; i++)
        assert_true(data[i] == (float)(2 * i));
    assert_true(data[n] == (float)n);
}

static void test_double(void **state) {
    (void)state;
    for_all_orders(check_double);
}

enum { BLOCKS = 3 };

static void block_sums(int whole, int sums[BLOCKS], int expected[BLOCKS]) {
    int numbers[BLOCKS * EMULATED_THREADS];
    memset(expected, 0, BLOCKS * sizeof *expected);
    for (int i = 0; i < BLOCKS * EMULATED_THREADS; i++) {
        numbers[i] = i * i % 1009;
        expected[i / EMULATED_THREADS] += numbers[i];
    }
    emulated_block_sums(numbers, BLOCKS, whole, sums);
}

static void check_block_sums(void) {
    int sums[BLOCKS], expected[BLOCKS];
    block_sums(1, sums, expected);
    assert_memory_equal(sums, expected, sizeof sums);
}

static void test_block_sums(void **state) {
    (void)state;
    for_all_orders(check_block_sums);
}

/* Where threads in descending order happen to be right, others are not. */
static void test_missing_barrier(void **state) {
    (void)state;
    int sums[ORDERS][BLOCKS], expected[BLOCKS];
    for (size_t i = 0; i < ORDERS; i++) {
        order_set(orders[i]);
        block_sums(0, sums[i], expected);
    }
    assert_memory_not_equal(sums[0], expected, sizeof expected);
    assert_memory_equal(sums[1], expected, sizeof expected);
    assert_memory_not_equal(sums[2], expected, sizeof expected);
    assert_memory_not_equal(sums[2], sums[0], sizeof expected);
}

static void check_block_votes(void) {
    int numbers[200] = {0}, count[200], any[200], all[200];
    static const int odd[] = {0, 1, 120, 199, 200};
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
        for (int i = 0; i < 200; i++)
            numbers[i] = (i * 7) % 200 < odd[k];
        emulated_block_votes(numbers, count, any, all);
        for (int i = 0; i < 200; i++) {
            assert_int_equal(count[i], odd[k]);
            assert_int_equal(any[i], odd[k] > 0);
            assert_int_equal(all[i], odd[k] == 200);
        }
    }
}

static void test_block_votes(void **state) {
    (void)state;
    for_all_orders(check_block_votes);
}

/* Not what the block before left there; also a template's, which the compiler places elsewhere. */
static void test_shared(void **state) {
    (void)state;
    static const uint32_t fillings[] = {0xffffffff, 0x7b7b7b7b, 0xa5a5a5a5};
    uint32_t words[8];
    for (size_t i = 0; i < ORDERS; i++) {
        order_set(orders[i]);
        emulated_shared(words);
        for (size_t k = 0; k < 8; k++)
            assert_int_equal(words[k], fillings[i]);
    }
}

static void check_warp(void) {
    int numbers[EMULATED_LANES], sum = 0;
    unsigned odd = 0;
    float prefix = 0.0f;
    struct emulated_warp out;
    for (int i = 0; i < EMULATED_LANES; i++) {
        numbers[i] = i * 37 % 29;
        sum += numbers[i];
        odd |= (unsigned)(numbers[i] % 2) << i;
    }
    emulated_warp(numbers, &out);
    for (int i = 0; i < EMULATED_LANES; i++) {
        prefix += (float)numbers[i];
        assert_int_equal(out.sum[i], sum);
        assert_true(out.prefix[i] == prefix);
        assert_true(out.next[i] == (uint64_t)numbers[i < 31 ? i + 1 : 31] << 33);
        assert_int_equal(out.eighth[i], numbers[i / 8 * 8 + 5]);
        assert_int_equal(out.odd[i], odd);
        assert_int_equal(out.half[i], odd & (i < 16 ? 0xffffu : 0xffff0000u));
        assert_false(out.any_large[i]);
        assert_false(out.all_odd[i]);
    }
    for (int i = 0; i < EMULATED_LANES; i++)
        numbers[i] = i == 30 ? 1001 : 1;
    emulated_warp(numbers, &out);
    for (int i = 0; i < EMULATED_LANES; i++) {
        assert_true(out.any_large[i]);
        assert_true(out.all_odd[i]);
    }
}

static void test_warp(void **state) {
    (void)state;
    for_all_orders(check_warp);
}

static void check_short_warp(void) {
    unsigned lanes[40];
    emulated_short_warp(lanes);
    for (int i = 0; i < 40; i++)
        assert_int_equal(lanes[i], i < 32 ? 0xffffffffu : 0xffu);
}

static void test_short_warp(void **state) {
    (void)state;
    for_all_orders(check_short_warp);
}

static void check_atomics(void) {
    struct emulated_atomics out = {0};
    unsigned long long seen[2 * EMULATED_THREADS] = {0};
    emulated_atomics(&out);
    assert_int_equal(out.count, 512);
    assert_int_equal(out.sum, -2 * 255 * 128);
    assert_int_equal(out.largest, 765);
    assert_int_equal(out.smallest, -255);
    assert_int_equal(out.bits, 0xffffffffu);
    assert_true(out.wide == 512ull << 32);
    assert_true(out.real == 256.0f);
    assert_int_equal(out.exchanged, 9);
    for (size_t i = 0; i < EMULATED_THREADS; i++) {
        assert_true(out.tickets[i] < 512);
        assert_int_equal(seen[out.tickets[i]]++, 0);
    }
}

static void test_atomics(void **state) {
    (void)state;
    for_all_orders(check_atomics);
}

/* After a barrier the order begins anew; a shuffled one is another then. */
static void test_order(void **state) {
    (void)state;
    unsigned before[8], after[8], seen = 0;
    for (unsigned order = 0; order < 2; order++) {
        order_set(orders[order]);
        emulated_order(before, after);
        for (unsigned i = 0; i < 8; i++) {
            assert_int_equal(before[i], order ? 7 - i : i);
            assert_int_equal(after[i], before[i]);
        }
    }
    order_set("shuffled");
    emulated_order(before, after);
    for (unsigned i = 0; i < 8; i++)
        seen |= 1u << before[i] | 1u << (8 + after[i]);
    assert_int_equal(seen, 0xffff);
    assert_memory_not_equal(before, after, sizeof before);
    assert_int_not_equal(before[1], before[0] + 1);
}

static void check_grid(void) {
    int counts[48] = {0};
    emulated_grid(counts);
    for (size_t i = 0; i < 48; i++)
        assert_int_equal(counts[i], 1);
}

static void test_grid(void **state) {
    (void)state;
    for_all_orders(check_grid);
}

/* Sizes that a GPU refuses. */
static void test_launch(void **state) {
    (void)state;
    static const unsigned sizes[][2] = {{0, 32}, {1, 0}, {1, 1025}, {1, 1024}, {65536, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int errors[2];
        emulated_launch(sizes[i][0], sizes[i][1], errors);
        assert_int_equal(errors[0] != 0, i < 3);
        assert_int_equal(errors[1], 0);
    }
}

/* Runs a mistake in a process of its own: its last words. */
static void last_words(enum emulated_mistake mistake, char *out, size_t size) {
    int ends[2], status;
    size_t length = 0;
    ssize_t n;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        signal(SIGABRT, SIG_DFL); /* cmocka's own would go on */
        dup2(ends[1], STDERR_FILENO);
        emulated_mistake(mistake);
        _exit(0);
    }
    close(ends[1]);
    while ((n = read(ends[0], out + length, size - 1 - length)) > 0)
        length += (size_t)n;
    out[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void check_mistakes(void) {
    static const char *const words[][2] = {
        [MISTAKE_BARRIER_MISSED] = {"thread 0 waits in __syncthreads", "thread 3 waits in __sync"},
        [MISTAKE_BARRIER_ENDED] = {"thread 0 waits in __syncthreads", "thread 3 has ended"},
        [MISTAKE_BARRIERS_DIFFER] = {"thread 0 waits in __syncthreads", "thread 1 waits in __sync"},
        [MISTAKE_LANE_MISSED] = {"thread 0 waits in __syncwarp", "thread 3 has ended"},
        [MISTAKE_LANE_NOT_IN_MASK] = {"a lane is not in its own mask", ""},
        [MISTAKE_MASKS_DIFFER] = {"mask ffffffff",
                                  "thread 3 waits in __ballot_sync of mask 000000ff"},
    };
    char text[2048];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        last_words((enum emulated_mistake)i, text, sizeof text);
        if (!strstr(text, "emulation: kernel make_mistake: ") || !strstr(text, words[i][0]) ||
            !strstr(text, words[i][1]))
            fail_msg("mistake %zu: %s", i, text);
    }
}

static void test_mistakes(void **state) {
    (void)state;
    for_all_orders(check_mistakes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_double),          cmocka_unit_test(test_block_sums),
        cmocka_unit_test(test_missing_barrier), cmocka_unit_test(test_block_votes),
        cmocka_unit_test(test_shared),          cmocka_unit_test(test_warp),
        cmocka_unit_test(test_short_warp),      cmocka_unit_test(test_atomics),
        cmocka_unit_test(test_order),           cmocka_unit_test(test_grid),
        cmocka_unit_test(test_launch),          cmocka_unit_test(test_mistakes),
    };
    return RUN_TESTS(tests);
}
