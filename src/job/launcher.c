/* Whether the processes of a job were started by a launcher that their MPI understands. */
#include "job/launcher.h"

#include <stdlib.h>
#include <string.h>

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

enum status launcher_check(int size, const char *library) {
    const char *value = NULL;
    size_t i = 0;
    for (; !value && i < sizeof launchers / sizeof *launchers; i++)
        value = getenv(launchers[i].variable);
    long started = value ? strtol(value, NULL, 10) : 1;
    if (size > 1 || started <= 1)
        return STATUS_OK;
    enum { MOST_BYTES = 100 };
    const struct launcher *launcher = &launchers[i - 1];
    size_t length = strcspn(library, ",\n");
    return FAIL(STATUS_BAD_INPUT,
                "%s started %ld processes (%s), and MPI knows of this one alone: verify was built "
                "with %.*s, the launcher is another MPI's: %s",
                launcher->name, started, launcher->variable,
                (int)(length < MOST_BYTES ? length : MOST_BYTES), library, launcher->advice);
}
