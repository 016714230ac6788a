/* All that a rank needs for its work on the CPU, opened without MPI: for benchmarks. */
#ifndef VERIFY_BENCH_RANK_H
#define VERIFY_BENCH_RANK_H

#include "job/verify.h"

struct rank {
    struct model model;
    struct backend_network network;
    struct judge judge;
    struct dataset dataset;
    struct class_map classes;
    struct tally tally;
    struct verify_job job; /* with the backend, the placer and the journal */
};

/* Opens a model and a data set for `threads` threads and `slots` pictures at a time; places in
 * `output`, a folder that is made, and keeps a journal there; NULL: neither. Zero `rank` before;
 * rank_close() releases what there is, also after a failure. */
enum status rank_open(struct rank *rank, const char *model, const char *data, const char *imgsz,
                      size_t threads, size_t slots, const char *output);
void rank_close(struct rank *rank);

#endif
