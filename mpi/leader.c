#include "leader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "progress.h"
#include "pulse.h"
#include "screen.h"

/* How often progress is gathered. */
#define ROUND_SECONDS 0.1
/* How long the others may take to save what is done when a rank is lost. */
#define SAVE_SECONDS 2.0
/* After a signal a rank's silence is told of so soon: mpirun kills all of them before long, and
 * what it has sent signals for may be that one has died. */
#define SIGNAL_SECONDS 0.7

/* What rank 0 knows of one rank. */
struct peer {
    struct report_line coming, line; /* being received; as it was received last */
    struct order order;              /* as sent last */
    MPI_Request sending;
    struct order next; /* a parcel to be sent: taker, count */
    bool doubted;      /* its silence after a signal was told of */
};

struct leader {
    struct job *job;
    struct progress *progress;
    uint64_t rounds; /* called */
    double called;   /* when, the last */
    size_t n_peers;
    struct peer *peers;
    struct lease *lease;
    MPI_Request *receiving; /* [n_peers] persistent, one a rank */
    int *received;          /* [n_peers] room for MPI_Testsome */
    MPI_Status *statuses;   /* [n_peers] the same */
    size_t n_left;          /* ranks */
    enum command command;
    int signal;
    double abandoned, cancelled; /* when */
    size_t lost;                 /* the rank that is abandoned */
    double beat;                 /* of the lock */
};

enum status leader_make(struct job *job, struct leader **out) {
    enum status status;
    struct leader *leader = NULL;
    size_t n = (size_t)job->size;
    TRY(memory_zeroed(1, sizeof *leader, &leader));
    leader->job = job;
    leader->lease = lease_make(n);
    status = leader->lease ? STATUS_OK : STATUS_FAILED;
    status = status_worse(status, memory_zeroed(n, sizeof *leader->peers, &leader->peers));
    status = status_worse(status, memory_zeroed(n, sizeof(MPI_Request), &leader->receiving));
    status = status_worse(status, memory_zeroed(n, sizeof *leader->received, &leader->received));
    status = status_worse(status, memory_zeroed(n, sizeof *leader->statuses, &leader->statuses));
    if (status == STATUS_OK)
        *out = leader;
    else
        leader_free(leader);
out:
    return status;
}

void leader_start(struct leader *leader, struct progress *progress, double now) {
    leader->progress = progress;
    leader->rounds = 1; /* all begin it themselves */
    leader->called = now;
    leader->n_peers = (size_t)leader->job->size;
    leader->beat = now;
    for (size_t r = 0; r < leader->n_peers; r++) {
        struct peer *peer = &leader->peers[r];
        peer->sending = MPI_REQUEST_NULL;
        peer->next.taker = -1;
        peer->order.rounds = leader->rounds;
        MPI_Recv_init(&peer->coming, sizeof peer->coming, MPI_BYTE, (int)r, TAG_REPORT,
                      leader->job->progress_comm, &leader->receiving[r]);
        MPI_Start(&leader->receiving[r]);
    }
}

void leader_free(struct leader *leader) {
    if (!leader)
        return;
    for (size_t r = 0; r < leader->n_peers; r++)
        MPI_Request_free(&leader->receiving[r]);
    lease_free(leader->lease);
    free(leader->peers);
    free(leader->receiving);
    free(leader->received);
    free(leader->statuses);
    free(leader);
}

static void hear(struct leader *leader, size_t r, double now) {
    struct peer *peer = &leader->peers[r];
    const struct report_line *line = &peer->line;
    peer->line = peer->coming;
    pulse_heard(leader->job->pulse, (int)r, now);
    peer->doubted = false;
    lease_tell(leader->lease, r, &line->stand, now);
    if (line->signal && !leader->signal)
        leader->signal = line->signal;
    if (line->last)
        leader->n_left++;
    else
        MPI_Start(&leader->receiving[r]);
}

static void hear_all(struct leader *leader, double now) {
    int n = 0;
    MPI_Testsome((int)leader->n_peers, leader->receiving, &n, leader->received, leader->statuses);
    for (int i = 0; i < n; i++)
        hear(leader, (size_t)leader->received[i], now);
}

static void raise_command(struct leader *leader, enum command command) {
    if (command > leader->command)
        leader->command = command;
}

static void decide(struct leader *leader, double now) {
    struct job *job = leader->job;
    bool failed = job->lock_status != STATUS_OK;
    for (size_t r = 0; r < leader->n_peers; r++)
        failed = failed || leader->peers[r].line.status != STATUS_OK;
    if (lease_over(leader->lease))
        raise_command(leader, COMMAND_CLOSE);
    if ((failed || leader->signal) && leader->command < COMMAND_CANCEL) {
        leader->command = COMMAND_CANCEL;
        leader->cancelled = now;
        atomic_store(&job->orphans_stop, true);
    }
    if (leader->progress->finished && lease_quiet(leader->lease) &&
        !atomic_load(&job->orphans_counting))
        raise_command(leader, COMMAND_END);
}

