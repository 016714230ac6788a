/* A file's lines: of all lengths, from any place, with and without a last newline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lines.h"
#include "temp_folder.h"
#include "unit.h"

/* Lines whose lengths are about the reader's buffer, and empty ones. */
static const size_t lengths[] = {0, 1, 65534, 65535, 65536, 65537, 3, 300000, 0, 12};
enum { LINES = sizeof lengths / sizeof *lengths };

static int make_file(const char *folder, bool last_newline) {
    FILE *file = fopen(below(folder, "lines"), "wb");
    assert_non_null(file);
    for (size_t i = 0; i < LINES; i++) {
        for (size_t k = 0; k < lengths[i]; k++)
            fputc('a' + (int)((i + k) % 26), file);
        if (i + 1 < LINES || last_newline)
            fputc('\n', file);
    }
    assert_int_equal(fclose(file), 0);
    int opened = open(below(folder, "lines"), O_RDONLY);
    assert_true(opened >= 0);
    return opened;
}

static void assert_lines(struct lines *lines, size_t first, bool last_newline) {
    const char *line;
    for (size_t i = first; i < LINES; i++) {
        bool ends = i + 1 < LINES || last_newline;
        assert_int_equal(lines_next(lines, &line), lengths[i] + ends);
        for (size_t k = 0; k < lengths[i]; k++)
            if (line[k] != 'a' + (int)((i + k) % 26))
                fail_msg("line %zu differs at %zu", i, k);
        assert_true(!ends || line[lengths[i]] == '\n');
    }
    assert_int_equal(lines_next(lines, &line), 0);
    assert_int_equal(lines_next(lines, &line), 0);
}

static void test_lines(void **state) {
    (void)state;
    char *folder = temp_folder_make(NULL);
    for (int newline = 0; newline < 2; newline++) {
        struct lines lines = {.file = make_file(folder, newline)};
        assert_lines(&lines, 0, newline);
        uint64_t offset = 0;
        for (size_t i = 0; i < LINES; i++) {
            lines_seek(&lines, offset);
            assert_lines(&lines, i, newline);
            offset += lengths[i] + 1;
        }
        lines_free(&lines);
        close(lines.file);
    }
    temp_folder_remove(folder);
}

static void test_no_file(void **state) {
    (void)state;
    const char *line;
    struct lines lines = {.file = -1};
    assert_int_equal(lines_next(&lines, &line), -1);
    lines_free(&lines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_no_file),
    };
    return RUN_TESTS(tests);
}
