/* A journal's writer on a full disk, on a failing one, and killed. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "journal_rig.h"
#include "unit.h"

static const struct journal_id first = {0, 0};

static int unmount(void **state) {
    struct fixture *f = *state;
    umount2(f->output, MNT_DETACH);
    return tear_down(state);
}

/* Adds until it fails; returns how many went in. */
static size_t fill(struct journal *journal, size_t at_most) {
    struct made_image image = {0};
    size_t n = 0;
    while (n < at_most && made_add(journal, &image, n, true) == STATUS_OK)
        n++;
    made_free(&image);
    return n;
}

/* From its first failure on a journal says the same, whatever it is asked for. */
static void assert_failed_for_good(struct journal *journal) {
    char said[2048];
    struct made_image image = {0};
    snprintf(said, sizeof said, "%s", status_message());
    for (int i = 0; i < 2; i++) {
        assert_int_equal(made_add(journal, &image, 1, false), STATUS_FAILED);
        assert_string_equal(status_message(), said);
        assert_int_equal(journal_sync(journal), STATUS_FAILED);
        assert_string_equal(status_message(), said);
    }
    made_free(&image);
}

static void test_full(void **state) {
    struct fixture *f = *state;
    folder_make(f->output);
    if (mount("tmpfs", f->output, "tmpfs", 0, "size=256k") != 0)
        SKIP("mounting a tmpfs: %s", strerror(errno));
    struct journal *journal;
    assert_ok(journal_create(f->output, 0, 0, true, &journal));
    size_t n = fill(journal, 1000000);
    assert_in_range(n, 500, 10000);
    assert_non_null(strstr(status_message(), "the disk is full"));
    assert_non_null(strstr(status_message(), "--output"));
    assert_non_null(strstr(status_message(), f->output));
    assert_failed_for_good(journal);
    assert_int_equal(journal_close(&journal), STATUS_FAILED);
    assert_null(journal);
    assert_int_equal(journal_create(f->output, 1, 0, true, &journal), STATUS_FAILED);
    assert_non_null(strstr(status_message(), "the disk is full"));
    assert_int_equal(mount(NULL, f->output, NULL, MS_REMOUNT, "size=1m"), 0);
    uint64_t cut = 1;
    assert_ok(journal_repair(f->output, first, always_placed, NULL, &cut));
    assert_int_equal(cut, 0);
    assert_first(f->output, first, true, n);
}

/* Files that may not grow past a limit: writes end after some of their bytes, at each byte. */
static void test_short_writes(void **state) {
    struct fixture *f = *state;
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (unsigned epoch = 0; epoch < 300; epoch++) {
        struct journal *journal;
        struct journal_id id = {epoch, 0};
        char path[64];
        snprintf(path, sizeof path, ".verify/journal.%u.0", epoch);
        assert_ok(journal_create(f->output, epoch, 0, true, &journal));
        limit.rlim_cur = 60 + epoch;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        size_t n = fill(journal, 100);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_in_range(n, 0, 5);
        assert_non_null(strstr(status_message(), strerror(EFBIG)));
        assert_failed_for_good(journal);
        assert_int_equal(journal_close(&journal), STATUS_FAILED);
        /* Nothing of the failed line stayed. */
        uint64_t cut = 1;
        assert_ok(journal_repair(f->output, id, always_placed, NULL, &cut));
        assert_int_equal(cut, 0);
        assert_first(f->output, id, true, n);
    }
    signal(SIGXFSZ, handler);
}

/* From now on the calling process gets EIO from one system call on one file. */
static bool break_call(unsigned call, int file) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)file, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

enum { CANNOT_BREAK = 99 };

/* One of the journal's files, which it opens in this order, is on a failing disk. In a process of
 * its own; 0, or the step that went wrong. */
