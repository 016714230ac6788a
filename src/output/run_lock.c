#include "output/run_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/place.h"
#include "output/storage.h"

enum { OWNER_BYTES = 400, ATTEMPTS = 100 };

struct run_lock {
    int file;
    char folder[PATH_MAX], path[PATH_MAX];
    char owner[OWNER_BYTES]; /* what the file says: host, process, since when */
};

/* ---------------------------------------------------------------- whose it is */

static void owner_make(char owner[OWNER_BYTES]) {
    char host[256] = "an unnamed machine", since[64] = "";
    struct tm tm;
    time_t now = time(NULL);
    gethostname(host, sizeof host - 1);
    if (gmtime_r(&now, &tm))
        strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(owner, OWNER_BYTES, "verify on %s, process %ld, since %s\n", host, (long)getpid(),
             since);
}

static bool owner_read(const char *path, char owner[OWNER_BYTES]) {
    owner[0] = '\0';
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t n;
    do
        n = read(file, owner, OWNER_BYTES - 1);
    while (n < 0 && errno == EINTR);
    close(file);
    owner[n > 0 ? n : 0] = '\0';
    return n >= 0;
}

static enum status owner_write(const struct run_lock *lock) {
    struct spot spot = {AT_FDCWD, NULL, lock->path};
    int error = ftruncate(lock->file, 0) == 0 ? 0 : errno;
    if (error == 0 && lseek(lock->file, 0, SEEK_SET) != 0)
        error = errno;
    if (error == 0)
        error = write_all(lock->file, lock->owner, strlen(lock->owner));
    return error == 0 ? STATUS_OK : storage_failed(error, &spot, "cannot write");
}

/* ---------------------------------------------------------------- how old it is */

/* Seconds since the last beat by the file system's own clock, which may differ from ours: a file
 * made now tells. */
static enum status age_of(const struct run_lock *lock, double *age) {
    struct spot spot = {AT_FDCWD, NULL, lock->path};
    struct draft draft;
    struct stat beat = {0}, now = {0};
    enum status status = draft_open(&spot, 0600, &draft);
    if (status != STATUS_OK)
        return status;
    if (fstat(lock->file, &beat) != 0 || fstat(draft.file, &now) != 0)
        status = storage_failed(errno, &spot, "cannot look at");
    draft_drop(&draft);
    if (status == STATUS_OK)
        *age = difftime(now.st_mtim.tv_sec, beat.st_mtim.tv_sec);
    return status;
}

/* `age` below 0: the holder lives, as the system knows. */
static enum status refuse(const struct run_lock *lock, double age) {
    char owner[OWNER_BYTES];
    owner_read(lock->path, owner);
    owner[strcspn(owner, "\n")] = '\0';
    const char *who = owner[0] ? owner : "another verify";
    if (age < 0)
        return FAIL(STATUS_BAD_INPUT,
                    "the output is in use by %s: wait for it, or choose another --output (if its "
                    "machine is down, remove %.1000s)",
                    who, lock->path);
    return FAIL(STATUS_BAD_INPUT,
                "the output is in use by %s: wait for it, or choose another --output (if it has "
                "ended, try again in %d s)",
                who, RUN_LOCK_STALE_SECONDS - (int)age);
}

/* ---------------------------------------------------------------- taking */

static bool knows_no_locks(int error) {
    return error == ENOLCK || error == EOPNOTSUPP || error == ENOSYS;
}

/* Whether the path still names the file that is open. */
static bool is_same(const struct run_lock *lock) {
    struct stat open_one, named;
    return fstat(lock->file, &open_one) == 0 && lstat(lock->path, &named) == 0 &&
           open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

static enum status take_by_age(const struct run_lock *lock, bool made) {
    double age = RUN_LOCK_STALE_SECONDS;
    enum status status = made ? STATUS_OK : age_of(lock, &age);
    return status == STATUS_OK && age < RUN_LOCK_STALE_SECONDS ? refuse(lock, age) : status;
}

/* *again: its holder removed the file just now. */
static enum status try_once(struct run_lock *lock, bool *again) {
    struct spot spot = {AT_FDCWD, NULL, lock->path};
    const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *again = false;
    lock->file = open(lock->path, flags | O_CREAT | O_EXCL, 0666);
    bool made = lock->file >= 0;
    if (!made && errno == EEXIST)
        lock->file = open(lock->path, flags);
    if (lock->file < 0) {
        *again = errno == ENOENT;
        return *again ? STATUS_OK : storage_failed(errno, &spot, "cannot lock");
    }
    if (fcntl(lock->file, F_OFD_SETLK, &whole) == 0) {
        *again = !is_same(lock);
        return STATUS_OK;
    }
    if (errno == EAGAIN || errno == EACCES)
        return refuse(lock, -1);
    return knows_no_locks(errno) ? take_by_age(lock, made)
                                 : storage_failed(errno, &spot, "cannot lock");
}

static enum status take(struct run_lock *lock) {
    enum status status;
    bool again = true;
    for (int attempt = 0; attempt < ATTEMPTS && again; attempt++) {
        if (lock->file >= 0)
            close(lock->file);
        lock->file = -1;
        TRY(make_folders(lock->folder));
        TRY(try_once(lock, &again));
    }
    if (again)
        return FAIL(STATUS_FAILED, "cannot lock %.1000s: others take it again and again",
                    lock->path);
    TRY(owner_write(lock));
out:
    return status;
}

enum status run_lock_take(const char *output, struct run_lock **out) {
    enum status status;
    struct run_lock *lock;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *lock, &lock));
    lock->file = -1;
    owner_make(lock->owner);
    int length = snprintf(lock->path, PATH_MAX, "%s/" WORK_FOLDER "/" RUN_LOCK, output);
    snprintf(lock->folder, PATH_MAX, "%s/" WORK_FOLDER, output);
    status = length > 0 && length < PATH_MAX
                 ? take(lock)
                 : FAIL(STATUS_BAD_INPUT, "--output %.1000s: the path is too long", output);
    if (status == STATUS_OK) {
        *out = lock;
        return STATUS_OK;
    }
    if (lock->file >= 0)
        close(lock->file);
    free(lock);
out:
    return status;
}

/* ---------------------------------------------------------------- holding */

enum status run_lock_beat(struct run_lock *lock) {
    char owner[OWNER_BYTES];
    /* A beat that fails is no reason to stop; the next may not. */
    futimens(lock->file, NULL);
    if (!owner_read(lock->path, owner))
        return errno == ENOENT
                   ? FAIL(STATUS_FAILED,
                          "%.1000s is gone: another process may be using the output by now",
                          lock->path)
                   : STATUS_OK;
    if (strcmp(owner, lock->owner) == 0)
        return STATUS_OK;
    owner[strcspn(owner, "\n")] = '\0';
    return FAIL(STATUS_FAILED, "the output was taken over by %s",
                owner[0] ? owner : "another verify");
}

void run_lock_drop(struct run_lock **lock) {
    char owner[OWNER_BYTES];
    if (!*lock)
        return;
    if (owner_read((*lock)->path, owner) && strcmp(owner, (*lock)->owner) == 0 &&
        unlink((*lock)->path) == 0)
        rmdir((*lock)->folder);
    close((*lock)->file);
    free(*lock);
    *lock = NULL;
}
