/* Signals that ask for an orderly end: SIGINT, SIGTERM, and SIGUSR1 (which mpirun and Slurm forward
 * without killing). */
#ifndef VERIFY_MPI_SIGNALS_H
#define VERIFY_MPI_SIGNALS_H

/* Holds them from now on, in this thread and those that it starts; ignores SIGPIPE and
 * SIGXFSZ. */
void signals_hold(void);

/* The signal that has come, 0 for none; does not wait. After one was taken they do what they always
 * do. */
int signals_take(void);

/* From now on they do what they always do: end the process. */
void signals_release(void);

#endif
