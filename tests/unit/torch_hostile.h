/* For tests of PyTorch files that are damaged or hostile: each is refused with a reason and in no
 * time. Include after cmocka.h. */
#ifndef TESTS_TORCH_HOSTILE_H
#define TESTS_TORCH_HOSTILE_H

#include <time.h>

#include "temp_folder.h"
#include "torch_maker.h"
#include "torch_walk.h"

/* Seconds of the processor: others may be using it too. */
static inline double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Opens the file and reads all its tensors. */
static inline enum status read_all(const char *path) {
    struct torch_file *file = NULL;
    const double start = now();
    enum status status = torch_file_open(path, &file);
    assert_true((status == STATUS_OK) == (file != NULL));
    if (status == STATUS_OK)
        status = torch_walk(file).worst;
    torch_file_close(file);
    assert_true(now() - start < 1);
    return status;
}

/* Any outcome is good that is no crash, no leak (under the sanitizers), no other status. */
static inline enum status survive(const char *path, const void *bytes, size_t length) {
    file_make_bytes(path, bytes, length);
    enum status status = read_all(path);
    assert_true(status == STATUS_OK || status == STATUS_BAD_INPUT);
    return status;
}

static inline void expect_refused(const char *path, const void *bytes, size_t length,
                                  const char *part) {
    file_make_bytes(path, bytes, length);
    enum status status = read_all(path);
    if (status != STATUS_BAD_INPUT || strstr(status_message(), part) == NULL)
        fail_msg("status %d, '%s' where '%s' was expected", status,
                 status == STATUS_OK ? "" : status_message(), part);
    assert_null(strpbrk(status_message(), "\n\r\033"));
}

/* Each test's folder and file. */
struct place {
    char *folder;
    const char *path;
};

static inline int make_place(void **state) {
    struct place *place = malloc(sizeof *place);
    assert_non_null(place);
    place->folder = temp_folder_make(NULL);
    place->path = below(place->folder, "m.pt");
    *state = place;
    return 0;
}

static inline int remove_place(void **state) {
    struct place *place = *state;
    temp_folder_remove(place->folder);
    free(place);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

#endif
