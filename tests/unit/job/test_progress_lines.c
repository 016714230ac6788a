/* The lines that show how far a rank is: which, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "job/progress_lines.h"
#include "unit.h"

static void collect(void *context, const char *line) {
    text_format(context, "%s\n", line);
}

/* What rank 3 says now. */
static void check(struct verify_progress *progress, struct progress_said *said,
                  const char *expected) {
    struct text lines = {0};
    text_string(&lines, "");
    progress_lines("CPU", 3, progress, said, collect, &lines);
    assert_int_equal(text_status(&lines), STATUS_OK);
    assert_string_equal(lines.data, expected);
    text_free(&lines);
}

static void test_a_run(void **state) {
    (void)state;
    struct progress_said said = {0};
    struct verify_progress progress = {.total = 400, .left = 400};
    check(&progress, &said, "[CPU 3] Processing 400 images\n");
    check(&progress, &said, "");
    progress.seconds = 2;
    progress.done = 3;
    check(&progress, &said, ""); /* less than a percent */
    progress.done = 4;
    check(&progress, &said, "[CPU 3] Progress: 4/400 (1.0%) | Speed: 2.0 img/s | ETA: 3.3 min\n");
    check(&progress, &said, "");
    progress.done = 103;
    progress.seconds = 10;
    check(&progress, &said,
          "[CPU 3] Progress: 103/400 (25.8%) | Speed: 10.3 img/s | ETA: 0.5 min\n");
    progress.done = 104;
    check(&progress, &said,
          "[CPU 3] Progress: 104/400 (26.0%) | Speed: 10.4 img/s | ETA: 0.5 min\n");
    progress.done = progress.total = 402; /* it was given two, which are not a percent */
    progress.finished = 1;
    progress.seconds = 20;
    check(&progress, &said,
          "[CPU 3] Progress: 402/402 (100.0%) | Speed: 20.1 img/s | ETA: 0.0 min\n"
          "[CPU 3] ✓ Complete! Processed 402 images\n");
    check(&progress, &said, "");
}

static void test_few_images(void **state) {
    (void)state;
    struct progress_said said = {0};
    struct verify_progress progress = {.total = 2, .done = 1, .seconds = 1};
    check(&progress, &said,
          "[CPU 3] Processing 2 images\n"
          "[CPU 3] Progress: 1/2 (50.0%) | Speed: 1.0 img/s | ETA: 0.0 min\n");
    progress.done = 2;
    progress.finished = 1;
    check(&progress, &said,
          "[CPU 3] Progress: 2/2 (100.0%) | Speed: 2.0 img/s | ETA: 0.0 min\n"
          "[CPU 3] ✓ Complete! Processed 2 images\n");
    struct progress_said none_said = {0};
    struct verify_progress none = {.finished = 1};
    check(&none, &none_said,
          "[CPU 3] Processing 0 images\n"
          "[CPU 3] ✓ Complete! Processed 0 images\n");
}

/* It gave images away: its end comes before the percent that was due. */
static void test_shrunk(void **state) {
    (void)state;
    struct progress_said said = {.started = true, .next = 105, .images = 100};
    struct verify_progress progress = {.total = 103, .done = 103, .seconds = 10};
    check(&progress, &said, "");
    progress.finished = 1;
    check(&progress, &said,
          "[CPU 3] Progress: 103/103 (100.0%) | Speed: 10.3 img/s | ETA: 0.0 min\n"
          "[CPU 3] ✓ Complete! Processed 103 images\n");
}

static void test_warnings(void **state) {
    (void)state;
    struct progress_said said = {.started = true, .next = 10};
    struct verify_progress progress = {.total = 20, .done = 1, .notes = "one\nanother 100%\n"};
    check(&progress, &said, "[CPU 3] WARNING: one\n[CPU 3] WARNING: another 100%\n");
    progress.notes[0] = '\0';
    check(&progress, &said, "");
}

/* The longest note and error are whole. */
static void test_long_lines(void **state) {
    (void)state;
    struct progress_said said = {.started = true};
    struct verify_progress progress = {.finished = 1, .status = STATUS_FAILED};
    char expected[NOTE_BYTES + ERROR_BYTES + 64] = "[CPU 3] WARNING: ";
    memset(progress.notes, 'n', NOTE_BYTES - 2);
    progress.notes[NOTE_BYTES - 2] = '\n';
    memset(progress.error, 'e', ERROR_BYTES - 1);
    strcat(strcat(strcat(strcat(expected, progress.notes), "[CPU 3] ERROR: "), progress.error),
           "\n");
    check(&progress, &said, expected);
}

static void test_stopped_early(void **state) {
    (void)state;
    struct progress_said said = {.started = true, .next = 10, .images = 9};
    struct verify_progress progress = {.total = 20, .done = 9, .finished = 1, .seconds = 1};
    check(&progress, &said, ""); /* cancelled: neither complete nor an error */
    assert_true(said.ended);
    said.ended = false;
    progress.status = STATUS_FAILED;
    strcpy(progress.error, "the disk is full");
    check(&progress, &said, "[CPU 3] ERROR: the disk is full\n");
    check(&progress, &said, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run),      cmocka_unit_test(test_few_images),
        cmocka_unit_test(test_shrunk),     cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_stopped_early),
    };
    return RUN_TESTS(tests);
}
