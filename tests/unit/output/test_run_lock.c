/* That only one job uses an output folder; and fingerprints. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/fingerprint.h"
#include "output/run_lock.h"
#include "place_fixture.h"
#include "unit.h"

/* ---------------------------------------------------------------- the lock */

/* From now on the system knows no locks for the calling process. */
static bool locks_break(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_SETLK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

enum { CANNOT_BREAK = 99 };

/* A process that takes the lock and keeps it until it is killed. */
static pid_t holder_start(const char *output, bool break_locks) {
    int ends[2];
    char said;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct run_lock *lock;
        if (break_locks && !locks_break())
            _exit(CANNOT_BREAK);
        if (run_lock_take(output, NULL, &lock) != STATUS_OK || write(ends[1], "!", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &said, 1), 1);
    close(ends[0]);
    return child;
}

static void holder_kill(pid_t child) {
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_lock(void **state) {
    struct fixture *f = *state;
    struct run_lock *lock;
    char host[256], want[400];
    gethostname(host, sizeof host);
    for (int round = 0; round < 3; round++) {
        pid_t child = holder_start(f->output, false);
        assert_int_equal(run_lock_take(f->output, NULL, &lock), STATUS_BAD_INPUT);
        assert_null(lock);
        snprintf(want, sizeof want, "in use by verify on %s, process %ld, since 20", host,
                 (long)child);
        assert_non_null(strstr(status_message(), want));
        assert_non_null(strstr(status_message(), "--output"));
        assert_null(strchr(status_message(), '\n'));
        /* Killed, not asked to end: its lock goes with it, though the file stays. */
        holder_kill(child);
        assert_true(is_there(below(f->output, ".verify/lock")));
    }
    assert_ok(run_lock_take(f->output, NULL, &lock));
    assert_ok(run_lock_beat(lock));
    run_lock_drop(&lock);
    assert_null(lock);
    run_lock_drop(&lock);
    assert_false(is_there(below(f->output, ".verify")));
    assert_ok(run_lock_take(f->output, NULL, &lock));
    file_make(below(f->output, ".verify/journal.0.0"), "");
    run_lock_drop(&lock);
    assert_false(is_there(below(f->output, ".verify/lock")));
    assert_true(is_there(below(f->output, ".verify/journal.0.0")));
}

enum { RIVALS = 4, TURNS = 300 };

/* Takes and drops the lock; 0, or 1 where another held it at the same time. */
static int take_turns(const char *output, atomic_int *holders) {
    for (int turns = 0; turns < TURNS;) {
        struct run_lock *lock;
        if (run_lock_take(output, NULL, &lock) != STATUS_OK)
            continue;
        if (atomic_fetch_add(holders, 1) != 0)
            return 1;
        sched_yield();
        atomic_fetch_sub(holders, 1);
        run_lock_drop(&lock);
        turns++;
    }
    return 0;
}

static void test_rivals(void **state) {
    struct fixture *f = *state;
    atomic_int *holders =
        mmap(NULL, sizeof *holders, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(holders != MAP_FAILED);
    for (int i = 0; i < RIVALS; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(take_turns(f->output, holders));
    }
    for (int i = 0; i < RIVALS; i++) {
        int how;
        assert_true(wait(&how) > 0);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), 0);
    }
    munmap(holders, sizeof *holders);
}

static void test_taken_over(void **state) {
    struct fixture *f = *state;
    struct run_lock *lock;
    struct stat about;
    const char *path = below(f->output, ".verify/lock");
    assert_ok(run_lock_take(f->output, NULL, &lock));
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    assert_ok(run_lock_beat(lock));
    assert_int_equal(stat(path, &about), 0);
    assert_true(time(NULL) - about.st_mtim.tv_sec < 10);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(run_lock_beat(lock), STATUS_FAILED);
    assert_non_null(strstr(status_message(), "lock is gone"));
    pid_t child = holder_start(f->output, false);
    assert_int_equal(run_lock_beat(lock), STATUS_FAILED);
    assert_non_null(strstr(status_message(), "taken over by verify on "));
    /* The other's lock stays. */
    run_lock_drop(&lock);
    assert_true(is_there(path));
    assert_int_equal(run_lock_take(f->output, NULL, &lock), STATUS_BAD_INPUT);
    holder_kill(child);
}

/* What another process meets on a file system without locks; 0, or the one that went wrong. */
static int without_locks(const char *output, const char *path, pid_t holder) {
    struct run_lock *lock;
    char who[64];
    if (!locks_break())
        return CANNOT_BREAK;
    snprintf(who, sizeof who, "process %ld,", (long)holder);
    if (run_lock_take(output, NULL, &lock) != STATUS_BAD_INPUT || !strstr(status_message(), who) ||
        !strstr(status_message(), "try again in "))
        return 1;
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = time(NULL) - 55}};
    if (utimensat(AT_FDCWD, path, times, 0) != 0 ||
        run_lock_take(output, NULL, &lock) != STATUS_BAD_INPUT)
        return 2;
    times[1].tv_sec = time(NULL) - 61;
    if (utimensat(AT_FDCWD, path, times, 0) != 0 || run_lock_take(output, NULL, &lock) != STATUS_OK)
        return 3;
    if (run_lock_beat(lock) != STATUS_OK)
        return 4;
    run_lock_drop(&lock);
    if (is_there(path))
        return 5;
    /* A new file is its maker's, however young. */
    if (run_lock_take(output, NULL, &lock) != STATUS_OK)
        return 6;
    run_lock_drop(&lock);
    return 0;
}

