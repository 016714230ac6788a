/* The cache file of convolution plans: kept whole, replaced whole, ignored when it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "cuda/conv/conv_cache.h"
#include "temp_folder.h"
#include "unit.h"

#define DEVICE "Some GPU, 9.0, 132 multiprocessors, cuDNN 91900, CUDA 13000"

static int make_folder(void **state) {
    *state = temp_folder_make(NULL);
    return 0;
}

static int remove_folder(void **state) {
    temp_folder_remove(*state);
    return 0;
}

static struct conv_cache sample(void) {
    struct conv_cache cache = {0};
    assert_int_equal(conv_cache_put(&cache, "f16 n1", "fused", "{\"engine\": 1}\n{}"), STATUS_OK);
    assert_int_equal(conv_cache_put(&cache, "f16 n2", "plain packed", ""), STATUS_OK);
    return cache;
}

/* How many there are, of a file that is whole or not. */
static size_t entries_of(const char *path, const char *device, bool whole) {
    struct conv_cache cache = {0};
    bool damaged;
    assert_int_equal(conv_cache_read(&cache, path, device, &damaged), STATUS_OK);
    assert_int_equal(damaged, !whole);
    size_t n = cache.n;
    conv_cache_free(&cache);
    return n;
}

static void write_sample(const char *path) {
    struct conv_cache cache = sample();
    assert_int_equal(conv_cache_write(&cache, path, DEVICE), STATUS_OK);
    conv_cache_free(&cache);
}

static void test_write_and_read_back(void **state) {
    const char *path = below(*state, "new/folders/cache");
    struct conv_cache cache = {0};
    bool damaged;
    assert_int_equal(entries_of(path, DEVICE, true), 0);
    write_sample(path);
    assert_int_equal(conv_cache_read(&cache, path, DEVICE, &damaged), STATUS_OK);
    assert_int_equal(cache.n, 2);
    const struct conv_cache_entry *entry = conv_cache_find(&cache, "f16 n1");
    assert_non_null(entry);
    assert_string_equal(entry->choice, "fused");
    assert_string_equal(entry->plan, "{\"engine\": 1}\n{}");
    entry = conv_cache_find(&cache, "f16 n2");
    assert_non_null(entry);
    assert_string_equal(entry->choice, "plain packed");
    assert_string_equal(entry->plan, "");
    assert_null(conv_cache_find(&cache, "f16 n"));
    assert_int_equal(conv_cache_put(&cache, "f16 n1", "plain", "other"), STATUS_OK);
    assert_int_equal(cache.n, 2);
    assert_string_equal(conv_cache_find(&cache, "f16 n1")->plan, "other");
    assert_ptr_equal(conv_cache_find(&cache, "f16 n1"), &cache.entries[1]); /* the last now */
    conv_cache_free(&cache);
    /* Nothing but the file: no temporary name is left. */
    assert_int_equal(count_below(below(*state, "new/folders"), NULL), 1);
}

/* Ignored, and then written anew as if nothing had been there. */
static void assert_ignored(const char *path) {
    assert_int_equal(entries_of(path, DEVICE, false), 0);
    write_sample(path);
    assert_int_equal(entries_of(path, DEVICE, true), 2);
}

static void test_damaged_files_are_ignored(void **state) {
    const char *path = below(*state, "cache");
    size_t length;
    write_sample(path);
    char *bytes = file_get(path, &length);
    for (size_t i = 0; i < length; i++) {
        /* After this begins the number of the format, which may be a later one. */
        const size_t name = strlen("verify convolution plans ");
        file_make_bytes(path, bytes, i);
        assert_int_equal(entries_of(path, DEVICE, i == name || i == name + 1), 0);
        bytes[i] ^= 1;
        file_make_bytes(path, bytes, length);
        assert_int_equal(entries_of(path, DEVICE, i == name || i == name + 1), 0);
        bytes[i] ^= 1;
    }
    assert_ignored(path);
    bytes[length] = '\n'; /* instead of its terminating zero: one byte too many */
    file_make_bytes(path, bytes, length + 1);
    assert_ignored(path);
    free(bytes);
}

