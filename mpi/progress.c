/* Where all ranks stand: gathered to rank 0 and shown there. */
#include "progress.h"

#include <stdlib.h>

#include "base/memory.h"

static void print(void *context, const char *line) {
    screen_line(context, "%s", line);
}

static void print_failed(void *context, const char *line) {
    screen_error(context, "%s", line);
}

static void print_own(void *context, const char *line) {
    screen_own(context, "%s", line);
}

enum status progress_open(const struct ranks *ranks, struct screen *screen,
                          struct progress *progress) {
    enum status status = STATUS_OK;
    size_t n = ranks->rank == 0 ? (size_t)ranks->size : 0;
    *progress = (struct progress){.ranks = ranks, .screen = screen, .gathering = MPI_REQUEST_NULL};
    TRY(memory_zeroed(n, sizeof *progress->all, &progress->all));
    TRY(memory_zeroed(n, sizeof *progress->shown, &progress->shown));
out:
    return status;
}

void progress_close(struct progress *progress) {
    free(progress->all);
    free(progress->shown);
}

void progress_begin(struct progress *progress, const struct verify_progress *mine) {
    const struct ranks *ranks = progress->ranks;
    progress->mine = *mine;
    progress->rounds++;
    progress_lines(screen_prefix(progress->screen), ranks->rank, mine, &progress->said, print_own,
                   progress->screen);
    MPI_Igather(&progress->mine, sizeof progress->mine, MPI_BYTE, progress->all,
                sizeof *progress->all, MPI_BYTE, 0, ranks->work_comm, &progress->gathering);
}

static void show(struct progress *progress) {
    progress->all_finished = true;
    for (int r = 0; r < progress->ranks->size; r++) {
        const struct verify_progress *p = &progress->all[r];
        struct progress_said *shown = &progress->shown[r];
        bool failed = p->status != STATUS_OK;
        progress_lines(screen_prefix(progress->screen), r, p, shown, failed ? print_failed : print,
                       progress->screen);
        progress->failure_shown |= shown->ended && failed;
        progress->all_finished = progress->all_finished && p->finished;
    }
}

bool progress_is_open(const struct progress *progress) {
    return progress->gathering != MPI_REQUEST_NULL;
}

bool progress_complete(struct progress *progress) {
    int complete = 1;
    if (!progress_is_open(progress))
        return true;
    MPI_Test(&progress->gathering, &complete, MPI_STATUS_IGNORE);
    if (complete && progress->ranks->rank == 0)
        show(progress);
    return complete != 0;
}
