/* A data folder and an output folder for tests of placing. Include after cmocka.h. */
#ifndef TESTS_PLACE_FIXTURE_H
#define TESTS_PLACE_FIXTURE_H

#include "output/place.h"
#include "temp_folder.h"

struct fixture {
    char *folder;
    char data[4096], output[4096];
};

static inline int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = temp_folder_make(NULL);
    snprintf(f->data, sizeof f->data, "%s/data", f->folder);
    snprintf(f->output, sizeof f->output, "%s/output", f->folder);
    folder_make(f->data);
    *state = f;
    return 0;
}

static inline int tear_down(void **state) {
    struct fixture *f = *state;
    temp_folder_remove(f->folder);
    free(f);
    return 0;
}

static inline void assert_ok(enum status status) {
    if (status != STATUS_OK)
        fail_msg("%s", status_message());
}

/* Places an image with its label file, as a run does that has read it (NULL: there is none). */
static inline enum status placer_place(struct placer *placer, enum bucket bucket, const char *image,
                                       const char *label) {
    struct file_bytes read = {0};
    enum status status = label ? file_bytes_read(label, 1 << 20, &read) : STATUS_OK;
    if (status == STATUS_OK)
        status = placer_place_read(placer, bucket, image, &read);
    free(read.bytes);
    return status;
}

/* Exactly so many names, none of them hidden. */
static inline void assert_no_leftovers(const char *folder, size_t names) {
    size_t hidden;
    assert_int_equal(count_below(folder, &hidden), names);
    assert_int_equal(hidden, 0);
}

#endif