static void test_no_locks(void **state) {
    struct fixture *f = *state;
    const char *path = below(f->output, ".verify/lock");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(locks_break() ? 0 : CANNOT_BREAK);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (WEXITSTATUS(how) == CANNOT_BREAK)
        SKIP("a system call cannot be made to fail here");
    pid_t holder = holder_start(f->output, true);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(without_locks(f->output, path, holder));
    assert_int_equal(waitpid(child, &how, 0), child);
    holder_kill(holder);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
}

static void test_cannot_lock(void **state) {
    struct fixture *f = *state;
    struct run_lock *lock;
    folder_make(f->output);
    assert_int_equal(symlink("elsewhere", below(f->output, "link")), 0);
    file_make(below(f->output, "file"), "");
    assert_int_equal(run_lock_take(below(f->output, "file"), NULL, &lock), STATUS_BAD_INPUT);
    assert_null(lock);
    folder_make(below(f->output, ".verify"));
    assert_int_equal(symlink("../file", below(f->output, ".verify/lock")), 0);
    assert_int_equal(run_lock_take(f->output, NULL, &lock), STATUS_BAD_INPUT);
    assert_file(below(f->output, "file"), "");
}

/* A prepared output: nothing waits, and nothing is written elsewhere. */
static void test_prepared(void **state) {
    struct fixture *f = *state;
    const char *path = below(f->output, ".verify/lock"), *users = below(f->folder, "users");
    struct run_lock *lock;
    folder_make(below(f->output, ".verify"));
    file_make(users, "mine");
    assert_int_equal(link(users, path), 0);
    assert_int_equal(run_lock_take(f->output, NULL, &lock), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "other names"));
    assert_file(users, "mine");
    unlink(path);
    assert_int_equal(mkfifo(path, 0666), 0);
    assert_int_equal(run_lock_take(f->output, NULL, &lock), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "regular file"));
    unlink(path);
    assert_int_equal(rename(below(f->output, ".verify"), below(f->folder, "away")), 0);
    assert_int_equal(symlink("../away", below(f->output, ".verify")), 0);
    assert_int_equal(run_lock_take(f->output, NULL, &lock), STATUS_BAD_INPUT);
    assert_int_equal(count_below(below(f->folder, "away"), NULL), 0);
}

/* ---------------------------------------------------------------- fingerprints */

static void test_fingerprint(void **state) {
    struct fixture *f = *state;
    /* The vectors of the FNV reference. */
    static const struct {
        const char *text;
        uint64_t want;
    } vectors[] = {
        {"", UINT64_C(0xcbf29ce484222325)},
        {"a", UINT64_C(0xaf63dc4c8601ec8c)},
        {"foobar", UINT64_C(0x85944171f73967e8)},
    };
    for (size_t i = 0; i < 3; i++) {
        uint64_t found = FINGERPRINT_START;
        const char *text = vectors[i].text;
        assert_true(fingerprint_bytes(FINGERPRINT_START, text, strlen(text)) == vectors[i].want);
        file_make(below(f->data, "file"), text);
        assert_ok(fingerprint_file(below(f->data, "file"), &found));
        assert_true(found == vectors[i].want);
    }
    enum { LENGTH = 200001 };
    char *bytes = malloc(LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        bytes[i] = (char)(i * i >> 3);
    uint64_t found = FINGERPRINT_START;
    file_make_bytes(below(f->data, "file"), bytes, LENGTH);
    assert_ok(fingerprint_file(below(f->data, "file"), &found));
    assert_true(found == fingerprint_bytes(FINGERPRINT_START, bytes, LENGTH));
    free(bytes);
    assert_int_equal(fingerprint_file(below(f->data, "absent"), &found), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "absent"));
    assert_int_equal(fingerprint_file(f->data, &found), STATUS_BAD_INPUT);
    char text[FINGERPRINT_DIGITS + 1];
    fingerprint_text(UINT64_C(0x0123456789abcdef), text);
    assert_string_equal(text, "0123456789abcdef");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_lock),        TEST(test_rivals),   TEST(test_taken_over),  TEST(test_no_locks),
        TEST(test_cannot_lock), TEST(test_prepared), TEST(test_fingerprint),
    };
    return RUN_TESTS(tests);
}
