#include <sched.h>
#include <unistd.h>

#include "job.h"

size_t job_threads(int64_t wanted, int local_size) {
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
    size_t threads =
        wanted > 0 ? (size_t)wanted : cores / (size_t)(local_size > 0 ? local_size : 1);
    if (threads == 0)
        threads = 1;
    if (known && threads <= (size_t)CPU_COUNT(&bound))
        sched_setaffinity(0, sizeof bound, &bound); /* the binding is wide enough: keep it */
    return threads;
}
