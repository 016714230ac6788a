/* A rank's main thread while the work runs: it alone calls MPI, and never waits for anything. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "job.h"
#include "leader.h"
#include "member.h"
#include "screen.h"

/* How often it looks; more often where somebody may be waiting for an answer. */
enum { LOOK_MS = 10, QUICK_MS = 2 };

/* How long work that was cancelled may take to end before the job is aborted. */
#define SAVE_SECONDS 1.0
/* Rank 1 says that rank 0 is silent, and ends the job; the others only where it does not, one after
 * the other. */
#define STAGGER_FIRST   (2 * SAVE_SECONDS)
#define STAGGER_SECONDS 0.2
#define STAGGER_MOST    7.0

static void sleep_ms(long ms) {
    struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

static double seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Rank 0 is lost: saves what is done and ends the job. Returns where it is not. */
static void watch_leader(struct member *member, const char *host, double now) {
    struct job *job = member->job;
    double limit = (double)job->options.hang_timeout;
    double stagger = job->rank > 1 ? STAGGER_FIRST + STAGGER_SECONDS * (job->rank - 2) : 0;
    double seconds = silence_look(&member->leader, now);
    if (job->rank == 0 || limit <= 0 ||
        seconds < limit + (stagger < STAGGER_MOST ? stagger : STAGGER_MOST))
        return;
    screen_stand_in(job->screen, job->output, LOST_RANK, job_prefix(job), 0, 0, host,
                    "gives no sign of life", seconds);
    verify_cancel(member->verify);
    while (!member->now.finished && seconds_now() - now < SAVE_SECONDS) {
        sleep_ms(LOOK_MS);
        verify_poll(member->verify, &member->now);
    }
    if (job->journal && journal_sync(job->journal) != STATUS_OK)
        screen_own(job->screen, "[%s %d] ERROR: %s", job_prefix(job), job->rank, status_message());
    abort_job();
}

static bool in_a_hurry(const struct member *member) {
    return member->now.left == 0 || member->mine.signal || member->order.command;
}

static void watch(struct member *member, struct leader *leader, const char *hosts) {
    bool leading = leader != NULL;
    double now = seconds_now();
    if (leader)
        leader_start(leader, member->progress, now);
    while (leading || !member->left) {
        if (!member->left)
            member_turn(member, now);
        if (leading)
            leading = leader_turn(leader, now);
        watch_leader(member, hosts, now);
        sleep_ms(in_a_hurry(member) ? QUICK_MS : LOOK_MS);
        now = seconds_now();
    }
    member->job->images_done = member->now.done;
    member->job->seconds = member->now.seconds;
    member->job->signal = member->order.signal;
}

/* The hosts of all ranks, HOST_BYTES each, on rank 0; rank 0's on the others. */
static enum status share_hosts(const struct job *job, char **hosts) {
    size_t n = job->rank == 0 ? (size_t)job->size : 1;
    char mine[HOST_BYTES] = "";
    memcpy(mine, job->host, strnlen(job->host, sizeof mine - 1));
    enum status status = agree(MPI_COMM_WORLD, memory_zeroed(n, HOST_BYTES, hosts));
    if (status != STATUS_OK)
        return status;
    MPI_Gather(mine, HOST_BYTES, MPI_CHAR, *hosts, HOST_BYTES, MPI_CHAR, 0, MPI_COMM_WORLD);
    MPI_Bcast(*hosts, HOST_BYTES, MPI_CHAR, 0, MPI_COMM_WORLD);
    return STATUS_OK;
}

/* Said once, whichever ranks met it. */
static void warn_of_links(struct job *job) {
    int mine = job->placer && placer_fell_back(job->placer), any = 0;
    MPI_Reduce(&mine, &any, 1, MPI_INT, MPI_LOR, 0, MPI_COMM_WORLD);
    if (any)
        screen_warning(job->screen, job->interface->prefix,
                       "%s cannot hold hard links to the images: symbolic links instead",
                       job->output);
}

static struct verify_job describe(struct job *job) {
    return (struct verify_job){
        .interface = job->interface,
        .backend = job->backend,
        .judge = &job->judge,
        .classes = &job->classes,
        .thresholds = job->thresholds,
        .root = job->dataset.root,
        .placer = job->placer,
        .journal = job->journal,
        .save_json = job->options.save_json && job->interface,
        .redo = job->resumed,
        .save_txt = job->options.save_txt && job->interface,
        .imgsz = job->imgsz,
        .stride = (uint32_t)job->model.stride,
        .rect = job->options.rect,
        .readers = job->readers,
        .placers = job->placers,
        .slots = job->slots,
        .stall_seconds = (double)job->options.hang_timeout,
    };
}

enum status job_verify(struct job *job) {
    enum status status;
    struct verify *verify = NULL;
    struct work *work = NULL;
    struct leader *leader = NULL;
    struct progress progress = {0};
    struct member member = {0};
    char *hosts = NULL;
    const struct verify_job description = describe(job);
    TRY(share_hosts(job, &hosts));
    status = work_make(&job->share, &job->share_indices, &work);
    if (status == STATUS_OK && job->rank == 0)
        status = leader_make(job, hosts, &leader);
    if (status == STATUS_OK)
        status = progress_open(job, &progress);
    if (status == STATUS_OK)
        status = verify_start(&description, work, &job->tally, &verify);
    TRY(agree(MPI_COMM_WORLD, status));
    member_start(&member, &progress, verify, work, seconds_now());
    watch(&member, leader, hosts);
    status = verify_join(verify, NULL);
    verify = NULL;
    status = status_worse(status, journal_close(&job->journal));
    if (status == STATUS_OK && member.error[0])
        status = FAIL(STATUS_FAILED, "%s", member.error);
    if (status == STATUS_OK && job->lock_status != STATUS_OK)
        status = FAIL(STATUS_FAILED, "%s", job->lock_message);
    TRY(agree(MPI_COMM_WORLD, status));
    warn_of_links(job);
out:
    if (verify) {
        verify_cancel(verify);
        verify_join(verify, NULL);
    }
    member_free(&member);
    leader_free(leader);
    progress_close(&progress);
    work_free(work);
    free(hosts);
    return status;
}
