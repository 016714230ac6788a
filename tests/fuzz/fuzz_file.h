/* Inputs as files in memory, for readers that take a path, and as texts. */
#ifndef TESTS_FUZZ_FILE_H
#define TESTS_FUZZ_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A target: reads one input; aborts where the reader does what it must not. */
void fuzz_one(const uint8_t *data, size_t size);

struct fuzz_file {
    int descriptor;
    char path[64];
};

/* A file of these bytes, until fuzz_file_close. */
static inline struct fuzz_file fuzz_file_open(const uint8_t *data, size_t size) {
    struct fuzz_file file = {.descriptor = memfd_create("input", MFD_CLOEXEC)};
    if (file.descriptor < 0 || write(file.descriptor, data, size) != (ssize_t)size)
        abort();
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.descriptor);
    return file;
}

static inline void fuzz_file_close(const struct fuzz_file *file) {
    close(file->descriptor);
}

/* A copy that may be changed, with a NUL behind it, as behind a file that was read; to be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    if (!text)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
