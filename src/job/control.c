/* What rank 0 decides while the work runs. */
#include "job/control.h"

#include <stdlib.h>

#include "base/memory.h"

/* How often progress is gathered. */
#define ROUND_SECONDS 0.1
/* How long the others may take to save what is done when a rank is lost. */
#define SAVE_SECONDS 2.0
/* After a signal a rank's silence is warned of so soon. */
#define UNANSWERED_SECONDS 0.7

/* What rank 0 knows of one rank. */
struct rank_state {
    struct report_line report; /* the last */
    struct order order;        /* the last that was sent */
    struct order next;         /* a parcel to be sent: taker, count */
    bool warned;               /* of its silence after a signal */
};

struct control {
    size_t n_ranks;
    struct rank_state *ranks;
    struct lease *lease;
    double hang_seconds;
    uint64_t rounds;     /* of progress, called */
    double round_called; /* when, the last */
    enum order_step command;
    int signal;
    double cancelled, abandoned; /* when */
    size_t lost;                 /* the rank that is abandoned */
};

enum status control_make(size_t ranks, double hang_seconds, struct control **out) {
    struct control *control;
    enum status status = memory_zeroed(1, sizeof *control, &control);
    *out = NULL;
    if (status != STATUS_OK)
        return status;
    control->n_ranks = ranks;
    control->hang_seconds = hang_seconds;
    control->lease = lease_make(ranks);
    status = control->lease ? STATUS_OK : STATUS_FAILED;
    status = status_worse(status, memory_zeroed(ranks, sizeof *control->ranks, &control->ranks));
    if (status == STATUS_OK)
        *out = control;
    else
        control_free(control);
    return status;
}

void control_free(struct control *control) {
    if (!control)
        return;
    lease_free(control->lease);
    free(control->ranks);
    free(control);
}

void control_start(struct control *control, double now) {
    control->rounds = 1;
    control->round_called = now;
    for (size_t r = 0; r < control->n_ranks; r++) {
        control->ranks[r].next.taker = -1;
        control->ranks[r].order.rounds = control->rounds;
    }
}

void control_hear(struct control *control, size_t rank, const struct report_line *report,
                  double now) {
    struct rank_state *state = &control->ranks[rank];
    state->report = *report;
    state->warned = false;
    lease_report(control->lease, rank, &report->stand, now);
    if (report->signal && !control->signal)
        control->signal = report->signal;
}

static bool all_ranks_finished(const struct control *control) {
    bool finished = true;
    for (size_t r = 0; r < control->n_ranks; r++)
        finished = finished && control->ranks[r].report.finished;
    return finished;
}

/* After a round in which all had finished nothing is left to show: with that one the work ends, so
 * that no round is open then. */
static void call_round(struct control *control, const struct control_view *view) {
    if (view->rounds < control->rounds || view->round_open || view->all_finished)
        return;
    if (!all_ranks_finished(control) && view->now - control->round_called < ROUND_SECONDS)
        return;
    control->round_called = view->now;
    control->rounds++;
}

static void raise_command(struct control *control, enum order_step command) {
    if (command > control->command)
        control->command = command;
}

static void choose_command(struct control *control, const struct control_view *view) {
    bool failed = view->failed;
    for (size_t r = 0; r < control->n_ranks; r++)
        failed = failed || control->ranks[r].report.status != STATUS_OK;
    if (lease_over(control->lease))
        raise_command(control, ORDER_CLOSE);
    if ((failed || control->signal) && control->command < ORDER_CANCEL) {
        control->command = ORDER_CANCEL;
        control->cancelled = view->now;
    }
    if (view->all_finished && lease_quiet(control->lease) && !view->counting)
        raise_command(control, ORDER_END);
}

static void match(struct control *control, double now) {
    struct lease_order order;
    while (control->command == ORDER_CONTINUE && lease_match(control->lease, now, &order)) {
        control->ranks[order.giver].next.taker = (int32_t)order.taker;
        control->ranks[order.giver].next.count = order.count;
    }
}

void control_decide(struct control *control, const struct control_view *view) {
    call_round(control, view);
    choose_command(control, view);
    match(control, view->now);
}

enum order_step control_command(const struct control *control) {
    return control->command;
}

bool control_order(struct control *control, size_t rank, struct order *order) {
    struct rank_state *state = &control->ranks[rank];
    struct order *sent = &state->order;
    bool news = sent->command != (int32_t)control->command || state->next.taker >= 0 ||
                sent->rounds != control->rounds;
    if (sent->command == ORDER_END || !news)
        return false;
    *sent = state->next;
    state->next.taker = -1;
    sent->command = (int32_t)control->command;
    sent->signal = control->signal;
    sent->rounds = control->rounds;
    *order = *sent;
    return true;
}

bool control_is_unanswered(struct control *control, size_t rank, double silence) {
    struct rank_state *state = &control->ranks[rank];
    if (!control->signal || state->report.last || state->warned || silence <= UNANSWERED_SECONDS)
        return false;
    state->warned = true;
    return true;
}

bool control_is_late(const struct control *control, double now, size_t *rank, double *seconds) {
    double late = now - control->cancelled;
    if (control->hang_seconds <= 0 || control->command != ORDER_CANCEL ||
        late < control->hang_seconds)
        return false;
    for (size_t r = 0; r < control->n_ranks; r++)
        if (!control->ranks[r].report.finished) {
            *rank = r;
            *seconds = late;
            return true;
        }
    return false;
}

void control_abandon(struct control *control, size_t rank, double now) {
    control->abandoned = now;
    control->lost = rank;
    raise_command(control, ORDER_ABANDON);
}

bool control_may_abort(const struct control *control, double now) {
    bool saved = true;
    for (size_t r = 0; r < control->n_ranks; r++)
        saved = saved && (control->ranks[r].report.saved || r == control->lost);
    return control->command == ORDER_ABANDON && (saved || now - control->abandoned >= SAVE_SECONDS);
}

bool control_all_left(const struct control *control) {
    bool left = true;
    for (size_t r = 0; r < control->n_ranks; r++)
        left = left && control->ranks[r].report.last;
    return left;
}
