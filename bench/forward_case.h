/* What bench_forward and bench_cpu_layers measure: a network and a picture, as their command lines
 * say: MODEL IMGSZ THREADS ROUNDS [plain]. */
#ifndef VERIFY_BENCH_FORWARD_CASE_H
#define VERIFY_BENCH_FORWARD_CASE_H

#include "cpu/network.h"
#include "model/model.h"

struct forward_case {
    struct model model;
    struct cpu_network *network;
    float *planes; /* (3, imgsz, imgsz) */
    size_t imgsz, threads, rounds;
};

/* Runs `bench` on the case of the command line; what main() returns, the reason of a failure on
 * standard error. */
int forward_case_main(int argc, char **argv, enum status (*bench)(const struct forward_case *what));

#endif
