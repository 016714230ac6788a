/* Rank 0's end of the talk: hears all ranks, calls the rounds of progress, decides, makes the
 * matches, notices who is silent. */
#ifndef VERIFY_MPI_LEADER_H
#define VERIFY_MPI_LEADER_H

#include "messages.h"
#include "progress.h"

struct leader;

/* On failure *out is NULL. */
enum status leader_make(struct job *job, struct leader **out);
/* `progress` is this rank's. */
void leader_start(struct leader *leader, struct progress *progress, double now);

/* Does what there is to do at this moment; never waits. False: all ranks have left. Does not return
 * where a rank is lost: the job is aborted, once the others have brought to the disk what is done.
 */
bool leader_turn(struct leader *leader, double now);

/* NULL is fine. */
void leader_free(struct leader *leader);

#endif