static void test_foreign_files_are_ignored(void **state) {
    const char *path = below(*state, "cache");
    static const char zeros[4096];
    write_sample(path);
    assert_int_equal(
        entries_of(path, "Some GPU, 9.0, 132 multiprocessors, cuDNN 91901, CUDA 13000", true), 0);
    assert_int_equal(entries_of(path, "Some", true), 0);
    assert_int_equal(entries_of(path, "", true), 0);
    file_make(path, "{\"version\": 1, \"plans\": []}\n");
    assert_ignored(path);
    file_make_bytes(path, zeros, sizeof zeros);
    assert_ignored(path);
    /* Larger than any such file. */
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_ignored(path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(entries_of(path, DEVICE, true), 0); /* none that was kept */
    write_sample(path);
    assert_int_equal(entries_of(path, DEVICE, true), 2);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(entries_of(path, DEVICE, true), 0);
}

/* A file whose hash is right. */
static void make_sealed(const char *path, const char *format, const char *content, size_t length) {
    char bytes[1024];
    uint64_t hash = UINT64_C(14695981039346656037);
    size_t n = (size_t)snprintf(bytes, sizeof bytes, "%s\n%s\n", format, DEVICE);
    memcpy(bytes + n, content, length);
    n += length;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    n += (size_t)snprintf(bytes + n, sizeof bytes - n, "end %016" PRIx64 "\n", hash);
    file_make_bytes(path, bytes, n);
}

static void test_wrong_entries_are_ignored(void **state) {
    const char *path = below(*state, "cache"), *format = "verify convolution plans 1";
    static const char *const wrong[] = {
        "3 5 2\nkey\nfused\n{}",
        "3 5 3\nkey\nfused\n{}\n",
        "4 5 2\nkey\nfused\n{}\n",
        "3 5 99999999\nkey\nfused\n{}\n",
        "3 5 -1\nkey\nfused\n{}\n",
        "3 5 \nkey\nfused\n{}\n",
        "3 5 2 \nkey\nfused\n{}\n",
        "18446744073709551615 5 2\nkey\nfused\n{}\n",
        "3 5 99999999999999999999999999999\nkey\nfused\n{}\n",
        "nonsense\n",
        "3",
        "3 ",
        "\n",
    };
    make_sealed(path, format, "3 5 2\nkey\nfused\n{}\n", 19);
    assert_int_equal(entries_of(path, DEVICE, true), 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        make_sealed(path, format, wrong[i], strlen(wrong[i]));
        assert_ignored(path);
    }
    make_sealed(path, format, "3 5 2\nk\0y\nfused\n{}\n", 19);
    assert_ignored(path);
    make_sealed(path, "verify convolution plans 2", "3 5 2\nkey\nfused\n{}\n", 19);
    assert_int_equal(entries_of(path, DEVICE, true), 0); /* another version's */
    write_sample(path);
    assert_int_equal(entries_of(path, DEVICE, true), 2);
}

static void test_failing_writes_are_told(void **state) {
    struct conv_cache cache = sample();
    file_make(below(*state, "file"), "");
    const char *path = below(*state, "file/cache");
    assert_int_equal(conv_cache_write(&cache, path, DEVICE), STATUS_FAILED);
    assert_int_equal(conv_cache_lock(path), -1);
    conv_cache_unlock(-1);
    path = below(*state, "folder");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(conv_cache_write(&cache, path, DEVICE), STATUS_FAILED);
    assert_int_equal(count_below(*state, NULL), 2); /* no temporary file left */
    conv_cache_free(&cache);
}

static void test_paths(void **state) {
    (void)state;
    char *first, *second;
    assert_int_equal(setenv("XDG_CACHE_HOME", "/some/cache", 1), 0);
    assert_int_equal(conv_cache_path("a", &first), STATUS_OK);
    assert_int_equal(conv_cache_path("b", &second), STATUS_OK);
    assert_int_equal(strncmp(first, "/some/cache/verify/", 19), 0);
    assert_string_not_equal(first, second);
    free(first);
    free(second);
    assert_int_equal(setenv("XDG_CACHE_HOME", "relative", 1), 0);
    assert_int_equal(setenv("HOME", "/home/someone", 1), 0);
    assert_int_equal(conv_cache_path("a", &first), STATUS_OK);
    assert_int_equal(strncmp(first, "/home/someone/.cache/verify/", 28), 0);
    free(first);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(conv_cache_path("a", &first), STATUS_OK);
    assert_null(first);
}

/* Writes and reads in turn; the exit status says whether every read gave a whole file. */
static int churn(const char *path, int writer) {
    struct conv_cache mine = {0};
    char plan[4096];
    memset(plan, 'a' + writer, sizeof plan - 1);
    plan[sizeof plan - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        char key[32];
        snprintf(key, sizeof key, "key %d", i);
        if (conv_cache_put(&mine, key, "fused", plan) != STATUS_OK)
            return 1;
    }
    for (int i = 0; i < 100; i++) {
        struct conv_cache seen = {0};
        bool damaged;
        if (conv_cache_write(&mine, path, DEVICE) != STATUS_OK ||
            conv_cache_read(&seen, path, DEVICE, &damaged) != STATUS_OK || damaged || seen.n != 3 ||
            strcmp(seen.entries[0].plan, seen.entries[2].plan) != 0)
            return 2;
        conv_cache_free(&seen);
    }
    conv_cache_free(&mine);
    return 0;
}

static void assert_child(pid_t child) {
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

static void test_processes_write_at_once(void **state) {
    const char *path = below(*state, "cache");
    enum { WRITERS = 4 };
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(churn(path, i));
    }
    for (int i = 0; i < WRITERS; i++)
        assert_child(children[i]);
    assert_int_equal(entries_of(path, DEVICE, true), 3);
    assert_int_equal(count_below(*state, NULL), 1);
}

static void test_processes_take_turns(void **state) {
    const char *path = below(*state, "cache");
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int lock = conv_cache_lock(path);
        struct conv_cache cache = sample();
        bool sent = write(ready[1], "x", 1) == 1;
        usleep(100000);
        bool written = conv_cache_write(&cache, path, DEVICE) == STATUS_OK;
        conv_cache_free(&cache);
        conv_cache_unlock(lock);
        _exit(lock < 0 || !sent || !written);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    int lock = conv_cache_lock(path);
    assert_true(lock >= 0);
    assert_int_equal(entries_of(path, DEVICE, true), 2);
    conv_cache_unlock(lock);
    assert_child(child);
    close(ready[0]);
    close(ready[1]);
}

/* The entries that were put last are written, and none that is too large. */
static void test_too_large(void **state) {
    const char *path = below(*state, "cache");
    enum { ENTRIES = 20 };
    const size_t large = CONV_CACHE_BYTES / 16, usual = large - 1000;
    struct conv_cache cache = {0}, kept = {0};
    bool damaged;
    char *plan = malloc(large + 1);
    char key[16];
    assert_non_null(plan);
    memset(plan, 'x', large);
    plan[large] = '\0';
    for (int i = 0; i <= ENTRIES; i++) {
        snprintf(key, sizeof key, "%d", i);
        plan[usual] = i == ENTRIES ? 'x' : '\0'; /* the last one is too large */
        assert_int_equal(conv_cache_put(&cache, key, "fused", plan), STATUS_OK);
    }
    assert_int_equal(conv_cache_write(&cache, path, DEVICE), STATUS_OK);
    assert_int_equal(conv_cache_read(&kept, path, DEVICE, &damaged), STATUS_OK);
    assert_false(damaged);
    assert_int_equal(kept.n, 16);
    assert_string_equal(kept.entries[0].key, "4");
    assert_string_equal(kept.entries[kept.n - 1].key, "19");
    conv_cache_free(&cache);
    conv_cache_free(&kept);
    free(plan);
}

/* A file that was last written so many seconds ago. */
static void make_old(const char *path, int64_t seconds) {
    const struct timespec times[2] = {{.tv_sec = time(NULL) - seconds},
                                      {.tv_sec = time(NULL) - seconds}};
    file_make(path, "");
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* What was written last stays; of the folder nothing else is touched. */
static void test_old_files_are_removed(void **state) {
    enum { FILES = CONV_CACHE_FILES + 4, DAY = 24 * 3600 };
    char names[FILES][64];
    static const char *const others[] = {"note.txt", "convolutions-12", "convolutions-",
                                         "convolutions-00000000000000ff.AbCdEf"};
    const char *left_behind = "convolutions-00000000000000fe.AbCdEf";
    for (int i = 0; i < FILES; i++) {
        char lock[80];
        snprintf(names[i], sizeof names[i], "convolutions-%016x", i * 77777);
        snprintf(lock, sizeof lock, "convolutions-%016x.lock", i * 77777);
        make_old(below(*state, names[i]), (int64_t)i * 100);
        make_old(below(*state, lock), 2 * DAY);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        make_old(below(*state, others[i]), i < 3 ? 2 * DAY : 60);
    make_old(below(*state, left_behind), 2 * DAY);
    conv_cache_prune(below(*state, names[0]));
    for (int i = 0; i < FILES; i++) {
        char lock[80];
        snprintf(lock, sizeof lock, "convolutions-%016x.lock", i * 77777);
        assert_int_equal(is_there(below(*state, names[i])), i < CONV_CACHE_FILES);
        assert_int_equal(is_there(below(*state, lock)), i < CONV_CACHE_FILES);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(is_there(below(*state, others[i])));
    assert_false(is_there(below(*state, left_behind)));
    conv_cache_prune(below(*state, "nowhere/file")); /* nothing to do */
}

int main(void) {
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_write_and_read_back),
        WITH_FOLDER(test_damaged_files_are_ignored),
        WITH_FOLDER(test_foreign_files_are_ignored),
        WITH_FOLDER(test_wrong_entries_are_ignored),
        WITH_FOLDER(test_failing_writes_are_told),
        WITH_FOLDER(test_processes_write_at_once),
        WITH_FOLDER(test_too_large),
        WITH_FOLDER(test_old_files_are_removed),
        WITH_FOLDER(test_processes_take_turns),
        cmocka_unit_test(test_paths),
    };
    return RUN_TESTS(tests);
}
