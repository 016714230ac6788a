/* Which run an output folder belongs to, and that only one job uses it. */
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
#include "output/run_file.h"
#include "output/run_lock.h"
#include "place_fixture.h"

/* ---------------------------------------------------------------- run.json */

enum { PARTS = 4 };

static const struct run_part usual[PARTS] = {
    {"the model", "0123456789abcdef", true},
    {"--imgsz", "640", false},
    {"--split", "", false},
    {"--data", "say \"caf\xe9\"\n/a", false},
};

static enum status start(const char *output, const struct run_part *parts, bool resume,
                         struct run_start *out) {
    return run_file_start(output, &(struct run_parts){PARTS, parts}, resume, out);
}

static void assert_start(const char *output, bool resume, enum run_state state, unsigned epoch) {
    struct run_start started;
    assert_ok(start(output, usual, resume, &started));
    assert_int_equal(started.state, state);
    assert_int_equal(started.epoch, epoch);
}

static void test_epochs(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_start(f->output, false, RUN_FRESH, 0);
    for (unsigned epoch = 1; epoch < 5; epoch++)
        assert_start(f->output, true, RUN_CONTINUED, epoch);
    /* Only --resume touches it. */
    char *before = file_get(below(f->output, ".verify/run.json"), NULL);
    struct run_start started;
    assert_int_equal(start(f->output, usual, false, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "--resume"));
    assert_non_null(strstr(status_message(), "--overwrite"));
    assert_file(below(f->output, ".verify/run.json"), before);
    free(before);
    size_t hidden;
    assert_int_equal(count_below(f->output, &hidden), 2);
    assert_int_equal(hidden, 1);
}

/* Killed before anything was made, or just after the folder was. */
static void test_nothing_to_resume(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_start(f->output, true, RUN_FRESH, 0);
    assert_ok(work_folder_empty(f->output));
    file_make(below(f->output, ".verify/journal.0.0"), "of a run that is not known any more");
    assert_start(f->output, true, RUN_FRESH, 0);
    assert_false(is_there(below(f->output, ".verify/journal.0.0")));
    file_make(below(f->output, ".verify/journal.0.0"), "");
    assert_start(f->output, true, RUN_CONTINUED, 1);
    assert_true(is_there(below(f->output, ".verify/journal.0.0")));
}

static void test_differences(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_start(f->output, false, RUN_FRESH, 0);
    static const struct {
        size_t part;
        const char *value, *said;
    } cases[] = {
        {1, "320", "--resume: --imgsz was 640 and is 320 now: give the same"},
        {1, "6400", "--imgsz was 640 and is 6400 now"},
        {2, "val", "--split was not given and is val now"},
        {1, "", "--imgsz was 640 and is not given now"},
        {0, "1123456789abcdef", "--resume: the model is not what it was"},
        {3, "say \"caf", "--data was "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_part parts[PARTS];
        struct run_start started;
        memcpy(parts, usual, sizeof parts);
        parts[cases[i].part].value = cases[i].value;
        /* One that differs behind it is not told. */
        if (cases[i].part < 3)
            parts[3].value = "/b";
        assert_int_equal(start(f->output, parts, true, &started), STATUS_BAD_INPUT);
        if (!strstr(status_message(), cases[i].said))
            fail_msg("it says: %s", status_message());
        assert_non_null(strstr(status_message(), "--overwrite"));
        assert_null(strstr(status_message(), "0123456789abcdef"));
        if (cases[i].part < 3)
            assert_null(strstr(status_message(), "/b"));
    }
    struct run_part more[PARTS];
    struct run_start started;
    memcpy(more, usual, sizeof more);
    more[2].name = "--new";
    assert_int_equal(start(f->output, more, true, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "--new"));
    /* None of this counted as a start. */
    assert_start(f->output, true, RUN_CONTINUED, 1);
}

static void test_damaged_run(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "run.json is damaged"},
        {"{\"version\": ", "run.json is damaged"},
        {"[]", "run.json is damaged"},
        {"{}", "unknown version"},
        {"{\"version\": \"9.9\"}", "begun by verify 9.9"},
        {"{\"version\": \"" VERIFY_VERSION "\", \"epoch\": 0}", "what the model was"},
        {"{\"version\": \"" VERIFY_VERSION "\", \"epoch\": 0, \"parts\": 3}", "what the model was"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_start started;
        file_make(below(f->output, ".verify/run.json"), cases[i].text);
        assert_int_equal(start(f->output, usual, true, &started), STATUS_BAD_INPUT);
        if (!strstr(status_message(), cases[i].said))
            fail_msg("it says: %s", status_message());
        assert_non_null(strstr(status_message(), "--overwrite"));
    }
    static const char *const epochs[] = {"-1", "\"1\"", "99999999999", "1.5", "null"};
    for (int i = 0; i < 5; i++) {
        char text[200];
        struct run_start started;
        struct run_parts none = {0};
        snprintf(text, sizeof text, "{\"version\": \"" VERIFY_VERSION "\", \"epoch\": %s}",
                 epochs[i]);
        file_make(below(f->output, ".verify/run.json"), text);
        assert_int_equal(run_file_start(f->output, &none, true, &started), STATUS_BAD_INPUT);
        assert_non_null(strstr(status_message(), "epoch"));
    }
}

