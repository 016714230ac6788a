/* Which ranks were started with another program, or other flags, than rank 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "job/identity.h"
#include "unit.h"

enum { RANKS = 4 };

static void make(struct identity all[RANKS]) {
    char host[16];
    for (int r = 0; r < RANKS; r++) {
        snprintf(host, sizeof host, "node%d", r / 2);
        identity_make(host, "imgsz 640\nhalf true\n", &all[r]);
    }
}

static void check_refused(const struct identity *all, const char *const *words) {
    assert_int_equal(identities_compare(all, RANKS), STATUS_BAD_INPUT);
    for (; *words; words++)
        if (!strstr(status_message(), *words))
            fail_msg("'%s' lacks '%s'", status_message(), *words);
}

static void test_versions(void **state) {
    (void)state;
    struct identity all[RANKS];
    make(all);
    assert_int_equal(identities_compare(all, RANKS), STATUS_OK);
    assert_int_equal(identities_compare(all, 1), STATUS_OK);
    snprintf(all[3].version, sizeof all[3].version, "99.1");
    check_refused(all, (const char *[]){"rank 3 on node1 runs verify 99.1",
                                        "rank 0 on node0 runs " VERIFY_VERSION, NULL});
    memset(all[2].version, 'x', sizeof all[2].version); /* no NUL: from the network */
    memset(all[2].host, 'y', sizeof all[2].host);
    check_refused(all, (const char *[]){"rank 2 on yyy", "runs verify xxx", NULL});
    make(all);
    all[1].magic[0] = '?';
    check_refused(all, (const char *[]){"rank 1 on node0", NULL});
}

static void test_flags(void **state) {
    (void)state;
    struct identity all[RANKS];
    make(all);
    assert_true(identities_have_same_flags(all, RANKS));
    identity_make("node1", "imgsz 640\nhalf false\n", &all[3]);
    assert_false(identities_have_same_flags(all, RANKS));
    assert_true(identities_have_same_flags(all, 3));
    for (int r = 0; r < RANKS; r++)
        identity_make("node", NULL, &all[r]);
    assert_false(identities_have_same_flags(all, RANKS));
}

static void check_flags(const char *mine, const char *first, const char *expected) {
    assert_int_equal(flags_compare(mine, first), STATUS_BAD_INPUT);
    if (!strstr(status_message(), expected))
        fail_msg("'%s' lacks '%s'", status_message(), expected);
}

static void test_first_difference(void **state) {
    (void)state;
    const char *flags = "model \"a b.pt\"\nsplit null\nimgsz 640\n";
    assert_int_equal(flags_compare(flags, flags), STATUS_OK);
    check_flags("model \"a c.pt\"\nsplit null\nimgsz 96\n", flags,
                "--model is \"a c.pt\" here and \"a b.pt\" on rank 0: ");
    check_flags("model \"a b.pt\"\nsplit null\nimgsz 96\n", flags,
                "--imgsz is 96 here and 640 on rank 0");
    check_flags("model \"a b.pt\"\nsplit \"val\"\nimgsz 640\n", flags,
                "--split is \"val\" here and not given on rank 0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_first_difference),
    };
    return RUN_TESTS(tests);
}
