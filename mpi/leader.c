/* Rank 0's side of the messages with all ranks. */
#include "leader.h"

#include <stdlib.h>

#include "base/memory.h"
#include "job/control.h"
#include "messages.h"
#include "pulse.h"

/* What is on its way from one rank and to it. */
struct channel {
    struct report_line report;
    struct order order;
    MPI_Request sending;
};

struct leader {
    const struct ranks *ranks;
    struct run *run;
    struct orphans *orphans;
    struct screen *screen;
    const struct progress *progress;
    struct control *control;
    size_t n_started;         /* of receiving: all or none */
    MPI_Request *receiving;   /* [ranks] persistent, one a rank; owned, as what follows */
    struct channel *channels; /* [ranks] */
    int *received;            /* [ranks] room for MPI_Testsome */
    MPI_Status *statuses;     /* [ranks] the same */
};

enum status leader_make(const struct ranks *ranks, struct run *run, struct orphans *orphans,
                        struct screen *screen, double hang_seconds, struct leader **out) {
    enum status status;
    struct leader *leader = NULL;
    size_t n = (size_t)ranks->size;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *leader, &leader));
    leader->ranks = ranks;
    leader->run = run;
    leader->orphans = orphans;
    leader->screen = screen;
    status = control_make(n, hang_seconds, &leader->control);
    status = status_worse(status, memory_zeroed(n, sizeof *leader->channels, &leader->channels));
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
    leader->n_started = (size_t)leader->ranks->size;
    control_start(leader->control, now);
    run_beat_start(leader->run, now);
    for (size_t r = 0; r < leader->n_started; r++) {
        struct channel *channel = &leader->channels[r];
        channel->sending = MPI_REQUEST_NULL;
        MPI_Recv_init(&channel->report, sizeof channel->report, MPI_BYTE, (int)r, TAG_REPORT,
                      leader->ranks->work_comm, &leader->receiving[r]);
        MPI_Start(&leader->receiving[r]);
    }
}

void leader_free(struct leader *leader) {
    if (!leader)
        return;
    for (size_t r = 0; r < leader->n_started; r++)
        MPI_Request_free(&leader->receiving[r]);
    control_free(leader->control);
    free(leader->channels);
    free(leader->receiving);
    free(leader->received);
    free(leader->statuses);
    free(leader);
}

static void hear(struct leader *leader, size_t r, double now) {
    const struct report_line *report = &leader->channels[r].report;
    pulse_heard(leader->ranks->pulse, (int)r, now);
    control_hear(leader->control, r, report, now);
    if (!report->last)
        MPI_Start(&leader->receiving[r]);
}

static void hear_all(struct leader *leader, double now) {
    int n = 0;
    MPI_Testsome(leader->ranks->size, leader->receiving, &n, leader->received, leader->statuses);
    for (int i = 0; i < n; i++)
        hear(leader, (size_t)leader->received[i], now);
}

static void decide(struct leader *leader, double now) {
    const struct progress *progress = leader->progress;
    const struct control_view view = {
        .now = now,
        .failed = leader->run->lock_status != STATUS_OK,
        .counting = orphans_counting(leader->orphans),
        .rounds = progress->rounds,
        .round_open = progress_is_open(progress),
        .all_finished = progress->all_finished,
    };
    control_decide(leader->control, &view);
    if (control_command(leader->control) == ORDER_CANCEL)
        orphans_stop(leader->orphans);
}

static bool is_sent(struct channel *channel) {
    int sent = 1;
    if (channel->sending != MPI_REQUEST_NULL)
        MPI_Test(&channel->sending, &sent, MPI_STATUS_IGNORE);
    return sent != 0;
}

static void order_all(struct leader *leader) {
    for (int r = 0; r < leader->ranks->size; r++) {
        struct channel *channel = &leader->channels[r];
        if (is_sent(channel) && control_order(leader->control, (size_t)r, &channel->order))
            MPI_Issend(&channel->order, sizeof channel->order, MPI_BYTE, r, TAG_ORDER,
                       leader->ranks->work_comm, &channel->sending);
    }
}

static void warn_of_silence(struct leader *leader, double now) {
    struct pulse *pulse = leader->ranks->pulse;
    for (int r = 0; r < leader->ranks->size; r++)
        if (control_is_unanswered(leader->control, (size_t)r, pulse_silence(pulse, r, now)))
            screen_line(leader->screen, "[%s %d] WARNING: rank %d on %s does not answer",
                        screen_prefix(leader->screen), r, r, pulse_host(pulse, r));
}

/* Ends the job where a rank is silent for too long, or does not end though it should. */
static void watch_ranks(struct leader *leader, double now) {
    struct pulse *pulse = leader->ranks->pulse;
    const char *what = NULL;
    double seconds;
    size_t late;
    int rank;
    if (control_command(leader->control) == ORDER_ABANDON)
        return;
    if (pulse_lost(pulse, now, &rank, &seconds)) {
        what = "has given no sign of life";
    } else if (control_is_late(leader->control, now, &late, &seconds)) {
        what = "has not stopped";
        rank = (int)late;
    }
    if (!what)
        return;
    pulse_print_lost(pulse, rank, what, seconds);
    control_abandon(leader->control, (size_t)rank, now);
}

static bool all_gone(const struct leader *leader) {
    bool gone = control_all_left(leader->control);
    for (int r = 0; r < leader->ranks->size; r++)
        gone = gone && leader->channels[r].sending == MPI_REQUEST_NULL;
    return gone;
}

bool leader_turn(struct leader *leader, double now) {
    hear_all(leader, now);
    decide(leader, now);
    order_all(leader);
    run_beat(leader->run, now);
    warn_of_silence(leader, now);
    watch_ranks(leader, now);
    if (control_may_abort(leader->control, now))
        abort_job();
    return !all_gone(leader);
}
