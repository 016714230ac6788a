/* What is verified and by which model: opened once, the same on all ranks, constant from then on.
 */
#ifndef VERIFY_MPI_INPUTS_H
#define VERIFY_MPI_INPUTS_H

#include "data/dataset.h"
#include "job/networks.h"
#include "ranks.h"

/* Zeroed at first. */
struct inputs {
    struct networks networks;
    /* Images, and what was left out of them, on rank 0 only; the rest on all. */
    struct dataset dataset;
    struct class_map classes;
    bool *class_in_data; /* [networks.classes.count]; owned */
    struct judge judge;
    struct thresholds thresholds;
};

/* Collective: the models and their input sizes, the thresholds; the same models on all ranks. */
enum status inputs_open_models(const struct ranks *ranks, const struct options *options,
                               struct inputs *inputs);
/* Collective: the data set, its classes and folds, the judge; rank 0's data set is everybody's. */
enum status inputs_open_data(const struct ranks *ranks, const struct options *options,
                             struct inputs *inputs);
/* Zeroed is fine. */
void inputs_free(struct inputs *inputs);

#endif