static void test_complete(void **state) {
    struct fixture *f = *state;
    const char *report = below(f->output, "verification_report.json");
    file_make(report, "{\"status\": \"complete\", \"total_images\": 3}\n");
    assert_start(f->output, true, RUN_COMPLETE, 0);
    /* A job that was killed while it cleaned up. */
    file_make(below(f->output, ".verify/run.json"), "{}");
    assert_start(f->output, true, RUN_COMPLETE, 0);
    assert_file(below(f->output, ".verify/run.json"), "{}");
    assert_ok(work_folder_empty(f->output));
    file_make(report, "{\"status\": \"interrupted\"}\n");
    struct run_start started;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(start(f->output, usual, true, &started), STATUS_BAD_INPUT);
        assert_non_null(strstr(status_message(), "holds results already"));
    }
    unlink(report);
    assert_start(f->output, true, RUN_FRESH, 0);
    assert_start(f->output, true, RUN_CONTINUED, 1);
    file_make(report, "{\"status\": ");
    assert_int_equal(start(f->output, usual, true, &started), STATUS_BAD_INPUT);
    assert_non_null(strstr(status_message(), "verification_report.json"));
}

static void test_empty(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    assert_ok(work_folder_empty(f->output));
    struct run_lock *lock;
    assert_ok(run_lock_take(f->output, &lock));
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, ".verify/records.0.%d", i);
        file_make(below(f->output, name), "x");
    }
    assert_start(f->output, false, RUN_FRESH, 0);
    assert_ok(work_folder_empty(f->output));
    assert_int_equal(count_below(f->output, NULL), 2);
    assert_ok(run_lock_beat(lock));
    run_lock_drop(&lock);
    assert_int_equal(count_below(f->output, NULL), 0);
}

/* Whatever else cannot be removed, run.json is. */
static void test_run_file_goes_first(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 100; i++) {
        char name[64];
        snprintf(name, sizeof name, ".verify/%d", i);
        folder_make(below(f->output, name));
        if (i == 50)
            file_make(below(f->output, ".verify/run.json"), "{}");
    }
    assert_int_equal(work_folder_empty(f->output), STATUS_BAD_INPUT);
    assert_false(is_there(below(f->output, ".verify/run.json")));
}

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
        if (run_lock_take(output, &lock) != STATUS_OK || write(ends[1], "!", 1) != 1)
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
        assert_int_equal(run_lock_take(f->output, &lock), STATUS_BAD_INPUT);
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
    assert_ok(run_lock_take(f->output, &lock));
    assert_ok(run_lock_beat(lock));
    run_lock_drop(&lock);
    assert_null(lock);
    run_lock_drop(&lock);
    assert_false(is_there(below(f->output, ".verify")));
    assert_ok(run_lock_take(f->output, &lock));
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
        if (run_lock_take(output, &lock) != STATUS_OK)
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
    assert_ok(run_lock_take(f->output, &lock));
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
    assert_int_equal(run_lock_take(f->output, &lock), STATUS_BAD_INPUT);
    holder_kill(child);
}

/* What another process meets on a file system without locks; 0, or the one that went wrong. */
static int without_locks(const char *output, const char *path, pid_t holder) {
    struct run_lock *lock;
    char who[64];
    if (!locks_break())
        return CANNOT_BREAK;
    snprintf(who, sizeof who, "process %ld,", (long)holder);
    if (run_lock_take(output, &lock) != STATUS_BAD_INPUT || !strstr(status_message(), who) ||
        !strstr(status_message(), "try again in "))
        return 1;
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = time(NULL) - 55}};
    if (utimensat(AT_FDCWD, path, times, 0) != 0 ||
        run_lock_take(output, &lock) != STATUS_BAD_INPUT)
        return 2;
    times[1].tv_sec = time(NULL) - 61;
    if (utimensat(AT_FDCWD, path, times, 0) != 0 || run_lock_take(output, &lock) != STATUS_OK)
        return 3;
    if (run_lock_beat(lock) != STATUS_OK)
        return 4;
    run_lock_drop(&lock);
    if (is_there(path))
        return 5;
    /* A new file is its maker's, however young. */
    if (run_lock_take(output, &lock) != STATUS_OK)
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
    if (WEXITSTATUS(how) == CANNOT_BREAK) {
        print_message("skipped: a system call cannot be made to fail here\n");
        skip();
    }
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
    assert_int_equal(run_lock_take(below(f->output, "file"), &lock), STATUS_BAD_INPUT);
    assert_null(lock);
    folder_make(below(f->output, ".verify"));
    assert_int_equal(symlink("../file", below(f->output, ".verify/lock")), 0);
    assert_int_equal(run_lock_take(f->output, &lock), STATUS_BAD_INPUT);
    assert_file(below(f->output, "file"), "");
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
        TEST(test_epochs),      TEST(test_nothing_to_resume),
        TEST(test_differences), TEST(test_damaged_run),
        TEST(test_complete),    TEST(test_empty),
        TEST(test_lock),        TEST(test_run_file_goes_first),
        TEST(test_rivals),      TEST(test_taken_over),
        TEST(test_no_locks),    TEST(test_cannot_lock),
        TEST(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
