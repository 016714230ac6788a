/* Loaded into a process (LD_PRELOAD), does one thing to its calls on the files below a folder:
 * counts them, ends the process at the N-th, makes it fail, or makes it do less than it was asked
 * for.
 *
 *     FAULT_BELOW   the folder
 *     FAULT_RANK    only in the rank of this number; not set: in every process
 *     FAULT_CALLS   names of calls, with commas around each: ",write,linkat,"; not set: all calls
 *                   that change files (open only where it makes one)
 *     FAULT_NAME    only for files whose path has this in it
 *     FAULT_AT      number of the call, from 1
 *     FAULT_TIMES   so many calls from there on (1; 0: all), but
 *     FAULT_EVERY   only each N-th of them (1)
 *     FAULT_DO      what: `count`, `stop` (until SIGCONT), `pause` (for FAULT_MS), `kill`,
 *                   `kill-after`, `kill-torn` (half of the bytes are written), `short` (half of the
 *                   bytes), `fail` (nothing is done), `late` (done, but reported as failed),
 *                   `vanish` (FAULT_VANISH is removed before it is done)
 *     FAULT_MS      of `pause`: milliseconds
 *     FAULT_ERRNO   of `fail` and `late`
 *     FAULT_VANISH  a file
 *     FAULT_LOG     a file that gets a line for each call at which something was done
 *     FAULT_SLOW    milliseconds that each hard link takes longer, for a run that can be watched
 *     FAULT_CLOCK   seconds by which the wall clock is set forward at the first hard link
 *
 * What the C library calls within itself (stdio) is not seen. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---------------------------------------------------------------- which calls */

static long number_of(const char *name, long otherwise) {
    const char *value = getenv(name);
    return value ? atol(value) : otherwise;
}

static bool is_this_rank(void) {
    const char *wanted = getenv("FAULT_RANK"), *rank = getenv("OMPI_COMM_WORLD_RANK");
    return !wanted || (rank && strcmp(wanted, rank) == 0);
}

static bool is_wanted(const char *call, bool changes) {
    const char *wanted = getenv("FAULT_CALLS");
    char name[64];
    snprintf(name, sizeof name, ",%s,", call);
    return wanted ? strstr(wanted, name) != NULL : changes;
}

