/* Everything one run knows, on one rank. */
#ifndef VERIFY_MPI_JOB_H
#define VERIFY_MPI_JOB_H

#include <mpi.h>

#include "backend.h"
#include "job/options.h"
#include "job/verify.h"
#include "output/report.h"

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
    size_t threads; /* of this rank, for computing */
    size_t readers, placers, slots;
    uint32_t imgsz;

    struct screen *screen;
    struct path_list share; /* this rank's images */
    uint64_t total_images;
    uint64_t orphan_labels; /* on rank 0 */
    struct placer *placer;
    struct tally tally;   /* this rank's, then on rank 0 everybody's */
    uint64_t images_done; /* by this rank */
    double seconds;       /* of this rank's work */
    double started;       /* seconds since 1970 */
    bool failure_shown;   /* on rank 0: an ERROR line has said why the job failed */
};

/* agree.c — collective: all ranks learn whether any failed. Returns the worst status; its message
 * (of the lowest rank that has it) becomes every rank's status_message. */
enum status agree(MPI_Comm comm, enum status mine);

/* setup.c — collective, each agreed on by all ranks. */
enum status job_start(struct job *job, int argc, char **argv); /* ranks, flags */
enum status job_open_model(struct job *job);
enum status job_open_data(struct job *job);
enum status job_open_backend(struct job *job);
enum status job_open_output(struct job *job);
/* sharing.c — collective: a warning for every rank whose GPU a lower rank has, too. Devices are
 * told apart by what they call themselves, their UUID included. */
enum status job_warn_of_sharing(struct job *job);
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

/* progress.c — collective: starts this rank's work and ticks until all ranks have finished. */
enum status job_verify(struct job *job);

/* reduce.c — collective: tallies, swaps, failures and ranks → rank 0. */
enum status job_reduce(struct job *job);

/* merge.c — collective: the ranks' records → one file in list order. */
enum status job_merge(struct job *job);
/* The file that collects this rank's lines of `name` until the merge; NULL on failure. */
enum status part_open(const struct job *job, const char *name, FILE **file);

/* report.c — collective: verification_report.json, the closing lines, the exit status. */
enum status job_report(struct job *job);
int job_exit_status(const struct job *job);

#endif
