/* Signals that ask for an orderly end: SIGINT, SIGTERM, and SIGUSR1 (which mpirun and Slurm forward
 * without killing). A thread of their own waits for them, so that they are answered whatever the
 * others are doing, and nothing is interrupted in the middle that is not to end. */
#ifndef VERIFY_MPI_SIGNALS_H
#define VERIFY_MPI_SIGNALS_H

struct signals;

/* Exit statuses of a process that such a signal has ended. */
enum { INTERRUPTED = 130, TERMINATED = 143 };
int signal_exit_status(int signal);

/* Starts that thread; other threads do not get the signals, if this is called before any is
 * started. Ignores SIGPIPE and SIGXFSZ. Until signals_keep a signal ends the process. NULL: no
 * thread can be started, and they do what they always do; the other functions take it. Lives as
 * long as the process. */
struct signals *signals_hold(void);

/* From now on a signal, or one that was kept and not taken, ends the process at once, with
 * signal_exit_status and after this line on standard error (NULL: none; not copied). */
void signals_release(struct signals *signals, const char *line);

/* From now on they are kept for signals_take. */
void signals_keep(struct signals *signals);

/* The signal that has come, 0 for none; does not wait. After one was taken the next ends the
 * process at once. */
int signals_take(struct signals *signals);

#endif
