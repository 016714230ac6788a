/* The stages of a job that have no part of their own, in the order of main.c. Each is handed the
 * parts that it uses. */
#ifndef VERIFY_MPI_STAGES_H
#define VERIFY_MPI_STAGES_H

#include "job/orphans.h"
#include "processor.h"
#include "run.h"
#include "screen.h"
#include "share.h"
#include "signals.h"
#include "totals.h"

/* resume.c — collective: counts what earlier epochs have done; the tally starts with it. */
enum status resume(const struct ranks *ranks, const struct inputs *inputs, struct run *run,
                   struct share *share, struct tally *tally);

/* describe.c — what each image is verified with, from the parts that say so. */
struct verify_job verify_describe(const struct options *options, const struct inputs *inputs,
                                  const struct processor *processor, const struct run *run,
                                  uint64_t total_images);

/* What a rank's work needs besides its images. */
struct rank_work {
    const struct verify_job *verify; /* what each image is verified with */
    struct orphans *orphans;         /* on rank 0: being counted meanwhile */
    struct signals *signals;
    struct screen *screen;
    double hang_seconds; /* how long ranks may take to end when they are to; 0: for ever */
};

/* watch.c — collective: starts this rank's work on its share, which is empty afterwards, and looks
 * after it until all ranks have finished. Where a rank is lost it does not return: the job is
 * aborted. */
enum status work_all(const struct ranks *ranks, const struct rank_work *rank_work, struct run *run,
                     struct share *share, struct totals *totals);

/* merge.c — collective: the parts of these streams in all journals → one file each, in list order.
 */
enum status merge_all(const struct ranks *ranks, const struct run *run, uint64_t total_images,
                      unsigned streams);

/* What the report is made of. */
struct report_parts {
    const struct options *options;
    const struct inputs *inputs;
    const struct totals *totals;
    const char *device; /* this rank's */
    const char *output;
};

/* report.c — collective: verification_report.json. */
enum status report_all(const struct ranks *ranks, const struct report_parts *parts);

/* review.c — collective: the review page of the finished run in this output folder, whose lock rank
 * 0 holds in `run`, of its options->review most suspicious findings. Of the run's own output alone;
 * where it cannot be made, what was there before is, or nothing. */
enum status review_make(const struct ranks *ranks, const struct options *options,
                        const char *output, struct run *run);

/* review.c — collective: the same for a run that is complete but was ended before its page was
 * made. Nothing where the page is there, or none is wanted. */
enum status review_catch_up(const struct ranks *ranks, const struct options *options,
                            const char *output);

/* outcome.c — on rank 0, of a finished run: an error where no image could be read, a warning where
 * the model hardly confirms anything. False: there is nothing that the closing lines could praise.
 */
bool outcome_print(struct screen *screen, const struct run_counts *counts, const char *output,
                   uint32_t imgsz);
/* Collective, the same on all ranks: rank 0 has the counts. */
int outcome_exit_status(const struct ranks *ranks, const struct options *options,
                        const struct run_counts *counts);

/* dry_run.c — on rank 0: what was counted, and what would be done. */
void dry_run_print(struct screen *screen, const struct options *options,
                   const struct inputs *inputs, const struct totals *totals, uint64_t total_images);

#endif
