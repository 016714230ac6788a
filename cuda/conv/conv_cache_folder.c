/* The folder of cache files: where it is, who writes at a time, and what of it is removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "base/text.h"
#include "cuda/conv/conv_cache.h"

/* A file's name: this, and so many digits of its device's hash. */
#define PREFIX "convolutions-"
enum { DIGITS = 16, NAME_BYTES = sizeof PREFIX - 1 + DIGITS };
/* A name that a file is written under before it is renamed, and that a process left behind. */
enum { TEMPORARY_SECONDS = 24 * 3600 };

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
    text_format(&text, PREFIX "%0*" PRIx64, DIGITS,
                fingerprint_bytes(FINGERPRINT_START, device, strlen(device)));
    TRY(text_status(&text));
    TRY(memory_string(text.data, path));
out:
    text_free(&text);
    return status;
}

void conv_cache_folders(const char *path) {
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
    conv_cache_folders(path);
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

/* A file of the folder that plans are kept in, or were. */
struct kept {
    char name[NAME_BYTES + 1];
    struct timespec written;
};

static int newer_first(const void *a, const void *b) {
    const struct timespec *x = &((const struct kept *)a)->written;
    const struct timespec *y = &((const struct kept *)b)->written;
    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? 1 : -1;
    return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

static bool is_of_cache(const char *name) {
    size_t length = strlen(PREFIX);
    return !strncmp(name, PREFIX, length) && strspn(name + length, "0123456789abcdef") == DIGITS;
}

/* Those that are whole go to the list, which has room for one more; what a process left behind is
 * removed. */
static size_t look_at(int folder, const char *name, struct kept *kept) {
    struct stat about;
    if (!is_of_cache(name) || fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) ||
        !S_ISREG(about.st_mode))
        return 0;
    const char *after = name + NAME_BYTES;
    if (*after == '.' && strcmp(after, ".lock") != 0 &&
        about.st_mtim.tv_sec < time(NULL) - TEMPORARY_SECONDS)
        (void)unlinkat(folder, name, 0);
    if (*after)
        return 0;
    memcpy(kept->name, name, NAME_BYTES + 1);
    kept->written = about.st_mtim;
    return 1;
}

static void remove_kept(int folder, const struct kept *kept) {
    char lock[NAME_BYTES + sizeof ".lock"];
    (void)snprintf(lock, sizeof lock, "%s.lock", kept->name);
    (void)unlinkat(folder, kept->name, 0);
    (void)unlinkat(folder, lock, 0);
}

void conv_cache_prune(const char *path) {
    struct kept *kept = NULL;
    size_t n = 0;
    size_t capacity = 0;
    struct text name = {0};
    text_bytes(&name, path, (size_t)(strrchr(path, '/') - path));
    DIR *folder = name.failed ? NULL : opendir(name.data);
    text_free(&name);
    if (!folder)
        return;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (memory_reserve(&kept, &capacity, n + 1, sizeof *kept) != STATUS_OK)
            break;
        n += look_at(dirfd(folder), entry->d_name, &kept[n]);
    }
    if (n)
        qsort(kept, n, sizeof *kept, newer_first);
    for (size_t i = CONV_CACHE_FILES; i < n; i++)
        remove_kept(dirfd(folder), &kept[i]);
    free(kept);
    (void)closedir(folder);
}
