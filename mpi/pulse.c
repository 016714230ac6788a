/* Signs of life between rank 0 and the others. */
#include "pulse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/shown.h"
#include "ending.h"
#include "job/liveness.h"

/* How often a sign of life is given, and how often looked for. */
#define BEAT_SECONDS 0.5
#define TURN_SECONDS 0.1

/* How long a process may take to end after it has found that another is lost. */
enum { END_SECONDS = 10 };

/* In place of the seconds that the next step may take: there will be no other. */
enum { LAST = -1 };

/* Prefix, rank, rank, host, what it has not done, seconds. */
#define LOST_RANK                                                                                  \
    "[%s %d] ERROR: rank %d on %s %s for %.0f s: what is done is kept, the same command with "     \
    "--resume goes on"

/* Beats to and from one rank. */
struct peer {
    int32_t out, in; /* seconds that the next step may take, or LAST */
    bool ended;      /* the last one has come */
    double sent;     /* when */
    MPI_Request sending, receiving;
};

struct pulse {
    const struct ranks *ranks;
    double hang_seconds;
    const char *prefix;
    struct screen *screen; /* NULL: not yet open */
    MPI_Comm comm;
    char *hosts; /* of all ranks on rank 0, of rank 0 on the others; HOST_BYTES each; owned */
    int first;   /* rank of the first peer */
    size_t n_peers;
    struct peer *peers;        /* all others on rank 0, rank 0 on the others; owned */
    struct listened *listened; /* [n_peers] how long each has been silent; owned */
    double turned;             /* when */
    int32_t seconds;           /* that the next step may take; 0: no more than any other */
    bool stopping;
};

static void pulse_free(struct pulse *pulse) {
    if (!pulse)
        return;
    if (pulse->comm != MPI_COMM_NULL)
        MPI_Comm_free(&pulse->comm);
    free(pulse->hosts);
    free(pulse->peers);
    free(pulse->listened);
    free(pulse);
}

static enum status make(const struct ranks *ranks, struct pulse **out) {
    enum status status;
    struct pulse *pulse = NULL;
    bool first = ranks->rank == 0;
    TRY(memory_zeroed(1, sizeof *pulse, &pulse));
    pulse->ranks = ranks;
    pulse->comm = MPI_COMM_NULL;
    pulse->first = first ? 1 : 0;
    pulse->n_peers = first ? (size_t)ranks->size - 1 : 1;
    status = memory_zeroed(pulse->n_peers, sizeof *pulse->peers, &pulse->peers);
    status = status_worse(status,
                          memory_zeroed(pulse->n_peers, sizeof *pulse->listened, &pulse->listened));
    status = status_worse(
        status, memory_zeroed(first ? (size_t)ranks->size : 1, HOST_BYTES, &pulse->hosts));
    *out = pulse;
out:
    return status;
}

static void share_hosts(struct pulse *pulse) {
    char *hosts = pulse->hosts;
    MPI_Gather(pulse->ranks->host, HOST_BYTES, MPI_CHAR, hosts, HOST_BYTES, MPI_CHAR, 0,
               pulse->comm);
    MPI_Bcast(hosts, HOST_BYTES, MPI_CHAR, 0, pulse->comm);
}

enum status pulse_start(struct ranks *ranks, double hang_seconds, const char *prefix) {
    enum status status;
    struct pulse *pulse = NULL;
    status = agree(ranks, make(ranks, &pulse));
    if (status != STATUS_OK || !pulse)
        goto out;
    pulse->hang_seconds = hang_seconds;
    pulse->prefix = prefix;
    MPI_Comm_dup(MPI_COMM_WORLD, &pulse->comm);
    share_hosts(pulse);
    double now = clock_seconds();
    for (size_t i = 0; i < pulse->n_peers; i++) {
        struct peer *peer = &pulse->peers[i];
        peer->sending = MPI_REQUEST_NULL;
        peer->sent = now;
        silence_break(&pulse->listened[i].silence, now);
        MPI_Irecv(&peer->in, 1, MPI_INT32_T, pulse->first + (int)i, 0, pulse->comm,
                  &peer->receiving);
    }
    ranks->pulse = pulse;
    pulse = NULL;
out:
    pulse_free(pulse);
    return status;
}

