/* A test of a data set in a fresh folder. Include after cmocka.h. */
#ifndef TESTS_DATASET_CASE_H
#define TESTS_DATASET_CASE_H

#include "data/dataset.h"
#include "temp_folder.h"

static char *folder; /* of the running test */

static inline int set_up(void **state) {
    (void)state;
    char *made = temp_folder_make(NULL);
    folder = realpath(made, NULL);
    free(made);
    return folder ? 0 : -1;
}

static inline int tear_down(void **state) {
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

static inline const char *in(const char *name) {
    return below(folder, name);
}

static inline void touch(const char *name) {
    file_make(in(name), "");
}

static inline void open_data(const char *path, const char *splits, struct dataset *dataset) {
    if (dataset_open(path, splits, NULL, dataset) != STATUS_OK)
        fail_msg("%s", status_message());
}

/* The path of an image, until the next call. */
static inline const char *image_path_at(const struct dataset *dataset, size_t index) {
    static char path[4096];
    struct packed_reader reader = {.paths = &dataset->images};
    const char *found = "";
    assert_int_equal(packed_reader_get(&reader, index, &found), STATUS_OK);
    snprintf(path, sizeof path, "%s", found);
    packed_reader_free(&reader);
    return path;
}

/* `wanted` are names below the folder, with spaces between. */
static inline void assert_images(const struct dataset *dataset, const char *wanted) {
    char copy[2048], *rest = copy;
    snprintf(copy, sizeof copy, "%s", wanted);
    size_t count = 0;
    for (char *name; (name = strtok_r(rest, " ", &rest)) != NULL; count++) {
        if (count >= dataset->images.count)
            fail_msg("%s is missing", name);
        assert_string_equal(image_path_at(dataset, count), in(name));
    }
    assert_int_equal(dataset->images.count, count);
}

/* The message must be one line and hold `expected`, in which '@' stands for the folder. */
static inline void assert_text(const char *message, const char *expected) {
    char wanted[2048];
    size_t length = 0;
    for (const char *c = expected; *c; c++)
        length +=
            (size_t)(*c == '@' ? snprintf(wanted + length, sizeof wanted - length, "%s", folder)
                               : snprintf(wanted + length, sizeof wanted - length, "%c", *c));
    if (!message || !strstr(message, wanted) || strchr(message, '\n'))
        fail_msg("message '%s' lacks '%s'", message ? message : "(none)", wanted);
}

static inline void assert_bad(const char *path, const char *splits, const char *expected) {
    struct dataset dataset;
    if (dataset_open(path, splits, NULL, &dataset) != STATUS_BAD_INPUT)
        fail_msg("no error, expected '%s'", expected);
    assert_text(status_message(), expected);
    assert_null(dataset.root);
    assert_int_equal(dataset.images.count, 0);
}

#endif
