/* What a run's counts mean: its exit status, and whether they can be right. */
#ifndef VERIFY_JOB_OUTCOME_H
#define VERIFY_JOB_OUTCOME_H

#include <stdbool.h>

#include "data/dataset.h"
#include "job/options.h"
#include "output/run_counts.h"
#include "output/tally.h"

/* The counts of a finished run, from the tally of all ranks. */
struct run_counts run_counts_make(const struct tally *tally, const struct class_map *classes);

/* The program's exit status: 1 where no image at all could be read, 4 with --fail-on, 3 with
 * --strict, else 0. */
int exit_status_of(const struct options *options, const struct run_counts *counts);

/* Whether no image could be read, though there are some. */
bool nothing_was_read(const struct run_counts *counts);

/* Whether the model confirms so few of many labels that it is more likely to be the wrong one, or
 * fed with something else than it was trained on, than the labels are to be wrong. */
bool model_seems_wrong(const struct run_counts *counts);

#endif
