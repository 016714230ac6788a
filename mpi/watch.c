/* A rank's main thread while the work runs: it alone calls MPI, and never waits for anything. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "job.h"
#include "leader.h"
#include "member.h"
#include "pulse.h"
#include "screen.h"
#include "signals.h"

/* How often it looks; more often where somebody may be waiting for an answer. */
enum { LOOK_MS = 25, QUICK_MS = 2 };

/* How long work that was cancelled may take to end before the job is aborted. */
#define SAVE_SECONDS 1.0
static void sleep_ms(long ms) {
    struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

/* Where rank 0 is lost: saves what is done and ends the job. */
static void watch_leader(struct member *member, double now) {
    struct job *job = member->job;
    double seconds;
    int rank;
    if (job->rank == 0 || !pulse_lost(job->pulse, now, &rank, &seconds))
        return;
    pulse_tell(job->pulse, rank, "gives no sign of life", seconds);
    verify_cancel(member->verify);
    while (!member->now.finished && pulse_clock() - now < SAVE_SECONDS) {
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

static void watch(struct member *member, struct leader *leader) {
    bool leading = leader != NULL;
    double now = pulse_clock();
    if (leader)
        leader_start(leader, member->progress, now);
    while (leading || !member->left) {
        if (!member->left)
            member_turn(member, now);
        if (leading)
            leading = leader_turn(leader, now);
        pulse_turn(member->job->pulse, now);
        watch_leader(member, now);
        sleep_ms(in_a_hurry(member) ? QUICK_MS : LOOK_MS);
        now = pulse_clock();
    }
    member->job->images_done = member->now.done;
    member->job->seconds = member->now.seconds;
    member->job->signal = member->order.signal;
}

/* Whether the work of any rank was in vain. */
static void share_vain(struct job *job, bool mine) {
    MPI_Request request;
    int own = mine, any = 0;
    MPI_Iallreduce(&own, &any, 1, MPI_INT, MPI_LOR, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    job->vain = any;
}

/* Said once, whichever ranks met it. */
static void warn_of_placing(struct job *job) {
    MPI_Request request;
    enum { LINKS, SHARED, COUNT };
    uint64_t mine[COUNT] = {0}, all[COUNT] = {0};
    if (job->placer) {
        mine[LINKS] = placer_fell_back(job->placer);
        mine[SHARED] = placer_shared(job->placer);
    }
    MPI_Ireduce(mine, all, COUNT, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    if (all[LINKS])
        screen_warning(job->screen, job->interface->prefix,
                       "%s cannot hold hard links to the images: symbolic links instead",
                       job->output);
    if (all[SHARED])
        screen_warning(job->screen, job->interface->prefix,
                       "%llu images share their file in %s/" PREDICTED_FOLDER
                       " with another, of which they differ in the suffix only: each file has the "
                       "predictions of one",
                       (unsigned long long)all[SHARED], job->output);
}

static struct verify_job describe(struct job *job) {
    return (struct verify_job){
        .interface = job->interface,
        .backend = job->backend,
        .judge = &job->judge,
        .classes = &job->classes,
        .thresholds = job->thresholds,
        .root = job->dataset.root,
        .extent = job->dataset.extent,
        .common = job->dataset.common,
        .placer = job->placer,
        .journal = job->journal,
        .redo = job->resumed,
        .save_txt = job->options.save_txt && job->interface,
        .imgsz = job->imgsz,
        .stride = (uint32_t)job->model.stride,
        .rect = job->options.rect,
        .readers = job->readers,
        .placers = job->placers,
        .slots = job->slots,
        .image_memory = (size_t)job->options.image_memory << 20,
        .stall_seconds = (double)job->options.hang_timeout,
    };
}

static enum status work_all(struct job *job) {
    enum status status;
    struct verify *verify = NULL;
    struct work *work = NULL;
    struct leader *leader = NULL;
    struct progress progress = {0};
    struct member member = {0};
    const struct verify_job description = describe(job);
    status = work_make(&job->share, &job->share_indices, &work);
    if (status == STATUS_OK && job->rank == 0)
        status = leader_make(job, &leader);
    if (status == STATUS_OK)
        status = progress_open(job, &progress);
    if (status == STATUS_OK)
        status = verify_start(&description, work, &job->tally, &verify);
    TRY(agree(job, status));
    member_start(&member, &progress, verify, work);
    watch(&member, leader);
    status = verify_join(verify, NULL);
    verify = NULL;
    status = status_worse(status, journal_close(&job->journal));
    if (status == STATUS_OK && member.error[0])
        status = FAIL(STATUS_FAILED, "%s", member.error);
    if (status == STATUS_OK && job->lock_status != STATUS_OK)
        status = FAIL(STATUS_FAILED, "%s", job->lock_message);
    share_vain(job, member.now.vain);
    TRY(agree(job, status));
    warn_of_placing(job);
out:
    if (verify) {
        verify_cancel(verify);
        verify_join(verify, NULL);
    }
    member_free(&member);
    leader_free(leader);
    progress_close(&progress);
    work_free(work);
    return status;
}

/* Label files without an image are counted beside the work: a large set has many folders. */
static void *count_orphans(void *argument) {
    struct job *job = argument;
    if (dataset_count_orphans(&job->dataset, &job->orphans_stop, &job->orphan_labels) != STATUS_OK)
        job->orphan_labels = 0;
    atomic_store(&job->orphans_counting, false);
    return NULL;
}

enum status job_verify(struct job *job) {
    enum status status;
    pthread_t orphans;
    bool counting = false;
    signals_keep(job->signals);
    if (job->rank == 0) {
        atomic_store(&job->orphans_counting, true);
        counting = pthread_create(&orphans, NULL, count_orphans, job) == 0;
        if (!counting)
            atomic_store(&job->orphans_counting, false);
    }
    status = work_all(job);
    atomic_store(&job->orphans_stop, true);
    if (counting)
        pthread_join(orphans, NULL);
    return status;
}
