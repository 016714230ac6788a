/* What is verified and by which model: opened once, the same on all ranks, constant from then on.
 */
#ifndef VERIFY_MPI_INPUTS_H
#define VERIFY_MPI_INPUTS_H

#include "data/dataset.h"
#include "judge/judge.h"
#include "model/model.h"
#include "ranks.h"

/* Zeroed at first. */
struct inputs {
    struct model model;
    /* Images on rank 0 only; root, common, extent, splits and names on all. */
    struct dataset dataset;
    struct class_map classes;
    bool *class_in_data; /* [model.n_classes]; owned */
    struct judge judge;
    struct thresholds thresholds;
    uint32_t imgsz; /* a multiple of the model's stride */
};

/* Collective: the model, its input size, the thresholds; the same model on all ranks. */
enum status inputs_open_model(const struct ranks *ranks, const struct options *options,
                              struct inputs *inputs);
/* Collective: the data set and its classes, the judge; rank 0's data set is everybody's. */
enum status inputs_open_data(const struct ranks *ranks, const struct options *options,
                             struct inputs *inputs);
/* Zeroed is fine. */
void inputs_free(struct inputs *inputs);

#endif
