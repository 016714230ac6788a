/* Rank 0's side of the messages with all ranks: hears them, and orders what src/job/control.h
 * decides. */
#ifndef VERIFY_MPI_LEADER_H
#define VERIFY_MPI_LEADER_H

#include "job/orphans.h"
#include "progress.h"
#include "run.h"

struct leader;

/* `run`: its lock gets a sign of life now and then. `orphans` are stopped where the work ends
 * early, and waited for where not. `hang_seconds`: as control_make's. On failure *out is NULL. */
enum status leader_make(const struct ranks *ranks, struct run *run, struct orphans *orphans,
                        struct screen *screen, double hang_seconds, struct leader **out);
/* `progress` is this rank's. */
void leader_start(struct leader *leader, struct progress *progress, double now);

/* Does what there is to do at this moment; never waits. False: all ranks have left. Does not return
 * where a rank is lost: the job is aborted, once the others have brought to the disk what is done.
 */
bool leader_turn(struct leader *leader, double now);

/* NULL is fine. */
void leader_free(struct leader *leader);

#endif
