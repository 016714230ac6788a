#include "pulse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/shown.h"
#include "base/silence.h"
#include "progress.h"
#include "screen.h"

#define BEAT_SECONDS 0.5
#define TURN_SECONDS 0.1
/* How much later than rank 1 the others find that rank 0 is lost, one after the other. */
#define STAGGER_FIRST   2.0
#define STAGGER_SECONDS 0.2
#define STAGGER_MOST    7.0

/* How long a process may take to end after it has found that another is lost. */
enum { END_SECONDS = 10 };

enum { HOST_BYTES = sizeof((struct job *)NULL)->host, LAST = -1 };

/* Prefix, rank, rank, host, what it does not do, seconds. */
#define LOST_RANK                                                                                  \
    "[%s %d] ERROR: rank %d on %s %s since %.0f s: what is done is kept, the same command with "   \
    "--resume goes on"

/* Beats to and from one rank. */
struct peer {
    struct silence silence;
    int32_t out, in;  /* seconds that the next step may take, or LAST: there will be no other */
    int32_t patience; /* with the peer's step */
    bool ended;       /* the last one has come */
    double sent;      /* when */
    MPI_Request sending, receiving;
};

struct pulse {
    struct job *job;
    MPI_Comm comm;
    char *hosts; /* of all ranks on rank 0, of rank 0 on the others; HOST_BYTES each; owned */
    int first;   /* rank of the first peer */
    size_t n_peers;
    struct peer *peers;
    double turned;   /* when */
    int32_t seconds; /* that the next step may take; 0: no more than any other */
    bool stopping;
};

