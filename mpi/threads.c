/* The CPU threads of this rank, and what it is bound to. */
#include <sched.h>
#include <unistd.h>

#include "processor.h"

size_t threads_bind(int64_t wanted, int local_size) {
    cpu_set_t bound, all = {0};
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    size_t cores = online > 0 ? (size_t)online : 1, allowed = cores;
    /* mpirun binds each rank to a core or a package; what the node's administrator allows is what
     * the kernel leaves of a request for everything. */
    bool known = sched_getaffinity(0, sizeof bound, &bound) == 0;
    if (known) {
        for (int i = 0; i < CPU_SETSIZE; i++)
            CPU_SET(i, &all);
        if (sched_setaffinity(0, sizeof all, &all) == 0 &&
            sched_getaffinity(0, sizeof all, &all) == 0)
            allowed = (size_t)CPU_COUNT(&all);
    }
    if (allowed < cores)
        cores = allowed;
    size_t threads = threads_share(wanted, cores, local_size);
    if (known && threads <= (size_t)CPU_COUNT(&bound))
        sched_setaffinity(0, sizeof bound, &bound); /* the binding is wide enough: keep it */
    return threads;
}