void pulse_set_screen(struct pulse *pulse, struct screen *screen) {
    pulse->screen = screen;
}

static bool complete(MPI_Request *request) {
    int flag = 0;
    MPI_Test(request, &flag, MPI_STATUS_IGNORE);
    return flag != 0;
}

static void hear(struct pulse *pulse, size_t i, double now) {
    struct peer *peer = &pulse->peers[i];
    struct listened *listened = &pulse->listened[i];
    while (!peer->ended && complete(&peer->receiving)) {
        silence_break(&listened->silence, now);
        peer->ended = peer->in == LAST;
        listened->patience = peer->ended ? 0 : peer->in;
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

static struct listened *find(struct pulse *pulse, int rank) {
    size_t i = (size_t)(rank - pulse->first);
    return rank >= pulse->first && i < pulse->n_peers ? &pulse->listened[i] : NULL;
}

void pulse_heard(struct pulse *pulse, int rank, double now) {
    struct listened *listened = find(pulse, rank);
    if (listened)
        silence_break(&listened->silence, now);
}

double pulse_silence(struct pulse *pulse, int rank, double now) {
    struct listened *listened = find(pulse, rank);
    return listened ? silence_measure(&listened->silence, now) : 0;
}

/* Nothing is on its way any more, neither way. */
static bool is_done(const struct peer *peer) {
    return peer->ended && peer->out == LAST && peer->sending == MPI_REQUEST_NULL;
}

bool pulse_lost(struct pulse *pulse, double now, int *rank, double *seconds) {
    if (pulse->hang_seconds <= 0)
        return false;
    for (size_t i = 0; i < pulse->n_peers; i++)
        pulse->listened[i].done = is_done(&pulse->peers[i]);
    size_t lost =
        liveness_lost(pulse->listened, pulse->n_peers,
                      liveness_limit(pulse->ranks->rank, pulse->hang_seconds), now, seconds);
    *rank = pulse->first + (int)lost;
    return lost < pulse->n_peers;
}

const char *pulse_host(const struct pulse *pulse, int rank) {
    return pulse->hosts + (size_t)rank * HOST_BYTES;
}

void pulse_print_lost(const struct pulse *pulse, int rank, const char *what, double seconds) {
    const char *host = pulse_host(pulse, rank);
    /* What the other waits for may be the file system that this one writes to next. */
    ending_alarm(END_SECONDS);
    if (!pulse->screen)
        line_print(stderr, LOST_RANK, pulse->prefix, rank, rank, host, what, seconds);
    else if (pulse->ranks->rank == 0)
        screen_error(pulse->screen, LOST_RANK, pulse->prefix, rank, rank, host, what, seconds);
    else
        screen_stand_in(pulse->screen, LOST_RANK, pulse->prefix, rank, rank, host, what, seconds);
}

void pulse_announce(struct pulse *pulse, double seconds) {
    if (!pulse)
        return;
    pulse->seconds = liveness_patience(seconds);
    pulse_turn(pulse, clock_seconds());
    pulse->seconds = 0;
}

/* A step; `now` is its time. */
static void step(struct pulse *pulse, double now) {
    double seconds;
    int rank;
    pulse_turn(pulse, now);
    if (!pulse_lost(pulse, now, &rank, &seconds))
        return;
    pulse_print_lost(pulse, rank, "has given no sign of life", seconds);
    abort_job();
}

void pulse_tick(struct pulse *pulse) {
    double now;
    if (pulse && (now = clock_seconds()) - pulse->turned >= TURN_SECONDS)
        step(pulse, now);
}

static bool is_over(const struct pulse *pulse) {
    for (size_t i = 0; i < pulse->n_peers; i++)
        if (!is_done(&pulse->peers[i]))
            return false;
    return true;
}

void pulse_stop(struct ranks *ranks) {
    struct pulse *pulse = ranks->pulse;
    if (!pulse)
        return;
    pulse->stopping = true;
    while (!is_over(pulse)) {
        step(pulse, clock_seconds());
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    pulse_free(pulse);
    ranks->pulse = NULL;
}
