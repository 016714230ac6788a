/* Label files without an image, counted by a thread beside the work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dataset_case.h"
#include "job/orphans.h"
#include "unit.h"

static void open_set(struct dataset *dataset) {
    touch("images/a.jpg");
    touch("labels/a.txt");
    touch("labels/b.txt");
    touch("labels/c.txt");
    open_data(folder, NULL, dataset);
}

static void test_count(void **state) {
    (void)state;
    struct dataset dataset = {0};
    struct orphans orphans = {0};
    open_set(&dataset);
    orphans_start(&dataset, &orphans);
    while (orphans_counting(&orphans))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(orphans_end(&orphans), 2);
    dataset_free(&dataset);
}

/* However early it is stopped: no more than there are, and nothing is left behind. */
static void test_stop(void **state) {
    (void)state;
    struct dataset dataset = {0};
    open_set(&dataset);
    for (int i = 0; i < 100; i++) {
        struct orphans orphans = {0};
        orphans_start(&dataset, &orphans);
        orphans_stop(&orphans);
        assert_true(orphans_end(&orphans) <= 2);
        assert_false(orphans_counting(&orphans));
    }
    dataset_free(&dataset);
}

static void test_none(void **state) {
    (void)state;
    struct orphans orphans = {0};
    assert_false(orphans_counting(&orphans));
    assert_int_equal(orphans_end(&orphans), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
        cmocka_unit_test(test_none),
    };
    return RUN_TESTS(tests);
}
