/* A file of an export that is written piece by piece. */
#ifndef VERIFY_REVIEW_EXPORT_OUT_FILE_H
#define VERIFY_REVIEW_EXPORT_OUT_FILE_H

#include "base/text.h"
#include "output/below.h"

/* Zeroed at first; `text` is what is appended to. */
struct out_file {
    struct location location;
    bool open;
    int file;
    struct text text;
};

/* Makes the file `name`, which must not be there, in an open folder whose path is `root`; both are
 * the caller's, and so is `name`, until it is closed. */
enum status out_file_open(int folder, const char *root, const char *name, struct out_file *out);
/* Writes what has been appended, where that is much. */
enum status out_file_pass(struct out_file *out);
/* Writes the rest. */
enum status out_file_end(struct out_file *out);
/* Appends all that another file has, which was ended, to this one. */
enum status out_file_join(struct out_file *out, const struct out_file *other);
/* Removes one that was ended. */
enum status out_file_remove(struct out_file *out);
void out_file_free(struct out_file *out);

#endif
