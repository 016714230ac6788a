/* Which engine was the fastest for a shape: entries, and their text, which is kept in a file. */
#include "cuda/conv/conv_cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fingerprint.h"
#include "base/memory.h"
#include "base/text.h"

/* The text: NAME, FORMAT, the device's line, then for each entry a line of the three lengths and
 * the three texts, each with a line end after it; at last "end" and the hash of all that is before
 * it.
 */
#define NAME   "verify convolution plans "
#define FORMAT "1\n"
enum { READ_LIMIT = 2 * CONV_CACHE_BYTES };

/* The bytes of a file; *bytes is NULL where there is none, or (*damaged) it is empty or too large.
 */
static enum status read_bytes(const char *path, char **bytes, size_t *length, bool *damaged) {
    enum status status = STATUS_OK;
    struct stat info;
    *bytes = NULL;
    *length = 0;
    int file = file_open(path, 0, &info);
    if (file < 0)
        return STATUS_OK;
    *damaged = info.st_size < 1 || info.st_size > READ_LIMIT;
    if (*damaged)
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
    while (*at < length && bytes[*at] >= '0' && bytes[*at] <= '9' && *number <= READ_LIMIT)
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

/* The entry that begins at *at; *whole: it is one. */
static enum status parse_entry(struct conv_cache *cache, char *bytes, size_t length, size_t *at,
                               bool *whole) {
    size_t sizes[3];
    char *texts[3];
    *whole = skip_number(bytes, length, at, ' ', &sizes[0]) &&
             skip_number(bytes, length, at, ' ', &sizes[1]) &&
             skip_number(bytes, length, at, '\n', &sizes[2]);
    for (size_t i = 0; i < 3 && *whole; i++)
        *whole = take_text(bytes, length, at, sizes[i], &texts[i]);
    return *whole ? conv_cache_put(cache, texts[0], texts[1], texts[2]) : STATUS_OK;
}

enum status conv_cache_parse(struct conv_cache *cache, char *bytes, size_t length,
                             const char *device, bool *damaged) {
    enum status status = STATUS_OK;
    size_t at = 0;
    size_t whole = length;
    bool known = skip_text(bytes, length, &at, NAME FORMAT);
    *damaged = known ? !check_end(bytes, &whole) : !skip_text(bytes, length, &at, NAME);
    if (!known || *damaged || !skip_text(bytes, whole, &at, device) ||
        !skip_text(bytes, whole, &at, "\n"))
        return STATUS_OK;
    while (at < whole && !*damaged) {
        bool is_entry;
        TRY(parse_entry(cache, bytes, whole, &at, &is_entry));
        *damaged = !is_entry;
    }
out:
    return status;
}

enum status conv_cache_read(struct conv_cache *cache, const char *path, const char *device,
                            bool *damaged) {
    enum status status = STATUS_OK;
    char *bytes = NULL;
    size_t length = 0;
    *damaged = false;
    TRY(read_bytes(path, &bytes, &length, damaged));
    if (bytes)
        TRY(conv_cache_parse(cache, bytes, length, device, damaged));
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
    TRY(memory_string(key, &entry.key));
    TRY(memory_string(choice, &entry.choice));
    TRY(memory_string(plan, &entry.plan));
    TRY(memory_reserve(&cache->entries, &cache->capacity, cache->n + 1, sizeof entry));
    const struct conv_cache_entry *known = conv_cache_find(cache, key);
    if (known) {
        size_t at = (size_t)(known - cache->entries);
        entry_free(&cache->entries[at]);
        memmove(&cache->entries[at], &cache->entries[at + 1],
                (--cache->n - at) * sizeof *cache->entries);
    }
    cache->entries[cache->n++] = entry;
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

static size_t entry_bytes(const struct conv_cache_entry *entry) {
    enum { AROUND = 3 * (20 + 1) + 3 }; /* lengths and line ends */
    return strlen(entry->key) + strlen(entry->choice) + strlen(entry->plan) + AROUND;
}

/* Whether one alone does not take the place of many. */
static bool is_small(const struct conv_cache_entry *entry) {
    return entry_bytes(entry) <= CONV_CACHE_BYTES / 16;
}

/* Where the entries begin that are written: the last ones, of the bytes that there may be. */
static size_t first_kept(const struct conv_cache *cache) {
    size_t first = cache->n;
    for (size_t bytes = 0; first; first--) {
        const struct conv_cache_entry *entry = &cache->entries[first - 1];
        bytes += is_small(entry) ? entry_bytes(entry) : 0;
        if (bytes > CONV_CACHE_BYTES)
            break;
    }
    return first;
}

enum status conv_cache_text(const struct conv_cache *cache, const char *device,
                            struct text *bytes) {
    const size_t start = bytes->length;
    text_string(bytes, NAME FORMAT);
    text_format(bytes, "%s\n", device);
    for (size_t i = first_kept(cache); i < cache->n; i++) {
        const struct conv_cache_entry *entry = &cache->entries[i];
        if (!is_small(entry))
            continue;
        text_format(bytes, "%zu %zu %zu\n", strlen(entry->key), strlen(entry->choice),
                    strlen(entry->plan));
        text_string(bytes, entry->key);
        text_string(bytes, "\n");
        text_string(bytes, entry->choice);
        text_string(bytes, "\n");
        text_string(bytes, entry->plan);
        text_string(bytes, "\n");
    }
    if (text_status(bytes) == STATUS_OK)
        text_format(
            bytes, "end %016" PRIx64 "\n",
            fingerprint_bytes(FINGERPRINT_START, bytes->data + start, bytes->length - start));
    return text_status(bytes);
}

enum status conv_cache_write(const struct conv_cache *cache, const char *path, const char *device) {
    enum status status;
    struct text bytes = {0};
    struct text name = {0};
    int file = -1;
    TRY(conv_cache_text(cache, device, &bytes));
    text_format(&name, "%s.XXXXXX", path);
    TRY(text_status(&name));
    conv_cache_folders(path);
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
