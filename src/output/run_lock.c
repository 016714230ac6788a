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

#include "base/file.h"
#include "base/memory.h"
#include "output/storage.h"
#include "output/work_folder.h"

enum { OWNER_BYTES = 400, ATTEMPTS = 100 };

struct run_lock {
    int file;
    struct work_folder work;
    bool held;               /* by another process */
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

/* Returns 0 or an errno value. */
static int owner_read(const struct run_lock *lock, char owner[OWNER_BYTES]) {
    int file;
    struct spot spot = work_spot(&lock->work, RUN_LOCK);
    owner[0] = '\0';
    int error = below_file(&spot, O_RDONLY, 0, &file);
    if (error != 0)
        return error;
    ssize_t n = file_read_some(file, owner, OWNER_BYTES - 1);
    error = n < 0 ? errno : 0;
    close(file);
    owner[n > 0 ? n : 0] = '\0';
    return error;
}

static enum status owner_write(const struct run_lock *lock) {
    struct spot spot = work_spot(&lock->work, RUN_LOCK);
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
    struct spot spot = work_spot(&lock->work, RUN_LOCK);
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
static enum status refuse(struct run_lock *lock, double age) {
    char owner[OWNER_BYTES];
    lock->held = true;
    owner_read(lock, owner);
    owner[strcspn(owner, "\n")] = '\0';
    const char *who = owner[0] ? owner : "another verify";
    if (age < 0)
        return FAIL(STATUS_BAD_INPUT,
                    "the output is in use by %s: wait for it, or choose another --output (if its "
                    "machine is down, remove %.1000s/" RUN_LOCK ")",
                    who, lock->work.path);
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
    return fstat(lock->file, &open_one) == 0 &&
           fstatat(lock->work.folder, RUN_LOCK, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

static enum status take_by_age(struct run_lock *lock, bool made) {
    double age = RUN_LOCK_STALE_SECONDS;
    enum status status = made ? STATUS_OK : age_of(lock, &age);
    return status == STATUS_OK && age < RUN_LOCK_STALE_SECONDS ? refuse(lock, age) : status;
}

/* Opens the lock's file, which *made tells is new. Returns 0 or an errno value. */
static int file_take(struct run_lock *lock, bool *made) {
    struct spot spot = work_spot(&lock->work, RUN_LOCK);
    int error = below_file(&spot, O_RDWR | O_CREAT | O_EXCL, 0666, &lock->file);
    *made = error == 0;
    return error == EEXIST ? below_file(&spot, O_RDWR, 0, &lock->file) : error;
}

/* *again: its holder removed the file just now. */
static enum status try_once(struct run_lock *lock, bool *again) {
    struct spot spot = work_spot(&lock->work, RUN_LOCK);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool made;
    int error = file_take(lock, &made);
    *again = error == ENOENT;
    if (error != 0)
        return *again ? STATUS_OK : storage_failed(error, &spot, "cannot lock");
    if (fcntl(lock->file, F_OFD_SETLK, &whole) == 0) {
        *again = !is_same(lock);
        return STATUS_OK;
    }
    if (errno == EAGAIN || errno == EACCES)
        return refuse(lock, -1);
    return knows_no_locks(errno) ? take_by_age(lock, made)
                                 : storage_failed(errno, &spot, "cannot lock");
}

static enum status take(const char *output, struct run_lock *lock) {
    enum status status;
    bool again = true;
    for (int attempt = 0; attempt < ATTEMPTS && again; attempt++) {
        if (lock->file >= 0)
            close(lock->file);
        lock->file = -1;
        work_folder_close(&lock->work);
        TRY(work_folder_open(output, true, &lock->work));
        TRY(try_once(lock, &again));
    }
    if (again)
        return FAIL(STATUS_FAILED, "cannot lock %.1000s: others take it again and again",
                    lock->work.path);
    TRY(owner_write(lock));
out:
    return status;
}

enum status run_lock_take(const char *output, bool *held, struct run_lock **out) {
    enum status status;
    struct run_lock *lock;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *lock, &lock));
    lock->file = lock->work.output = lock->work.folder = -1;
    owner_make(lock->owner);
    status = take(output, lock);
    if (held)
        *held = lock->held;
    if (status == STATUS_OK) {
        *out = lock;
        return STATUS_OK;
    }
    if (lock->file >= 0)
        close(lock->file);
    work_folder_close(&lock->work);
    free(lock);
out:
    return status;
}

/* ---------------------------------------------------------------- holding */

enum status run_lock_beat(struct run_lock *lock) {
    char owner[OWNER_BYTES];
    /* A beat that fails is no reason to stop; the next may not. */
    futimens(lock->file, NULL);
    int error = owner_read(lock, owner);
    if (error != 0)
        return error == ENOENT ? FAIL(STATUS_FAILED,
                                      "%.1000s/" RUN_LOCK
                                      " is gone: another process may be using the output by now",
                                      lock->work.path)
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
    const struct work_folder *work = &(*lock)->work;
    if (owner_read(*lock, owner) == 0 && strcmp(owner, (*lock)->owner) == 0 &&
        unlinkat(work->folder, RUN_LOCK, 0) == 0)
        unlinkat(work->output, WORK_FOLDER, AT_REMOVEDIR);
    close((*lock)->file);
    work_folder_close(&(*lock)->work);
    free(*lock);
    *lock = NULL;
}
