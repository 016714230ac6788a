/* Opens what a benchmark of the forward pass is about, from its arguments. */
#include "forward_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static enum status open_case(char **arguments, bool plain, struct forward_case *what) {
    enum status status;
    what->imgsz = strtoul(arguments[1], NULL, 10);
    what->threads = strtoul(arguments[2], NULL, 10);
    what->rounds = strtoul(arguments[3], NULL, 10);
    if (!what->imgsz || what->imgsz > 8192 || !what->threads || !what->rounds)
        TRY(FAIL(STATUS_BAD_INPUT, "IMGSZ is 1 to 8192, THREADS and ROUNDS at least 1"));
    size_t n = 3 * what->imgsz * what->imgsz;
    TRY(model_read(arguments[0], NULL, (int64_t)what->imgsz, &what->model));
    TRY(memory_zeroed(n, sizeof *what->planes, &what->planes));
    for (size_t i = 0; i < n; i++)
        what->planes[i] = (float)(i * 2654435761u % 1024) / 1024.0f;
    const struct cpu_options options = {.threads = what->threads, .plain = plain};
    TRY(cpu_network_make(&what->model.graph, &options, &what->network));
out:
    return status;
}

int forward_case_main(int argc, char **argv,
                      enum status (*bench)(const struct forward_case *what)) {
    enum status status;
    struct forward_case what = {0};
    bool plain = argc == 6 && strcmp(argv[5], "plain") == 0;
    if (argc != 5 && !plain) {
        fprintf(stderr, "usage: %s MODEL IMGSZ THREADS ROUNDS [plain]\n", argv[0]);
        return STATUS_BAD_INPUT;
    }
    TRY(open_case(argv + 1, plain, &what));
    TRY(bench(&what));
out:
    if (status != STATUS_OK)
        fprintf(stderr, "%s: %s\n", argv[0], status_message());
    cpu_network_free(what.network);
    model_free(&what.model);
    free(what.planes);
    return (int)status;
}