static int sync_fails(const char *output, int broken) {
    struct journal *journal;
    struct made_image image = {0};
    int folder = dup(STDERR_FILENO);
    close(folder);
    if (journal_create(output, 0, 0, true, &journal) != STATUS_OK ||
        made_add(journal, &image, 0, true) != STATUS_OK || journal_sync(journal) != STATUS_OK ||
        made_add(journal, &image, 1, true) != STATUS_OK)
        return 1;
    /* The folder, for its file system; records, predictions, what was placed, journal. The work
     * folder's descriptor lies between. */
    static const int descriptors[] = {0, 1, 3, 4, 5};
    if (!break_call(broken == 0 ? SYS_syncfs : SYS_fdatasync, folder + descriptors[broken]))
        return CANNOT_BREAK;
    if (journal_sync(journal) != STATUS_FAILED || !strstr(status_message(), strerror(EIO)) ||
        !strstr(status_message(), "cannot bring to the disk"))
        return 2;
    if (made_add(journal, &image, 2, true) != STATUS_FAILED ||
        !strstr(status_message(), "cannot bring to the disk"))
        return 3;
    made_free(&image);
    if (journal_sync(journal) != STATUS_FAILED)
        return 4;
    return journal_close(&journal) == STATUS_FAILED && !journal ? 0 : 5;
}

static void test_failed_sync(void **state) {
    struct fixture *f = *state;
    static const char *const outputs[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < 5; i++) {
        const char *output = below(f->output, outputs[i]);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(sync_fails(output, i));
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFEXITED(how));
        if (WEXITSTATUS(how) == CANNOT_BREAK)
            SKIP("a system call cannot be made to fail here");
        assert_int_equal(WEXITSTATUS(how), 0);
        /* What was marked before is what is sure. */
        assert_first(output, first, true, 1);
    }
}

/* ---------------------------------------------------------------- killed */

enum { KILLS = 100 };

static void *sync_for_ever(void *journal) {
    while (journal_sync(journal) == STATUS_OK)
        ;
    return NULL;
}

/* Writes for ever, and tells how many images it has been told are done. */
static void write_for_ever(const char *output, unsigned epoch, atomic_size_t *done) {
    struct journal *journal;
    struct made_image image = {0};
    pthread_t thread;
    if (journal_create(output, epoch, 0, true, &journal) != STATUS_OK ||
        pthread_create(&thread, NULL, sync_for_ever, journal) != 0)
        _exit(1);
    for (size_t i = 0; made_add(journal, &image, i, true) == STATUS_OK; i++)
        atomic_store(done, i + 1);
    _exit(2);
}

static void test_kill(void **state) {
    struct fixture *f = *state;
    atomic_size_t *done =
        mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(done != MAP_FAILED);
    size_t all = 0;
    uint32_t seed = 1;
    for (unsigned epoch = 0; epoch < KILLS; epoch++) {
        atomic_store(done, 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_for_ever(f->output, epoch, done);
        while (atomic_load(done) == 0)
            sched_yield();
        seed = seed * 1664525u + 1013904223u;
        nanosleep(&(struct timespec){.tv_nsec = seed >> 10}, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
        struct journal_id id = {epoch, 0};
        assert_ok(journal_repair(f->output, id, always_placed, NULL, NULL));
        struct seen seen = read_all(f->output, id, true);
        /* All that it was told is done, and at most the one that it was about. */
        size_t told = atomic_load(done);
        assert_in_range(seen.count, told, told + 1);
        for (size_t i = 0; i < seen.count; i++)
            assert_int_equal(seen.indices[i], i);
        all += seen.count;
        seen_free(&seen);
    }
    assert_true(all > KILLS * 10);
    munmap(done, sizeof *done);
}

int main(void) {
    /* Many repairs, each of which syncs; that costs nothing there, so that marks are many too. */
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    /* Mounts of our own, which end with the process whatever happens. */
    if (unshare(CLONE_NEWNS) == 0)
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, unmount)
    const struct CMUnitTest tests[] = {
        TEST(test_full),
        TEST(test_short_writes),
        TEST(test_failed_sync),
        TEST(test_kill),
    };
    return RUN_TESTS(tests);
}
