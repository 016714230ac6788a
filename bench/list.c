/* What the list of images costs on rank 0: bench_list DATA
 * Prints the time, the processor time and the most memory so far of opening a data set, of
 * looking for a first label file, and of counting the label files that belong to no image. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "data/dataset.h"
#include "timing.h"

struct moment {
    double seconds, processor;
};

static struct moment now(void) {
    return (struct moment){clock_seconds(), 1e-3 * timing_ms(CLOCK_PROCESS_CPUTIME_ID)};
}

static void print(const char *what, struct moment start) {
    struct moment end = now();
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%-16s %7.2f s, processor %7.2f s, most memory %7.1f MiB\n", what,
           end.seconds - start.seconds, end.processor - start.processor,
           (double)usage.ru_maxrss / 1024);
}

static enum status run(const char *path, struct dataset *dataset) {
    enum status status;
    uint64_t orphans;
    struct moment start = now();
    TRY(dataset_open(path, NULL, NULL, dataset));
    print("open", start);
    start = now();
    TRY(dataset_check_labels(dataset));
    print("check labels", start);
    start = now();
    TRY(dataset_count_orphans(dataset, NULL, &orphans));
    print("count orphans", start);
    printf("%zu images, %.1f MiB for paths, %llu orphans\n", dataset->images.count,
           (double)dataset->images.length / (1 << 20), (unsigned long long)orphans);
out:
    return status;
}

int main(int argc, char **argv) {
    struct dataset dataset = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: bench_list DATA\n");
        return STATUS_BAD_INPUT;
    }
    enum status status = run(argv[1], &dataset);
    if (status != STATUS_OK)
        fprintf(stderr, "bench_list: %s\n", status_message());
    dataset_free(&dataset);
    return (int)status;
}
