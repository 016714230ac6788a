/* Times the CPU backend's forward pass: bench_forward MODEL IMGSZ THREADS ROUNDS [plain] prints the
 * least and the median time of one picture in ms; with `plain`, of oneDNN's convolutions alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "cpu/network.h"
#include "model/model.h"

static double now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static enum status bench(const char *path, size_t imgsz, const struct cpu_options *options,
                         size_t rounds) {
    enum status status;
    struct model model = {0};
    struct cpu_network *network = NULL;
    struct head_maps maps;
    float *planes = NULL;
    double *times = NULL;
    TRY(model_read(path, NULL, (int64_t)imgsz, &model));
    TRY(memory_zeroed(3 * imgsz * imgsz, sizeof *planes, &planes));
    TRY(memory_zeroed(rounds, sizeof *times, &times));
    for (size_t i = 0; i < 3 * imgsz * imgsz; i++)
        planes[i] = (float)(i * 2654435761u % 1024) / 1024.0f;
    TRY(cpu_network_make(&model.graph, options, &network));
    for (size_t i = 0; i < 2; i++) /* compiles, warms up */
        TRY(cpu_network_forward(network, imgsz, imgsz, planes, &maps));
    for (size_t i = 0; i < rounds; i++) {
        double start = now_ms();
        TRY(cpu_network_forward(network, imgsz, imgsz, planes, &maps));
        times[i] = now_ms() - start;
    }
    qsort(times, rounds, sizeof *times, ascending);
    printf("%.2f %.2f\n", times[0], times[rounds / 2]);
out:
    cpu_network_free(network);
    model_free(&model);
    free(times);
    free(planes);
    return status;
}

int main(int argc, char **argv) {
    size_t numbers[3] = {0};
    bool plain = argc == 6 && strcmp(argv[5], "plain") == 0;
    for (int i = 2; i < argc && i < 5; i++)
        numbers[i - 2] = (size_t)strtoul(argv[i], NULL, 10);
    if ((argc != 5 && !plain) || !numbers[0] || !numbers[1] || !numbers[2]) {
        fprintf(stderr, "usage: bench_forward MODEL IMGSZ THREADS ROUNDS [plain]\n");
        return STATUS_BAD_INPUT;
    }
    struct cpu_options options = {.threads = numbers[1], .plain = plain};
    enum status status = bench(argv[1], numbers[0], &options, numbers[2]);
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", status_message());
    return (int)status;
}
