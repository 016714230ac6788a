/* Whether what has a name in the output may go. */
#include "output/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"

enum { BLOCK_BYTES = 1 << 16 };

/* Opens what the name is if that is a regular file; -1: it is something else, or cannot be read. */
static int open_file(const struct dir_entry *at) {
    int file;
    dir_entry_file(at, O_RDONLY, 0, &file);
    return file;
}

static bool has_size(int file, uint64_t size) {
    struct stat about;
    return fstat(file, &about) == 0 && (uint64_t)about.st_size == size;
}

bool own_bytes(const struct dir_entry *at, const char *bytes, size_t length) {
    char block[BLOCK_BYTES];
    int file = open_file(at);
    bool same = file >= 0 && has_size(file, length);
    ssize_t n = 1;
    while (same && n > 0) {
        n = file_read(file, block, sizeof block);
        same = n >= 0 && (size_t)n <= length && memcmp(block, bytes, (size_t)n) == 0;
        bytes += same ? n : 0;
        length -= same ? (size_t)n : 0;
    }
    if (file >= 0)
        close(file);
    return same;
}

/* Closes both, which may be -1: no file. */
static bool have_same_bytes(int here, int there) {
    char mine[BLOCK_BYTES], theirs[BLOCK_BYTES];
    struct stat about;
    bool same = here >= 0 && there >= 0 && fstat(there, &about) == 0 &&
                has_size(here, (uint64_t)about.st_size);
    ssize_t n = 1;
    while (same && n > 0) {
        n = file_read(here, mine, sizeof mine);
        ssize_t m = n > 0 ? file_read(there, theirs, (size_t)n) : n;
        same = n >= 0 && n == m && memcmp(mine, theirs, (size_t)n) == 0;
    }
    if (here >= 0)
        close(here);
    if (there >= 0)
        close(there);
    return same;
}

static bool is_copy_of(const struct dir_entry *at, const char *path) {
    return have_same_bytes(open_file(at), open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool own_same(const struct dir_entry *at, const struct dir_entry *other) {
    return have_same_bytes(open_file(at), open_file(other));
}

/* *decided: what the name is says it already; else it is a file, of which *about tells. */
static bool is_replaceable(const struct dir_entry *at, struct stat *about, bool *decided) {
    *decided = true;
    if (fstatat(at->folder, at->name, about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    if (S_ISLNK(about->st_mode) || (S_ISREG(about->st_mode) && about->st_nlink > 1))
        return true;
    *decided = !S_ISREG(about->st_mode);
    return false;
}

static bool is_unfinished(const struct stat *about) {
    return (about->st_mode & 0777 & ~OWN_UNFINISHED) == 0;
}

static bool is_time(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool own_replaceable(const struct dir_entry *at, const char *bytes, size_t length,
                     const struct timespec *time) {
    struct stat about;
    bool decided, yes = is_replaceable(at, &about, &decided);
    if (decided)
        return yes;
    return is_unfinished(&about) || is_time(&about.st_mtim, time) || own_bytes(at, bytes, length);
}

bool own_replaceable_by(const struct dir_entry *at, const char *path) {
    struct stat about;
    bool decided, yes = is_replaceable(at, &about, &decided);
    return decided ? yes : about.st_size == 0 || is_copy_of(at, path);
}

bool own_symlink(const struct dir_entry *at, const char *path) {
    char target[PATH_MAX];
    ssize_t length = readlinkat(at->folder, at->name, target, sizeof target);
    return length >= 0 && (size_t)length == strlen(path) &&
           memcmp(target, path, (size_t)length) == 0;
}

bool own_hard_link(const struct dir_entry *at, const char *path) {
    struct stat here, original;
    return fstatat(at->folder, at->name, &here, AT_SYMLINK_NOFOLLOW) == 0 &&
           stat(path, &original) == 0 && here.st_dev == original.st_dev &&
           here.st_ino == original.st_ino;
}

bool own_link_or_copy(const struct dir_entry *at, const char *path) {
    return own_symlink(at, path) || own_hard_link(at, path) || is_copy_of(at, path);
}

enum own_state own_text(const struct dir_entry *at, const struct manifest_file *file) {
    char block[BLOCK_BYTES];
    struct stat about;
    uint64_t size = 0;
    uint32_t crc = 0;
    if (fstatat(at->folder, at->name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? OWN_GONE : OWN_CHANGED;
    if (S_ISREG(about.st_mode) && is_unfinished(&about))
        return OWN_SAME;
    int opened = open_file(at);
    if (opened < 0)
        return OWN_CHANGED;
    ssize_t n;
    while ((n = file_read(opened, block, sizeof block)) > 0 && size <= file->size) {
        crc = (uint32_t)crc32_z(crc, (const unsigned char *)block, (size_t)n);
        size += (uint64_t)n;
    }
    close(opened);
    return n == 0 && size == file->size && crc == file->crc ? OWN_SAME : OWN_CHANGED;
}

/* Whether a file has the time that it was given: some file systems keep whole seconds, or every
 * second one, or parts of a second that are coarser than others'. */
static bool is_time_of(const struct timespec *is, const struct timespec *given) {
    enum { COARSEST_SECONDS = 2, COARSE_NS = 1000000 };
    int64_t seconds = (int64_t)given->tv_sec - is->tv_sec;
    if (is->tv_nsec == 0)
        return seconds >= -COARSEST_SECONDS && seconds <= COARSEST_SECONDS;
    return seconds == 0 && is->tv_nsec <= given->tv_nsec &&
           given->tv_nsec - is->tv_nsec < COARSE_NS;
}

enum own_state own_image(const struct dir_entry *at, const struct manifest_entry *entry) {
    struct stat about;
    if (fstatat(at->folder, at->name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? OWN_GONE : OWN_CHANGED;
    if (S_ISLNK(about.st_mode) || (S_ISREG(about.st_mode) && about.st_nlink > 1))
        return OWN_SAME;
    if (!S_ISREG(about.st_mode) || (uint64_t)about.st_size != entry->image_size ||
        !is_time_of(&about.st_mtim, &entry->image_time))
        return OWN_CHANGED;
    return entry->image == MANIFEST_LINK ? OWN_LAST : OWN_SAME;
}
