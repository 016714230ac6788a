/* Darknet's .data files: "train = LIST", "valid = LIST", "names = FILE", "classes = N". */
#ifndef VERIFY_DATA_DARKNET_DATA_H
#define VERIFY_DATA_DARKNET_DATA_H

#include "data/data_yaml.h"

/* Reads one into a zeroed struct, as if a data.yaml had said the same; `path` is the folder that
 * its paths, and those in its lists, are relative to: the current one, as Darknet means them, or
 * where its first list is not there, the file's own folder, or the one above. STATUS_BAD_INPUT with
 * file, line where there is one, and reason. */
enum status darknet_data_read(const char *file, struct data_yaml *yaml);

#endif
