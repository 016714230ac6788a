/* What rank 0 decides while the work runs: who gives images to whom, when progress is gathered,
 * when the work ends and how, who does not answer. It is told what ranks report, and says what they
 * are to be ordered. Knows no MPI, and no clock but the times it is given (seconds of one steady
 * clock). */
#ifndef VERIFY_JOB_CONTROL_H
#define VERIFY_JOB_CONTROL_H

#include "job/orders.h"

struct control;

/* Begins with the first round of progress called, which all ranks begin themselves. `hang_seconds`:
 * how long ranks may take to end when they are to; 0: for ever. On failure *out is NULL. */
enum status control_make(size_t ranks, double hang_seconds, struct control **out);
void control_free(struct control *control); /* NULL is fine */
void control_start(struct control *control, double now);

/* A rank's report has come. */
void control_hear(struct control *control, size_t rank, const struct report_line *report,
                  double now);

/* What else rank 0 sees at a moment. */
struct control_view {
    double now;
    bool failed;       /* rank 0 itself must stop: the lock of the output is lost */
    bool counting;     /* something else goes on that all must wait for */
    uint64_t rounds;   /* of progress, begun by this rank */
    bool round_open;   /* the last of them is not complete */
    bool all_finished; /* in the last complete round all ranks had finished */
};

/* Calls a round of progress, raises the command, and matches ranks that give with ranks that take,
 * as is due. */
void control_decide(struct control *control, const struct control_view *view);

/* What all ranks are to do now, whether or not it has been ordered yet. */
enum order_step control_command(const struct control *control);

/* Whether something is to be said to a rank that it has not been told; if so *order is that, and
 * counts as sent. Not while an order to it is still on its way. */
bool control_order(struct control *control, size_t rank, struct order *order);

/* Whether a rank's silence is to be warned of: after a signal, once until it is heard again. mpirun
 * kills all of them before long, and what it has sent signals for may be that one has died. */
bool control_is_unanswered(struct control *control, size_t rank, double silence);

/* Whether a rank should have ended `hang_seconds` ago; if so which, and for how many seconds it was
 * to. */
bool control_is_late(const struct control *control, double now, size_t *rank, double *seconds);

/* A rank is lost: the others are to bring to the disk what is done. */
void control_abandon(struct control *control, size_t rank, double now);
/* Whether they have, or have had the time to. */
bool control_may_abort(const struct control *control, double now);

/* Whether all ranks have sent their last report. */
bool control_all_left(const struct control *control);

#endif
