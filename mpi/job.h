/* Everything one run knows, on one rank. */
#ifndef VERIFY_MPI_JOB_H
#define VERIFY_MPI_JOB_H

#include <mpi.h>
#include <stdatomic.h>

#include "backend.h"
#include "job/options.h"
#include "job/verify.h"
#include "output/report.h"
#include "output/run_file.h"
#include "output/run_lock.h"

struct pulse;
struct signals;
struct screen;

struct job {
    int rank, size;
    int local_rank, local_size; /* among the ranks of this node */
    char host[256];
    MPI_Comm progress_comm; /* progress travels apart from everything else */

    struct options options;
    char *output; /* absolute; owned */
    struct model model;
    struct dataset dataset; /* images on rank 0 only; root and common on all */
    struct class_map classes;
    bool *class_in_data; /* [model.n_classes]; owned */
    struct judge judge;
    struct thresholds thresholds;
    const struct backend_interface *interface; /* NULL in a dry run */
    struct backend *backend;
    char device[256];
    char lacks[512]; /* why this rank cannot use the device that others could; "" */
    size_t threads;  /* of this rank, for computing */
    size_t readers, placers, slots;
    uint32_t imgsz;

    struct signals *signals;
    struct pulse *pulse; /* NULL: ranks are not yet watched */
    struct screen *screen;
    struct path_list share;  /* this rank's images */
    uint64_t *share_indices; /* of each, its place in the list of all; owned */
    uint64_t total_images;
    uint64_t orphan_labels;                     /* on rank 0 */
    atomic_bool orphans_counting, orphans_stop; /* a thread counts them; it is to stop */
    struct placer *placer;
    struct tally tally;   /* this rank's, then on rank 0 everybody's */
    uint64_t images_done; /* by this rank */
    double seconds;       /* of this rank's work */
    double started;       /* seconds since 1970 */
    double clock_started; /* the same moment by pulse_clock(), which no one sets back */
    bool vain;            /* the work failed, and --resume would fail as well */
    bool failure_shown;   /* on rank 0: an ERROR line has said why the job failed */

    struct run_lock *lock;   /* on rank 0: nobody else writes to the output */
    enum status lock_status; /* failed: somebody else has taken the lock over … */
    char lock_message[ERROR_BYTES];
    unsigned epoch;           /* how often this run was resumed */
    bool resumed, complete;   /* there was a run to continue; it was finished */
    struct timespec stamp;    /* when epoch 0 began, by the clock of its rank 0 */
    struct run_counts counts; /* on rank 0, of a finished job */
    uint64_t kept_images;     /* on rank 0: that --overwrite left, as the last of their pictures */
    int signal;               /* that ended the work early; 0: none */
    struct journal *journal;
    size_t n_journals; /* that this rank counts and merges: some of earlier epochs, its own */
    struct journal_id *journals;     /* owned */
    size_t n_all_journals;           /* on rank 0: of earlier epochs */
    struct journal_id *all_journals; /* owned */
    uint8_t *done;                   /* on rank 0: a bit an image, done in earlier epochs; owned */
    uint64_t done_before;            /* how many */
};

/* agree.c — collective: all ranks learn whether any failed. Returns the worst status; its message
 * (of the lowest rank that has it) becomes every rank's status_message. Where that is not rank 0's,
 * which then had no such failure, it begins with the rank and its host. */
enum status agree(const struct job *job, enum status mine);
/* Waits for a collective call of all ranks. From the start of the work (job->pulse) does not return
 * where a rank is lost: the job is aborted. */
void wait_for(const struct job *job, MPI_Request *request);
/* Ends all ranks where one of them does not answer any more. Not collective. */
_Noreturn void abort_job(void);

/* launch.c — collective: ranks, flags, and whether all ranks were started alike. */
enum status job_start(struct job *job, int argc, char **argv);

/* setup.c — collective, each agreed on by all ranks. */
enum status job_open_model(struct job *job);
enum status job_open_data(struct job *job);
enum status job_open_backend(struct job *job);
enum status job_open_output(struct job *job);
/* sharing.c — collective: a warning for every rank whose GPU a lower rank has, too. Devices are
 * told apart by what they call themselves, their UUID included. */
enum status job_warn_of_sharing(struct job *job);
/* Collective: a warning where all ranks do without GPUs because some have none. */
void job_warn_of_lack(struct job *job);
/* Lines on what rank 0 found odd while setting up. */
void job_warn(struct job *job);
void job_free(struct job *job);

/* threads.c — how many CPU threads this rank may use: --threads, or the node's cores shared among
 * its ranks. Widens the binding that mpirun gave where it is narrower than that. */
size_t job_threads(int64_t wanted, int local_size);

/* dry_run.c — collective: counts instead of verifying, and prints what would be done. */
enum status job_dry_run(struct job *job);

/* scatter.c — collective: rank 0's list → each rank's contiguous share. */
enum status job_scatter(struct job *job);

/* watch.c — collective: starts this rank's work and looks after it until all ranks have finished.
 * Where a rank is lost it does not return: the job is aborted. */
enum status job_verify(struct job *job);

/* reduce.c — collective: tallies, swaps, failures and ranks → rank 0. */
enum status job_reduce(struct job *job);

/* merge.c — collective: the records in all journals → one file in list order. */
enum status job_merge(struct job *job);

/* run.c — on rank 0: takes the output folder's lock and begins a run in it, or continues one
 * (--resume); sets epoch, resumed, complete. Makes the empty file that the environment variable
 * BEGUN_FILE names: from then on the same command goes on with --resume, before that it is to be
 * given again as it was. run_end: the job is done, what only resuming needs goes. */
#define BEGUN_FILE "VERIFY_BEGUN_FILE"
enum status run_begin(struct job *job);
enum status run_end(struct job *job);

/* resume.c — collective: counts what earlier epochs have done; the tally starts with it. */
enum status job_resume(struct job *job);
/* Opens this rank's journal. */
enum status job_open_journal(struct job *job);

/* report.c — collective: verification_report.json, the closing lines. */
enum status job_report(struct job *job);

/* outcome.c — on rank 0, of a finished run: an error where no image could be read, a warning where
 * the model hardly confirms anything. False: there is nothing that the closing lines could praise.
 */
bool job_say_outcome(struct job *job);
/* Collective, the same on all ranks: rank 0 has the counts. */
int job_exit_status(const struct job *job);
/* On rank 0: the counts of a finished run, from its tally. */
struct run_counts job_count(const struct job *job);

#endif
