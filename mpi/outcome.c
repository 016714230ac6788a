/* What is said at the end of what a run found, beside its numbers. */
#include "job/outcome.h"

#include "output/report.h"
#include "stages.h"

bool outcome_print(struct screen *screen, const struct run_counts *counts, const char *output,
                   uint32_t imgsz) {
    if (nothing_was_read(counts)) {
        screen_error(screen,
                     "[%s 0] ERROR: none of the %llu images could be read: why is in failed_images "
                     "of %s/" REPORT_FILE,
                     screen_prefix(screen), (unsigned long long)counts->failed_images, output);
        return false;
    }
    if (model_seems_wrong(counts))
        screen_warning(screen,
                       "the model confirms only %llu of %llu labels: is it the right one for these "
                       "pictures, and --imgsz (%u) the size that it was trained for?",
                       (unsigned long long)counts->confirmed_boxes,
                       (unsigned long long)counts->known_boxes, imgsz);
    return true;
}

int outcome_exit_status(const struct ranks *ranks, const struct options *options,
                        const struct run_counts *counts) {
    MPI_Request request;
    int exit_status = STATUS_OK;
    if (ranks->rank == 0)
        exit_status = exit_status_of(options, counts);
    MPI_Ibcast(&exit_status, 1, MPI_INT, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    return exit_status;
}