/* The path of a name below an open folder, or of an open file (name: NULL). */
static bool path_of(int folder, const char *name, char path[PATH_MAX]) {
    char link[64];
    if (name && *name == '/')
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    if (folder == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/self/cwd");
    else
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    long length = syscall(SYS_readlink, link, path, PATH_MAX - 1);
    if (length < 0)
        return false;
    path[length] = '\0';
    return !name ||
           snprintf(path + length, (size_t)(PATH_MAX - length), "/%s", name) < PATH_MAX - length;
}

static bool is_below(const char *path) {
    const char *below = getenv("FAULT_BELOW"), *part = getenv("FAULT_NAME");
    size_t length = below ? strlen(below) : 0;
    return length && strncmp(path, below, length) == 0 &&
           (path[length] == '/' || path[length] == '\0') && (!part || strstr(path, part));
}

static void note(long number, const char *call, const char *path) {
    const char *log = getenv("FAULT_LOG");
    char line[PATH_MAX + 128];
    if (!log)
        return;
    int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
    long file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    syscall(SYS_write, file, line, (size_t)length);
    syscall(SYS_close, file);
}

/* ---------------------------------------------------------------- what is done to them */

enum fault { NONE, KILL_AFTER, KILL_TORN, SHORT, FAULT_FAIL, LATE };

static void end(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
}

static void pause_for(long ms) {
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* What is to be done to this call; ends the process itself where that comes before the call. */
static enum fault fault_of(const char *call, bool changes, int folder, const char *name) {
    static const struct {
        const char *name;
        enum fault fault;
    } faults[] = {{"kill-after", KILL_AFTER},
                  {"kill-torn", KILL_TORN},
                  {"short", SHORT},
                  {"fail", FAULT_FAIL},
                  {"late", LATE}};
    static atomic_long calls;
    int saved = errno;
    char path[PATH_MAX];
    const char *wanted = getenv("FAULT_DO");
    enum fault fault = NONE;
    if (!wanted || !is_this_rank() || !is_wanted(call, changes) || !path_of(folder, name, path) ||
        !is_below(path))
        goto out;
    long number = atomic_fetch_add(&calls, 1) + 1;
    long first = number_of("FAULT_AT", 1), times = number_of("FAULT_TIMES", 1);
    bool hit = number >= first && (!times || number < first + times) &&
               (number - first) % number_of("FAULT_EVERY", 1) == 0;
    if (strcmp(wanted, "count") != 0 && !hit)
        goto out;
    note(number, call, path);
    if (strcmp(wanted, "kill") == 0)
        end();
    if (strcmp(wanted, "stop") == 0)
        syscall(SYS_kill, getpid(), SIGSTOP);
    if (strcmp(wanted, "pause") == 0)
        pause_for(number_of("FAULT_MS", 0));
    if (strcmp(wanted, "vanish") == 0)
        syscall(SYS_unlink, getenv("FAULT_VANISH"));
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(wanted, faults[i].name) == 0)
            fault = faults[i].fault;
out:
    errno = saved;
    return fault;
}

static long result_of(enum fault fault, long result) {
    if (fault == KILL_AFTER || fault == KILL_TORN)
        end();
    if (fault != LATE || result < 0)
        return result;
    errno = (int)number_of("FAULT_ERRNO", EIO);
    return -1;
}

static size_t part_of(enum fault fault, size_t size) {
    return (fault == KILL_TORN || fault == SHORT) && size > 1 ? size / 2 : size;
}

#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

/* The body of a call: fails, or does it with the arguments that follow. */
#define DO(type, fault, name, ...)                                                                 \
    if ((fault) == FAULT_FAIL) {                                                                   \
        errno = (int)number_of("FAULT_ERRNO", EIO);                                                \
        return -1;                                                                                 \
    }                                                                                              \
    return (type)result_of(fault, (long)NEXT(name)(__VA_ARGS__))

/* ---------------------------------------------------------------- the calls */

int openat(int folder, const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    enum fault fault = fault_of("openat", flags & O_CREAT, folder, path);
    DO(int, fault, openat, folder, path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    enum fault fault = fault_of("open", flags & O_CREAT, AT_FDCWD, path);
    DO(int, fault, open, path, flags, mode);
}

ssize_t read(int file, void *bytes, size_t size) {
    enum fault fault = fault_of("read", false, file, NULL);
    DO(ssize_t, fault, read, file, bytes, part_of(fault, size));
}

ssize_t pread(int file, void *bytes, size_t size, off_t offset) {
    enum fault fault = fault_of("pread", false, file, NULL);
    DO(ssize_t, fault, pread, file, bytes, part_of(fault, size), offset);
}

/* What _FORTIFY_SOURCE makes of these. */
int __open_2(const char *path, int flags) {
    return open(path, flags);
}

int __openat_2(int folder, const char *path, int flags) {
    return openat(folder, path, flags);
}

ssize_t __read_chk(int file, void *bytes, size_t size, size_t room) {
    (void)room;
    return read(file, bytes, size);
}

ssize_t __pread_chk(int file, void *bytes, size_t size, off_t offset, size_t room) {
    (void)room;
    return pread(file, bytes, size, offset);
}

ssize_t write(int file, const void *bytes, size_t size) {
    enum fault fault = fault_of("write", true, file, NULL);
    DO(ssize_t, fault, write, file, bytes, part_of(fault, size));
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
    enum fault fault = fault_of("pwrite", true, file, NULL);
    DO(ssize_t, fault, pwrite, file, bytes, part_of(fault, size), offset);
}

ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t size,
                        unsigned flags) {
    enum fault fault = fault_of("copy_file_range", true, to, NULL);
    if (fault == KILL_TORN || fault == SHORT)
        size = 100;
    DO(ssize_t, fault, copy_file_range, from, from_offset, to, to_offset, size, flags);
}

int ioctl(int file, unsigned long request, ...) {
    va_list args;
    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    enum fault fault = fault_of("ioctl", true, file, NULL);
    DO(int, fault, ioctl, file, request, argument);
}

int close(int file) {
    enum fault fault = fault_of("close", false, file, NULL);
    DO(int, fault, close, file);
}

int ftruncate(int file, off_t size) {
    enum fault fault = fault_of("ftruncate", true, file, NULL);
    DO(int, fault, ftruncate, file, size);
}

int fsync(int file) {
    enum fault fault = fault_of("fsync", true, file, NULL);
    DO(int, fault, fsync, file);
}

int fdatasync(int file) {
    enum fault fault = fault_of("fdatasync", true, file, NULL);
    DO(int, fault, fdatasync, file);
}

int syncfs(int file) {
    enum fault fault = fault_of("syncfs", true, file, NULL);
    DO(int, fault, syncfs, file);
}

int fcntl(int file, int command, ...) {
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    enum fault fault = command == F_OFD_SETLK ? fault_of("fcntl", true, file, NULL) : NONE;
    DO(int, fault, fcntl, file, command, argument);
}

int rename(const char *from, const char *to) {
    enum fault fault = fault_of("rename", true, AT_FDCWD, to);
    DO(int, fault, rename, from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    enum fault fault = fault_of("renameat", true, to_folder, to);
    DO(int, fault, renameat, from_folder, from, to_folder, to);
}

static atomic_bool clock_is_set;

int clock_gettime(clockid_t clock, struct timespec *time) {
    long result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME && atomic_load(&clock_is_set))
        time->tv_sec += number_of("FAULT_CLOCK", 0);
    return (int)result;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    atomic_store(&clock_is_set, true);
    pause_for(number_of("FAULT_SLOW", 0));
    enum fault fault = fault_of("linkat", true, to_folder, to);
    DO(int, fault, linkat, from_folder, from, to_folder, to, flags);
}

int symlinkat(const char *target, int folder, const char *path) {
    enum fault fault = fault_of("symlinkat", true, folder, path);
    DO(int, fault, symlinkat, target, folder, path);
}

int unlink(const char *path) {
    enum fault fault = fault_of("unlink", true, AT_FDCWD, path);
    DO(int, fault, unlink, path);
}

int unlinkat(int folder, const char *path, int flags) {
    enum fault fault = fault_of("unlinkat", true, folder, path);
    DO(int, fault, unlinkat, folder, path, flags);
}

int rmdir(const char *path) {
    enum fault fault = fault_of("rmdir", true, AT_FDCWD, path);
    DO(int, fault, rmdir, path);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    enum fault fault = fault_of("mkdirat", true, folder, path);
    DO(int, fault, mkdirat, folder, path, mode);
}
