/* How the ranks were started: as one job, all alike. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "job.h"
#include "job/identity.h"

_Static_assert(IDENTITY_BYTES == sizeof(struct identity), "sent as bytes");

static void find_place(struct job *job) {
    MPI_Comm node;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, job->rank, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &job->local_rank);
    MPI_Comm_size(node, &job->local_size);
    MPI_Comm_free(&node);
    MPI_Comm_dup(MPI_COMM_WORLD, &job->progress_comm);
}

/* Rank 0's flags are everybody's: where this rank has others, says which. */
static enum status compare_flags(const struct job *job, const struct text *mine) {
    enum status status;
    char *first = NULL;
    uint64_t length = mine->length + 1;
    MPI_Request request;
    MPI_Ibcast(&length, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    status = length > INT_MAX ? FAIL(STATUS_BAD_INPUT, "the flags take %llu bytes: too many",
                                     (unsigned long long)length)
                              : memory_zeroed(length, 1, &first);
    TRY(agree(job, status));
    if (job->rank == 0 && first && mine->data)
        memcpy(first, mine->data, length);
    MPI_Ibcast(first, (int)length, MPI_CHAR, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    status = agree(job, flags_compare(mine->data, first));
out:
    free(first);
    return status;
}

/* Before anything else, as ranks of different versions, or with different flags, would expect
 * different messages of each other. `read`: whether this rank could read its flags. */
static enum status compare_ranks(struct job *job, enum status read) {
    enum status status = STATUS_OK;
    struct text flags = {0};
    struct identity mine, *all = NULL;
    MPI_Request request;
    if (read == STATUS_OK)
        options_lines(&job->options, &flags);
    if (text_status(&flags) != STATUS_OK)
        read = STATUS_FAILED;
    identity_make(job->host, read == STATUS_OK ? flags.data : NULL, &mine);
    if (memory_zeroed((size_t)job->size, sizeof *all, &all) != STATUS_OK)
        abort_job();
    MPI_Iallgather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, MPI_COMM_WORLD,
                   &request);
    wait_for(job, &request);
    TRY(identities_compare(all, (size_t)job->size));
    TRY(agree(job, read));
    if (!identities_have_same_flags(all, (size_t)job->size))
        TRY(compare_flags(job, &flags));
out:
    text_free(&flags);
    free(all);
    return status;
}

/* What launchers tell each process of the number of processes, the innermost launcher first. srun's
 * is not there in a batch script, where verify may well run alone. */
static const struct launcher {
    const char *variable, *name, *advice;
} launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", "Open MPI's mpirun",
     "use the mpirun of the MPI that it was built with"},
    {"MV2_COMM_WORLD_SIZE", "MVAPICH's mpirun", "use the mpirun of the MPI that it was built with"},
    {"PMI_SIZE", "an mpirun of MPICH or Intel MPI (or srun)",
     "use the mpirun of the MPI that it was built with, or srun --mpi=pmix"},
    {"SLURM_STEP_NUM_TASKS", "srun", "use srun --mpi=pmix"},
};

/* Processes of a launcher that belongs to another MPI do not find each other: each would do the
 * whole job, and all of them in one output folder. */
static enum status check_launcher(const struct job *job) {
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    const char *value = NULL;
    size_t i = 0;
    int length;
    for (; !value && i < sizeof launchers / sizeof *launchers; i++)
        value = getenv(launchers[i].variable);
    long started = value ? strtol(value, NULL, 10) : 1;
    if (job->size > 1 || started <= 1)
        return STATUS_OK;
    const struct launcher *launcher = &launchers[i - 1];
    MPI_Get_library_version(library, &length);
    library[strcspn(library, ",\n")] = '\0';
    return FAIL(STATUS_BAD_INPUT,
                "%s started %ld processes (%s), and MPI knows of this one alone: verify was built "
                "with %.100s, the launcher is another MPI's: %s",
                launcher->name, started, launcher->variable, library, launcher->advice);
}

enum status job_start(struct job *job, int argc, char **argv) {
    enum status status;
    MPI_Comm_rank(MPI_COMM_WORLD, &job->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &job->size);
    if (gethostname(job->host, sizeof job->host - 1) != 0)
        snprintf(job->host, sizeof job->host, "unknown");
    TRY(compare_ranks(job, options_read(argc, argv, &job->options)));
    TRY(check_launcher(job));
    find_place(job);
out:
    return status;
}
