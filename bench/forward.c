/* Times the CPU backend's forward pass: bench_forward MODEL IMGSZ THREADS ROUNDS [plain] prints the
 * least and the median time of one picture in ms; with `plain`, of oneDNN's convolutions alone. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "forward_case.h"
#include "timing.h"

static enum status bench(const struct forward_case *what) {
    enum status status;
    struct head_maps maps;
    double *times = NULL;
    size_t imgsz = what->imgsz, rounds = what->rounds;
    TRY(memory_zeroed(rounds, sizeof *times, &times));
    for (size_t i = 0; i < 2; i++) /* compiles, warms up */
        TRY(cpu_network_forward(what->network, imgsz, imgsz, what->planes, &maps));
    for (size_t i = 0; i < rounds; i++) {
        double start = timing_ms(CLOCK_MONOTONIC);
        TRY(cpu_network_forward(what->network, imgsz, imgsz, what->planes, &maps));
        times[i] = timing_ms(CLOCK_MONOTONIC) - start;
    }
    qsort(times, rounds, sizeof *times, timing_ascending);
    printf("%.2f %.2f\n", times[0], times[rounds / 2]);
out:
    free(times);
    return status;
}

int main(int argc, char **argv) {
    return forward_case_main(argc, argv, bench);
}
