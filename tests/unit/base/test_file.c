/* Reading files: what is regular, and to the end. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "unit.h"

static void opens_regular_files_alone(void **state) {
    char folder[] = "/tmp/verify_file.XXXXXX", path[64], link[64], pipe[64];
    struct stat about;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a", folder);
    snprintf(link, sizeof link, "%s/b", folder);
    snprintf(pipe, sizeof pipe, "%s/c", folder);
    errno = 0;
    assert_int_equal(file_open(path, 0, &about), -1);
    assert_int_equal(errno, ENOENT);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(file, "seven..", 7), 7);
    close(file);
    file = file_open(path, 0, &about);
    assert_true(file >= 0);
    assert_int_equal(about.st_size, 7);
    close(file);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(file_open(link, O_NOFOLLOW, &about), -1);
    assert_int_equal(errno, ELOOP);
    assert_int_equal(file_open(folder, 0, &about), FILE_NOT_REGULAR);
    assert_true(S_ISDIR(about.st_mode));
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(file_open(pipe, 0, &about), FILE_NOT_REGULAR); /* and does not wait */
    assert_true(S_ISFIFO(about.st_mode));
    assert_int_equal(unlink(pipe) | unlink(link) | unlink(path) | rmdir(folder), 0);
}

/* A pipe gives what is there: less than was asked for. */
static void reads_on_to_the_end(void **state) {
    int ends[2];
    char bytes[16] = "";
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "ab", 2), 2);
    assert_int_equal(file_read_some(ends[0], bytes, sizeof bytes), 2);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* two writes, one after the other was read */
        (void)!write(ends[1], "cd", 2);
        usleep(20000);
        (void)!write(ends[1], "ef", 2);
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(file_read(ends[0], bytes, sizeof bytes), 4);
    assert_memory_equal(bytes, "cdef", 4);
    close(ends[0]);
    assert_int_equal(file_read(-1, bytes, 1), -1);
    assert_int_equal(errno, EBADF);
}

static void reads_from_an_offset(void **state) {
    char bytes[16] = "";
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    assert_int_equal(fputs("0123456789", file), 1);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(file_read_at(fileno(file), 4, bytes, 3), 3);
    assert_memory_equal(bytes, "456", 3);
    assert_int_equal(file_read_at(fileno(file), 8, bytes, sizeof bytes), 2);
    assert_int_equal(file_read_at(fileno(file), 99, bytes, sizeof bytes), 0);
    fclose(file);
}

static void clocks_agree(void **state) {
    (void)state;
    uint64_t before = clock_ns();
    double seconds = clock_seconds();
    uint64_t after = clock_ns();
    assert_true(before <= after);
    assert_true(1e-9 * (double)before <= seconds + 1e-6);
    assert_true(seconds <= 1e-9 * (double)after + 1e-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_regular_files_alone),
        cmocka_unit_test(reads_on_to_the_end),
        cmocka_unit_test(reads_from_an_offset),
        cmocka_unit_test(clocks_agree),
    };
    return RUN_TESTS(tests);
}