/* After a round in which all had finished nothing is left to show: with that one the work ends, so
 * that no round is open then. */
static void call_round(struct leader *leader, double now) {
    const struct progress *progress = leader->progress;
    bool finished = true;
    if (progress->rounds < leader->rounds || progress->gathering != MPI_REQUEST_NULL ||
        progress->finished)
        return;
    for (size_t r = 0; r < leader->n_peers; r++)
        finished = finished && leader->peers[r].line.finished;
    if (!finished && now - leader->called < ROUND_SECONDS)
        return;
    leader->called = now;
    leader->rounds++;
}

static void match(struct leader *leader, double now) {
    struct lease_order order;
    while (leader->command == COMMAND_CONTINUE && lease_match(leader->lease, now, &order)) {
        leader->peers[order.giver].next.taker = (int32_t)order.taker;
        leader->peers[order.giver].next.count = order.count;
    }
}

static void order_all(struct leader *leader) {
    for (size_t r = 0; r < leader->n_peers; r++) {
        struct peer *peer = &leader->peers[r];
        int gone = 1;
        if (peer->sending != MPI_REQUEST_NULL)
            MPI_Test(&peer->sending, &gone, MPI_STATUS_IGNORE);
        bool news = peer->order.command != (int32_t)leader->command || peer->next.taker >= 0 ||
                    peer->order.rounds != leader->rounds;
        if (!gone || peer->order.command == COMMAND_END || !news)
            continue;
        peer->order = peer->next;
        peer->next.taker = -1;
        peer->order.command = (int32_t)leader->command;
        peer->order.signal = leader->signal;
        peer->order.rounds = leader->rounds;
        MPI_Issend(&peer->order, sizeof peer->order, MPI_BYTE, (int)r, TAG_ORDER,
                   leader->job->progress_comm, &peer->sending);
    }
}

/* A sign of life in the lock of the output folder. */
static void beat(struct leader *leader, double now) {
    struct job *job = leader->job;
    if (!job->lock || job->lock_status != STATUS_OK || now - leader->beat < RUN_LOCK_BEAT_SECONDS)
        return;
    leader->beat = now;
    job->lock_status = run_lock_beat(job->lock);
    if (job->lock_status != STATUS_OK)
        snprintf(job->lock_message, sizeof job->lock_message, "%s", status_message());
}

static void abandon(struct leader *leader, int r, const char *what, double seconds, double now) {
    pulse_tell(leader->job->pulse, r, what, seconds);
    leader->abandoned = now;
    leader->lost = (size_t)r;
    raise_command(leader, COMMAND_ABANDON);
}

/* After a signal a silent rank is told of before mpirun kills all of them. */
static void doubt(struct leader *leader, double now) {
    struct job *job = leader->job;
    for (size_t r = 0; leader->signal && r < leader->n_peers; r++) {
        struct peer *peer = &leader->peers[r];
        if (peer->line.last || peer->doubted ||
            pulse_silence(job->pulse, (int)r, now) <= SIGNAL_SECONDS)
            continue;
        peer->doubted = true;
        screen_line(job->screen, "[%s %d] WARNING: rank %d on %s does not answer", job_prefix(job),
                    (int)r, (int)r, pulse_host(job->pulse, (int)r));
    }
}

/* Ends the job where a rank is silent for too long, or does not end though it should. */
static void watch_ranks(struct leader *leader, double now) {
    struct job *job = leader->job;
    double limit = (double)job->options.hang_timeout, seconds;
    int rank;
    if (leader->command == COMMAND_ABANDON)
        return;
    if (pulse_lost(job->pulse, now, &rank, &seconds)) {
        abandon(leader, rank, "gives no sign of life", seconds, now);
        return;
    }
    if (limit <= 0 || leader->command != COMMAND_CANCEL || now - leader->cancelled < limit)
        return;
    for (size_t r = 0; r < leader->n_peers; r++)
        if (!leader->peers[r].line.finished) {
            abandon(leader, (int)r, "does not stop", now - leader->cancelled, now);
            return;
        }
}

static void abort_when_saved(struct leader *leader, double now) {
    bool saved = true;
    for (size_t r = 0; r < leader->n_peers; r++)
        saved = saved && (leader->peers[r].line.saved || r == leader->lost);
    if (saved || now - leader->abandoned >= SAVE_SECONDS)
        abort_job();
}

static bool all_gone(const struct leader *leader) {
    bool gone = leader->n_left == leader->n_peers;
    for (size_t r = 0; r < leader->n_peers; r++)
        gone = gone && leader->peers[r].sending == MPI_REQUEST_NULL;
    return gone;
}

bool leader_turn(struct leader *leader, double now) {
    hear_all(leader, now);
    call_round(leader, now);
    decide(leader, now);
    match(leader, now);
    order_all(leader);
    beat(leader, now);
    doubt(leader, now);
    watch_ranks(leader, now);
    if (leader->command == COMMAND_ABANDON)
        abort_when_saved(leader, now);
    return !all_gone(leader);
}
