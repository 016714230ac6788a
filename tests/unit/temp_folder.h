/* Files for tests: a fresh folder that is removed with all below it, and small helpers around
 * files. Failures end the test. Include after cmocka.h. */
#ifndef TESTS_TEMP_FOLDER_H
#define TESTS_TEMP_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A fresh folder below `base` (NULL: TMPDIR or /tmp); temp_folder_remove frees it. */
static inline char *temp_folder_make(const char *base) {
    if (!base)
        base = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    char *path;
    assert_true(asprintf(&path, "%s/verify-test-XXXXXX", base) > 0);
    assert_non_null(mkdtemp(path));
    return path;
}

static inline int remove_one(const char *path, const struct stat *about, int type,
                             struct FTW *ftw) {
    (void)about, (void)type, (void)ftw;
    return remove(path);
}

/* Names that `below` made for the test, freed with its folder. */
struct temp_path {
    struct temp_path *next;
    char path[];
};
static struct temp_path *temp_paths;

static inline void temp_folder_remove(char *path) {
    assert_int_equal(nftw(path, remove_one, 64, FTW_DEPTH | FTW_PHYS), 0);
    free(path);
    while (temp_paths) {
        struct temp_path *next = temp_paths->next;
        free(temp_paths);
        temp_paths = next;
    }
}

/* folder/name; not to be freed. For the test's main thread. */
static inline const char *below(const char *folder, const char *name) {
    size_t size = strlen(folder) + strlen(name) + 2;
    struct temp_path *made = malloc(sizeof *made + size);
    assert_non_null(made);
    snprintf(made->path, size, "%s/%s", folder, name);
    made->next = temp_paths;
    temp_paths = made;
    return made->path;
}

static inline void folder_make(const char *path) {
    char copy[8192];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0777);
        *slash = '/';
    }
    mkdir(copy, 0777);
    struct stat about;
    assert_int_equal(stat(copy, &about), 0);
    assert_true(S_ISDIR(about.st_mode));
}

static inline void file_make_bytes(const char *path, const void *bytes, size_t length) {
    char folder[8192];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    folder_make(folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void file_make(const char *path, const char *content) {
    file_make_bytes(path, content, strlen(content));
}

/* NUL-terminated; the caller frees it. */
static inline char *file_get(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t capacity = 1 << 16, n = 0, got;
    char *bytes = malloc(capacity);
    assert_non_null(bytes);
    while ((got = fread(bytes + n, 1, capacity - n - 1, file)) > 0) {
        n += got;
        if (capacity - n < 2)
            assert_non_null(bytes = realloc(bytes, capacity *= 2));
    }
    fclose(file);
    bytes[n] = '\0';
    if (length)
        *length = n;
    return bytes;
}

static inline void assert_file(const char *path, const char *content) {
    char *bytes = file_get(path, NULL);
    assert_string_equal(bytes, content);
    free(bytes);
}

static inline bool is_there(const char *path) {
    struct stat about;
    return lstat(path, &about) == 0;
}

/* How many names nftw finds below a folder, itself not counted; and how many begin with '.'. */
static size_t counted_all, counted_hidden;

static inline int count_one(const char *path, const struct stat *about, int type, struct FTW *ftw) {
    (void)about, (void)type;
    counted_all += ftw->level > 0;
    counted_hidden += ftw->level > 0 && path[ftw->base] == '.';
    return 0;
}

static inline size_t count_below(const char *path, size_t *hidden) {
    counted_all = counted_hidden = 0;
    assert_int_equal(nftw(path, count_one, 64, FTW_PHYS), 0);
    if (hidden)
        *hidden = counted_hidden;
    return counted_all;
}

#endif
