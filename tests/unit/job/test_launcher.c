/* Launchers of another MPI are told by what they leave in the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "job/launcher.h"
#include "unit.h"

static const char *const variables[] = {"OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE", "PMI_SIZE",
                                        "SLURM_STEP_NUM_TASKS"};
static const char library[] = "Open MPI v4.1.4, package: Debian OpenMPI";

static int clear(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    return 0;
}

static void test_alone(void **state) {
    (void)state;
    assert_int_equal(launcher_check(1, library), STATUS_OK);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        setenv(variables[i], "1", 1);
        assert_int_equal(launcher_check(1, library), STATUS_OK);
    }
}

static void test_found_each_other(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        setenv(variables[i], "4", 1);
    assert_int_equal(launcher_check(4, library), STATUS_OK);
}

static void test_another_launcher(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        clear(state);
        setenv(variables[i], "4", 1);
        assert_int_equal(launcher_check(1, library), STATUS_BAD_INPUT);
    }
    assert_string_equal(status_message(),
                        "srun started 4 processes (SLURM_STEP_NUM_TASKS), and MPI knows of this "
                        "one alone: verify was built with Open MPI v4.1.4, the launcher is another "
                        "MPI's: use srun --mpi=pmix");
    /* The innermost launcher counts. */
    setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
    assert_int_equal(launcher_check(1, library), STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_alone, clear, clear),
        cmocka_unit_test_setup_teardown(test_found_each_other, clear, clear),
        cmocka_unit_test_setup_teardown(test_another_launcher, clear, clear),
    };
    return RUN_TESTS(tests);
}
