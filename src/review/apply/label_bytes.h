/* A label file as it is now. */
#ifndef VERIFY_REVIEW_APPLY_LABEL_BYTES_H
#define VERIFY_REVIEW_APPLY_LABEL_BYTES_H

#include "data/label.h"

/* Reads a label file whole, by the rule of data/label.h for links; `image` (its path, or the label
 * file's where none is known) is what that rule asks for. What it is, where it was not read, is
 * data: `missing`, or `problem`. Only lack of memory or of descriptors is a failure. The caller
 * frees file->bytes. *link: the name is a symbolic link. */
enum status label_bytes_read(enum label_format format, const char *path, const char *image,
                             struct file_bytes *file, bool *link);

#endif