double pulse_clock(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void pulse_free(struct pulse *pulse) {
    if (!pulse)
        return;
    if (pulse->comm != MPI_COMM_NULL)
        MPI_Comm_free(&pulse->comm);
    free(pulse->hosts);
    free(pulse->peers);
    free(pulse);
}

/* Makes room for the peers: all others on rank 0, rank 0 on the others. */
static enum status make(struct job *job, struct pulse **out) {
    enum status status;
    struct pulse *pulse = NULL;
    TRY(memory_zeroed(1, sizeof *pulse, &pulse));
    pulse->job = job;
    pulse->comm = MPI_COMM_NULL;
    pulse->first = job->rank == 0 ? 1 : 0;
    pulse->n_peers = job->rank == 0 ? (size_t)job->size - 1 : 1;
    status = memory_zeroed(pulse->n_peers, sizeof *pulse->peers, &pulse->peers);
    status = status_worse(
        status, memory_zeroed(job->rank == 0 ? (size_t)job->size : 1, HOST_BYTES, &pulse->hosts));
    *out = pulse;
out:
    return status;
}

static void share_hosts(struct pulse *pulse) {
    char *hosts = pulse->hosts;
    MPI_Gather(pulse->job->host, HOST_BYTES, MPI_CHAR, hosts, HOST_BYTES, MPI_CHAR, 0, pulse->comm);
    MPI_Bcast(hosts, HOST_BYTES, MPI_CHAR, 0, pulse->comm);
}

enum status pulse_start(struct job *job, struct pulse **out) {
    enum status status;
    struct pulse *pulse = NULL;
    *out = NULL;
    status = agree(job, make(job, &pulse));
    if (status != STATUS_OK || !pulse)
        goto out;
    MPI_Comm_dup(MPI_COMM_WORLD, &pulse->comm);
    share_hosts(pulse);
    double now = pulse_clock();
    for (size_t i = 0; i < pulse->n_peers; i++) {
        struct peer *peer = &pulse->peers[i];
        peer->sending = MPI_REQUEST_NULL;
        peer->sent = now;
        silence_break(&peer->silence, now);
        MPI_Irecv(&peer->in, 1, MPI_INT32_T, pulse->first + (int)i, 0, pulse->comm,
                  &peer->receiving);
    }
    *out = pulse;
    pulse = NULL;
out:
    pulse_free(pulse);
    return status;
}

static bool complete(MPI_Request *request) {
    int flag = 0;
    MPI_Test(request, &flag, MPI_STATUS_IGNORE);
    return flag != 0;
}

static void hear(struct pulse *pulse, size_t i, double now) {
    struct peer *peer = &pulse->peers[i];
    while (!peer->ended && complete(&peer->receiving)) {
        silence_break(&peer->silence, now);
        peer->ended = peer->in == LAST;
        peer->patience = peer->ended ? 0 : peer->in;
        if (!peer->ended)
            MPI_Irecv(&peer->in, 1, MPI_INT32_T, pulse->first + (int)i, 0, pulse->comm,
                      &peer->receiving);
    }
}

static void beat(struct pulse *pulse, size_t i, double now) {
    struct peer *peer = &pulse->peers[i];
    bool due = pulse->stopping || pulse->seconds || now - peer->sent >= BEAT_SECONDS;
    if (!complete(&peer->sending) || peer->out == LAST || !due)
        return;
    peer->out = pulse->stopping ? LAST : pulse->seconds;
    peer->sent = now;
    MPI_Isend(&peer->out, 1, MPI_INT32_T, pulse->first + (int)i, 0, pulse->comm, &peer->sending);
}

void pulse_turn(struct pulse *pulse, double now) {
    if (now - pulse->turned < TURN_SECONDS && !pulse->stopping && !pulse->seconds)
        return;
    pulse->turned = now;
    for (size_t i = 0; i < pulse->n_peers; i++) {
        hear(pulse, i, now);
        beat(pulse, i, now);
    }
}

static struct peer *find(struct pulse *pulse, int rank) {
    size_t i = (size_t)(rank - pulse->first);
    return rank >= pulse->first && i < pulse->n_peers ? &pulse->peers[i] : NULL;
}

void pulse_heard(struct pulse *pulse, int rank, double now) {
    struct peer *peer = find(pulse, rank);
    if (peer)
        silence_break(&peer->silence, now);
}

double pulse_silence(struct pulse *pulse, int rank, double now) {
    struct peer *peer = find(pulse, rank);
    return peer ? silence_look(&peer->silence, now) : 0;
}

/* Nothing is on its way any more, neither way. */
static bool is_done(const struct peer *peer) {
    return peer->ended && peer->out == LAST && peer->sending == MPI_REQUEST_NULL;
}

bool pulse_lost(struct pulse *pulse, double now, int *rank, double *seconds) {
    int own = pulse->job->rank;
    double limit = (double)pulse->job->options.hang_timeout;
    double stagger = own > 1 ? STAGGER_FIRST + STAGGER_SECONDS * (own - 2) : 0;
    bool lost = false;
    if (limit <= 0)
        return false;
    limit += stagger < STAGGER_MOST ? stagger : STAGGER_MOST;
    for (size_t i = 0; i < pulse->n_peers; i++) {
        struct peer *peer = &pulse->peers[i];
        double silence = silence_look(&peer->silence, now);
        if (lost || silence < limit + peer->patience || is_done(peer))
            continue;
        lost = true;
        *rank = pulse->first + (int)i;
        *seconds = silence;
    }
    return lost;
}

const char *pulse_host(const struct pulse *pulse, int rank) {
    return pulse->hosts + (size_t)rank * HOST_BYTES;
}

void pulse_tell(const struct pulse *pulse, int rank, const char *what, double seconds) {
    const struct job *job = pulse->job;
    const char *host = pulse_host(pulse, rank);
    /* What the other waits for may be the file system that this one writes to next. */
    alarm(END_SECONDS);
    if (!job->screen)
        line_print(stderr, LOST_RANK, job_prefix(job), rank, rank, host, what, seconds);
    else if (job->rank == 0)
        screen_error(job->screen, LOST_RANK, job_prefix(job), rank, rank, host, what, seconds);
    else
        screen_stand_in(job->screen, job->output, LOST_RANK, job_prefix(job), rank, rank, host,
                        what, seconds);
}

void pulse_announce(struct pulse *pulse, double seconds) {
    enum { MOST_SECONDS = 86400 };
    pulse->seconds = seconds < MOST_SECONDS ? (int32_t)seconds : MOST_SECONDS;
    pulse_turn(pulse, pulse_clock());
    pulse->seconds = 0;
}

/* A step; `now` is its time. */
static void step(struct pulse *pulse, double now) {
    double seconds;
    int rank;
    pulse_turn(pulse, now);
    if (!pulse_lost(pulse, now, &rank, &seconds))
        return;
    pulse_tell(pulse, rank, "gives no sign of life", seconds);
    abort_job();
}

void pulse_tick(struct pulse *pulse) {
    double now;
    if (pulse && (now = pulse_clock()) - pulse->turned >= TURN_SECONDS)
        step(pulse, now);
}

static bool is_over(const struct pulse *pulse) {
    for (size_t i = 0; i < pulse->n_peers; i++)
        if (!is_done(&pulse->peers[i]))
            return false;
    return true;
}

void pulse_stop(struct pulse **pulse) {
    if (!*pulse)
        return;
    (*pulse)->stopping = true;
    while (!is_over(*pulse)) {
        step(*pulse, pulse_clock());
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    pulse_free(*pulse);
    *pulse = NULL;
}
