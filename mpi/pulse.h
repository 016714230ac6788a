/* Whether all ranks are alive, from the start of the work until the end of the run. Rank 0 and each
 * other rank give each other a sign of life twice a second, wherever their main threads are: while
 * the work runs (watch.c), where they wait for each other (wait_for), and at each step of what a
 * rank has to do on its own (pulse_tick). Who makes no step for --hang-timeout seconds is lost. */
#ifndef VERIFY_MPI_PULSE_H
#define VERIFY_MPI_PULSE_H

#include "ranks.h"
#include "screen.h"

/* Collective: from now on ranks->pulse watches over `ranks`, which must outlive it. `hang_seconds`:
 * how long a rank may make no step; 0: for ever. `prefix`: screen_prefix's. On failure ranks->pulse
 * stays NULL. */
enum status pulse_start(struct ranks *ranks, double hang_seconds, const char *prefix);
/* Collective: all have passed a barrier before it. ranks->pulse becomes NULL; NULL is fine. */
void pulse_stop(struct ranks *ranks);

/* Where the line on a lost rank goes; until then to standard error. */
void pulse_set_screen(struct pulse *pulse, struct screen *screen);

/* Hears and gives signs of life, several times a second however often it is called; never waits. */
void pulse_turn(struct pulse *pulse, double now);

/* Something else came from a rank: a sign of life. */
void pulse_heard(struct pulse *pulse, int rank, double now);
/* Seconds since the last sign of a rank's life: on rank 0 of any other, on the others of rank 0. To
 * be asked several times a second (src/base/silence.h). */
double pulse_silence(struct pulse *pulse, int rank, double now);

/* Whether a rank is lost: on rank 0 any other, on the others rank 0; if so, which, and its silence.
 * Rank 1 finds that first, to speak for all; the others only where it is lost, too. */
bool pulse_lost(struct pulse *pulse, double now, int *rank, double *seconds);

/* The ERROR line on a rank that is lost; `what` it has not done. The job must be aborted then:
 * within seconds this process ends, whatever it waits for. */
void pulse_print_lost(const struct pulse *pulse, int rank, const char *what, double seconds);

/* On rank 0 of any rank, on the others of rank 0. */
const char *pulse_host(const struct pulse *pulse, int rank);

/* The next step of this rank may take so many seconds more than --hang-timeout: one that cannot be
 * divided, but whose size is known. NULL is fine. */
void pulse_announce(struct pulse *pulse, double seconds);

/* A step of what a rank does on its own; often costs no more than a look at the clock. Does not
 * return where a rank is lost: the job is aborted. NULL is fine. */
void pulse_tick(struct pulse *pulse);

#endif
