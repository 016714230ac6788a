#include <string.h>

#include "job.h"
#include "pulse.h"
#include "screen.h"

static void print_counts(struct job *job) {
    const uint64_t *c = job->tally.counts;
    uint64_t boxes = 0, unknown = 0;
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        boxes += c[TALLY_BOXES + i];
    for (size_t i = 0; i < job->classes.n_data; i++)
        unknown += job->classes.to_model[i] < 0;
    struct screen *screen = job->screen;
    screen_line(screen, "%s", "");
    screen_line(screen, "Dry run: nothing was written.");
    screen_line(screen, "  Model: %s (%zu classes)", job->options.model, job->model.n_classes);
    screen_line(screen, "  Data set: %s (%zu classes, %llu unknown to the model)",
                job->options.data, job->classes.n_data, (unsigned long long)unknown);
    screen_line(screen, "  Images: %llu", (unsigned long long)job->total_images);
    screen_line(screen, "  Images that cannot be opened: %llu",
                (unsigned long long)c[TALLY_IMAGES + BUCKET_FAILED]);
    screen_line(screen, "  Boxes: %llu", (unsigned long long)boxes);
    screen_line(screen, "  Invalid label lines: %llu", (unsigned long long)c[TALLY_INVALID]);
    screen_line(screen, "  Label files without an image: %llu",
                (unsigned long long)job->orphan_labels);
    screen_left_out(screen, &job->tally, &job->dataset);
    screen_line(screen, "  Results would go to: %s (images by %s)", job->options.output,
                job->options.place);
}

enum status job_dry_run(struct job *job) {
    enum status status;
    job->threads = job_threads(job->options.threads, job->local_size);
    job->readers = job->threads;
    job->placers = 1;
    job->slots = 4 * job->readers + 2;
    TRY(agree(job, screen_open(NULL, job->rank, job->options.quiet, &job->screen)));
    TRY(pulse_start(job, &job->pulse));
    TRY(job_scatter(job));
    TRY(agree(job, tally_make(job->classes.n_data, &job->tally)));
    if (job->rank == 0)
        job_warn(job);
    TRY(job_verify(job));
    TRY(job_reduce(job));
    if (job->rank == 0 && job->signal)
        screen_error(job->screen, "Interrupted: nothing is counted to its end");
    else if (job->rank == 0)
        print_counts(job);
out:
    return status;
}
