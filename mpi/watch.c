/* A rank's main thread while the work runs: it alone calls MPI, and never waits for anything. */
#include <time.h>

#include "base/clock.h"
#include "leader.h"
#include "member.h"
#include "pulse.h"
#include "stages.h"
#include "warnings.h"

/* Where rank 0 is lost: how long this rank's work may take to stop. */
#define STOP_SECONDS 1.0
enum { STOP_PAUSE_MS = 25 };

static void sleep_ms(long ms) {
    struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

/* Where rank 0 is lost: saves what is done and ends the job. */
static void watch_leader(struct member *member, struct screen *screen, double now) {
    const struct ranks *ranks = member->ranks;
    double seconds;
    int rank;
    if (ranks->rank == 0 || !pulse_lost(ranks->pulse, now, &rank, &seconds))
        return;
    pulse_print_lost(ranks->pulse, rank, "has given no sign of life", seconds);
    verify_cancel(member->verify);
    while (!member->now.finished && clock_seconds() - now < STOP_SECONDS) {
        sleep_ms(STOP_PAUSE_MS);
        verify_poll(member->verify, &member->now);
    }
    if (member->journal && journal_sync(member->journal) != STATUS_OK)
        screen_own(screen, "[%s %d] ERROR: %s", screen_prefix(screen), ranks->rank,
                   status_message());
    abort_job();
}

static void watch(struct member *member, struct leader *leader, struct screen *screen) {
    bool leading = leader != NULL;
    double now = clock_seconds();
    if (leader)
        leader_start(leader, member->progress, now);
    while (leading || !member->left) {
        if (!member->left)
            member_turn(member, now);
        if (leading)
            leading = leader_turn(leader, now);
        pulse_turn(member->ranks->pulse, now);
        watch_leader(member, screen, now);
        sleep_ms(turn_pause_ms(&member->mine, &member->order));
        now = clock_seconds();
    }
}

/* Whether the work of any rank was in vain. */
static bool share_vain(const struct ranks *ranks, bool mine) {
    MPI_Request request;
    int own = mine, any = 0;
    MPI_Iallreduce(&own, &any, 1, MPI_INT, MPI_LOR, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    return any;
}

/* What threads, the journal and the lock say once the work has ended. */
static enum status end_work(struct verify *verify, const struct member *member, struct run *run) {
    enum status status = verify_join(verify, NULL);
    status = status_worse(status, journal_close(&run->journal));
    if (status == STATUS_OK && member->error[0])
        status = FAIL(STATUS_FAILED, "%s", member->error);
    if (status == STATUS_OK && run->lock_status != STATUS_OK)
        status = FAIL(STATUS_FAILED, "%s", run->lock_message);
    return status;
}

enum status work_all(const struct ranks *ranks, const struct rank_work *rank_work, struct run *run,
                     struct share *share, struct totals *totals) {
    enum status status;
    struct verify *verify = NULL;
    struct work *work = NULL;
    struct leader *leader = NULL;
    struct progress progress = {0};
    struct member member = {0};
    struct screen *screen = rank_work->screen;
    status = work_make(&share->images, &share->indices, &work);
    if (status == STATUS_OK && ranks->rank == 0)
        status =
            leader_make(ranks, run, rank_work->orphans, screen, rank_work->hang_seconds, &leader);
    if (status == STATUS_OK)
        status = progress_open(ranks, screen, &progress);
    if (status == STATUS_OK)
        status = verify_start(rank_work->verify, work, &totals->tally, &verify);
    TRY(agree(ranks, status));
    member_start(&member, &progress, rank_work->signals, run->journal, verify, work);
    watch(&member, leader, screen);
    totals->images_done = member.now.done;
    totals->seconds = member.now.seconds;
    totals->signal = member.order.signal;
    totals->failure_shown = progress.failure_shown;
    status = end_work(verify, &member, run);
    verify = NULL;
    totals->vain = share_vain(ranks, member.now.vain);
    TRY(agree(ranks, status));
    warn_of_placing(ranks, run->placer, run->output, screen);
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
