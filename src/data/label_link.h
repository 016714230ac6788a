/* Label files that are symbolic links. Internal to src/data. */
#ifndef VERIFY_DATA_LABEL_LINK_H
#define VERIFY_DATA_LABEL_LINK_H

#include "data/file_bytes.h"

/* Reads the file that the link `path` leads to, where it lies within the data set, as
 * label_file_read says; else `file` tells why it was not read. As file_bytes_read otherwise. */
enum status label_link_read(const char *path, const char *image, const char *extent, size_t limit,
                            struct file_bytes *file);

#endif
