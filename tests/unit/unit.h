/* What every unit test program ends and skips with, and where it finds models and pictures that are
 * not the project's. After cmocka.h. */
#ifndef VERIFY_TEST_UNIT_H
#define VERIFY_TEST_UNIT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEST_SKIPPED = 77 }; /* the exit status that ctest takes for it */

static int unit_skipped; /* cases; of one program, which runs them one after the other */

/* Ends a case that cannot be run here, with the reason as of printf. */
#define SKIP(...)                                                                                  \
    do {                                                                                           \
        print_message("skipped: " __VA_ARGS__);                                                    \
        print_message("\n");                                                                       \
        unit_skipped++;                                                                            \
        skip();                                                                                    \
    } while (0)

/* main's value: 0, TEST_SKIPPED where all passed but those that were skipped, EXIT_FAILURE: any
 * number of failures, which could be TEST_SKIPPED or a multiple of 256. */
#define RUN_TESTS(tests) unit_status(cmocka_run_group_tests(tests, NULL, NULL))

static inline int unit_status(int failed) {
    return failed != 0 ? EXIT_FAILURE : unit_skipped != 0 ? TEST_SKIPPED : 0;
}

/* A file below the folder of fixtures, which the environment variable VERIFY_FIXTURES names:
 * whether it is there. `path` has FIXTURE_PATH bytes. */
enum { FIXTURE_PATH = 4096 };
static inline bool fixture_find(const char *name, char *path) {
    const char *base = getenv("VERIFY_FIXTURES");
    int length = snprintf(path, FIXTURE_PATH, "%s/%s", base ? base : "", name);
    return base != NULL && length > 0 && length < FIXTURE_PATH && access(path, R_OK) == 0;
}

/* The same for a case that is nothing without it. */
#define FIXTURE(name, path)                                                                        \
    do {                                                                                           \
        if (!fixture_find(name, path))                                                             \
            SKIP("%s is not below the folder that VERIFY_FIXTURES names", name);                   \
    } while (0)

#endif
