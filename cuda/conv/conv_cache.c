/* The file that keeps which engine was the fastest for a shape. */
#include "cuda/conv/conv_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fingerprint.h"
#include "base/memory.h"
#include "base/text.h"

/* The file: FORMAT, the device's line, then for each entry a line of the three lengths and the
 * three texts, each with a line end after it; at last "end" and the hash of all that is before it.
 */
#define FORMAT "verify convolution plans 1\n"
enum { FILE_LIMIT = 64 << 20 };

enum status conv_cache_path(const char *device, char **path) {
    enum status status = STATUS_OK;
    struct text text = {0};
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    *path = NULL;
    if (cache && *cache == '/')
        text_format(&text, "%s/verify/", cache);
    else if (home && *home == '/')
        text_format(&text, "%s/.cache/verify/", home);
    else
        goto out;
    text_format(&text, "convolutions-%016" PRIx64,
                fingerprint_bytes(FINGERPRINT_START, device, strlen(device)));
    TRY(text_status(&text));
    TRY(memory_string(text.data, path));
out:
    text_free(&text);
    return status;
}

/* Best effort: where a folder is missing afterwards, opening the file says so. */
static void make_folders(const char *path) {
    char *copy = strdup(path);
    if (!copy)
        return;
    for (char *at = strchr(copy + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(copy, 0700);
        *at = '/';
    }
    free(copy);
}

int conv_cache_lock(const char *path) {
    struct text name = {0};
    make_folders(path);
    text_format(&name, "%s.lock", path);
    int lock = name.failed ? -1 : open(name.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    text_free(&name);
    while (lock >= 0 && flock(lock, LOCK_EX)) {
        if (errno == EINTR)
            continue;
        (void)close(lock);
        lock = -1;
    }
    return lock;
}

void conv_cache_unlock(int lock) {
    if (lock >= 0)
        (void)close(lock);
}

/* The bytes of a regular file of at most FILE_LIMIT; *bytes is NULL where there is none. */
static enum status read_bytes(const char *path, char **bytes, size_t *length) {
    enum status status = STATUS_OK;
    struct stat info;
    *bytes = NULL;
    *length = 0;
    int file = file_open(path, 0, &info);
    if (file < 0)
        return STATUS_OK;
    if (info.st_size < 1 || info.st_size > FILE_LIMIT)
        goto out;
    TRY(memory_zeroed((size_t)info.st_size + 1, 1, bytes));
    ssize_t n = file_read(file, *bytes, (size_t)info.st_size);
    *length = n > 0 ? (size_t)n : 0;
out:
    (void)close(file);
    return status;
}

/* Steps over `expected` where it stands at *at. */
static bool skip_text(const char *bytes, size_t length, size_t *at, const char *expected) {
    size_t size = strlen(expected);
    if (length - *at < size || memcmp(bytes + *at, expected, size) != 0)
        return false;
    *at += size;
    return true;
}

/* A run of digits and the character after it. */
static bool skip_number(const char *bytes, size_t length, size_t *at, char after, size_t *number) {
    size_t start = *at;
    *number = 0;
    while (*at < length && bytes[*at] >= '0' && bytes[*at] <= '9' && *number <= FILE_LIMIT)
        *number = *number * 10 + (size_t)(bytes[(*at)++] - '0');
    if (*at == start || *at == length || bytes[*at] != after)
        return false;
    ++*at;
    return true;
}

/* A text of this length and its line end, which becomes its terminating zero. */
static bool take_text(char *bytes, size_t length, size_t *at, size_t size, char **text) {
    if (size >= length - *at || bytes[*at + size] != '\n' || memchr(bytes + *at, '\0', size))
        return false;
    *text = bytes + *at;
    (*text)[size] = '\0';
    *at += size + 1;
    return true;
}

/* Whether the hash at the end fits; *length becomes what is before it. */
static bool check_end(const char *bytes, size_t *length) {
    char expected[32];
    enum { END = 4 + 16 + 1 };
    if (*length < END)
        return false;
    *length -= END;
    (void)snprintf(expected, sizeof expected, "end %016" PRIx64 "\n",
                   fingerprint_bytes(FINGERPRINT_START, bytes, *length));
    return memcmp(bytes + *length, expected, END) == 0;
}

static enum status parse(struct conv_cache *cache, char *bytes, size_t length, const char *device) {
    enum status status = STATUS_OK;
    size_t at = 0;
    if (!check_end(bytes, &length) || !skip_text(bytes, length, &at, FORMAT) ||
        !skip_text(bytes, length, &at, device) || !skip_text(bytes, length, &at, "\n"))
        goto out;
    while (at < length) {
        size_t sizes[3];
        char *texts[3];
        if (!skip_number(bytes, length, &at, ' ', &sizes[0]) ||
            !skip_number(bytes, length, &at, ' ', &sizes[1]) ||
            !skip_number(bytes, length, &at, '\n', &sizes[2]))
            goto out;
        for (size_t i = 0; i < 3; i++)
            if (!take_text(bytes, length, &at, sizes[i], &texts[i]))
                goto out;
        TRY(conv_cache_put(cache, texts[0], texts[1], texts[2]));
    }
out:
    return status;
}

enum status conv_cache_read(struct conv_cache *cache, const char *path, const char *device) {
    enum status status = STATUS_OK;
    char *bytes = NULL;
    size_t length = 0;
    TRY(read_bytes(path, &bytes, &length));
    if (bytes)
        TRY(parse(cache, bytes, length, device));
out:
    free(bytes);
    return status;
}

const struct conv_cache_entry *conv_cache_find(const struct conv_cache *cache, const char *key) {
    for (size_t i = 0; i < cache->n; i++)
        if (!strcmp(cache->entries[i].key, key))
            return &cache->entries[i];
    return NULL;
}

static void entry_free(struct conv_cache_entry *entry) {
    free(entry->key);
    free(entry->choice);
    free(entry->plan);
}

enum status conv_cache_put(struct conv_cache *cache, const char *key, const char *choice,
                           const char *plan) {
    enum status status = STATUS_OK;
    struct conv_cache_entry entry = {0};
    const struct conv_cache_entry *known = conv_cache_find(cache, key);
    TRY(memory_string(key, &entry.key));
    TRY(memory_string(choice, &entry.choice));
    TRY(memory_string(plan, &entry.plan));
    if (known) {
        struct conv_cache_entry *place = &cache->entries[known - cache->entries];
        entry_free(place);
        *place = entry;
    } else {
        TRY(memory_reserve(&cache->entries, &cache->capacity, cache->n + 1, sizeof entry));
        cache->entries[cache->n++] = entry;
    }
    entry = (struct conv_cache_entry){0};
out:
    entry_free(&entry);
    return status;
}

static enum status write_all(int file, const char *path, const char *bytes, size_t length) {
    while (length) {
        ssize_t put = write(file, bytes, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return FAIL(STATUS_FAILED, "%s: %s", path, strerror(errno));
        bytes += put;
        length -= (size_t)put;
    }
    return STATUS_OK;
}

enum status conv_cache_write(const struct conv_cache *cache, const char *path, const char *device) {
    enum status status = STATUS_OK;
    struct text bytes = {0};
    struct text name = {0};
    int file = -1;
    text_string(&bytes, FORMAT);
    text_format(&bytes, "%s\n", device);
    for (size_t i = 0; i < cache->n; i++) {
        const struct conv_cache_entry *entry = &cache->entries[i];
        text_format(&bytes, "%zu %zu %zu\n", strlen(entry->key), strlen(entry->choice),
                    strlen(entry->plan));
        text_string(&bytes, entry->key);
        text_string(&bytes, "\n");
        text_string(&bytes, entry->choice);
        text_string(&bytes, "\n");
        text_string(&bytes, entry->plan);
        text_string(&bytes, "\n");
    }
    TRY(text_status(&bytes));
    text_format(&bytes, "end %016" PRIx64 "\n",
                fingerprint_bytes(FINGERPRINT_START, bytes.data, bytes.length));
    text_format(&name, "%s.XXXXXX", path);
    TRY(text_status(&bytes));
    TRY(text_status(&name));
    if (bytes.length > FILE_LIMIT) {
        status = FAIL(STATUS_FAILED, "%s: more than %d MiB of plans", path, FILE_LIMIT >> 20);
        goto out;
    }
    make_folders(path);
    file = mkstemp(name.data);
    if (file < 0) {
        status = FAIL(STATUS_FAILED, "%s: %s", path, strerror(errno));
        goto out;
    }
    status = write_all(file, path, bytes.data, bytes.length);
    if (close(file) && status == STATUS_OK)
        status = FAIL(STATUS_FAILED, "%s: %s", path, strerror(errno));
    if (status == STATUS_OK && rename(name.data, path))
        status = FAIL(STATUS_FAILED, "%s: %s", path, strerror(errno));
    if (status != STATUS_OK)
        (void)unlink(name.data);
out:
    text_free(&bytes);
    text_free(&name);
    return status;
}

void conv_cache_free(struct conv_cache *cache) {
    for (size_t i = 0; i < cache->n; i++)
        entry_free(&cache->entries[i]);
    free(cache->entries);
    *cache = (struct conv_cache){0};
}
