/* What is said at the end of what a run found, beside its numbers. */
#include "job/outcome.h"
#include "job.h"
#include "screen.h"

struct run_counts job_count(const struct job *job) {
    const uint64_t *counts = job->tally.counts, *images = counts + TALLY_IMAGES;
    struct run_counts found = {
        .failed_images = images[BUCKET_FAILED],
        .invalid_lines = counts[TALLY_INVALID],
        .mislabeled_boxes = counts[TALLY_BOXES + VERDICT_MISLABELED],
    };
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        found.read_images += i == BUCKET_FAILED ? 0 : images[i];
    for (size_t c = 0; c < job->tally.n_classes; c++) {
        const uint64_t *boxes = counts + TALLY_CLASSES + c * TALLY_PER_CLASS + TALLY_CLASS_BOXES;
        if (job->classes.to_model[c] < 0)
            continue;
        for (size_t v = 0; v < VERDICT_COUNT; v++)
            found.known_boxes += boxes[v];
        found.confirmed_boxes += boxes[VERDICT_CORRECT];
    }
    return found;
}

bool job_say_outcome(struct job *job) {
    const char *prefix = job->interface->prefix;
    const struct run_counts counts = job_count(job);
    if (nothing_was_read(&counts)) {
        screen_error(job->screen,
                     "[%s 0] ERROR: none of the %llu images could be read: why is in failed_images "
                     "of %s/verification_report.json",
                     prefix, (unsigned long long)counts.failed_images, job->output);
        return false;
    }
    if (model_seems_wrong(&counts))
        screen_warning(job->screen, prefix,
                       "the model confirms only %llu of %llu labels: is it the right one for these "
                       "pictures, and --imgsz (%u) the size that it was trained for?",
                       (unsigned long long)counts.confirmed_boxes,
                       (unsigned long long)counts.known_boxes, job->imgsz);
    return true;
}

int job_exit_status(const struct job *job) {
    MPI_Request request;
    int exit_status = STATUS_OK;
    if (job->rank == 0)
        exit_status = exit_status_of(&job->options, &job->counts);
    MPI_Ibcast(&exit_status, 1, MPI_INT, 0, MPI_COMM_WORLD, &request);
    wait_for(job, &request);
    return exit_status;
}
