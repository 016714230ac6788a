/* Whether a model was trained on the data set that it is to judge. */
#ifndef VERIFY_JOB_TRAINED_H
#define VERIFY_JOB_TRAINED_H

#include <stdbool.h>

/* `trained_on` is the data set as the model's file has it (struct model), from another folder or
 * machine perhaps, `data` the one given, absolute. True where the last parts of the paths are the
 * same, or the names that the sets go by: a file's without its suffix, or, where that says nothing
 * ("data.yaml"), its folder's. So it may be another set of the same name. */
bool trained_on_same(const char *trained_on, const char *data);

#endif
