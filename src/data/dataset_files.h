/* Data sets that files describe: data.yaml, Darknet's .data, and several of these at once. Internal
 * to src/data. */
#ifndef VERIFY_DATA_DATASET_FILES_H
#define VERIFY_DATA_DATASET_FILES_H

#include "data/collection.h"
#include "data/dataset.h"
#include "data/source.h"

/* Adds the images of what `given` names (--data as written, its kind known), and gives `dataset`
 * its names, and its extent unless that is the folder's or a list's. *root becomes what images'
 * names are relative to: of several files, the deepest folder that holds the roots of all. Several
 * name the same classes by the same numbers, as far as each goes: STATUS_BAD_INPUT where they
 * differ. */
enum status dataset_add_files(const char *given, enum source kind, const char *splits,
                              struct collection *collection, struct text *root,
                              struct dataset *dataset);

#endif
