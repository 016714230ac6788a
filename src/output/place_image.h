/* An image into the output. Internal to src/output. */
#ifndef VERIFY_OUTPUT_PLACE_IMAGE_H
#define VERIFY_OUTPUT_PLACE_IMAGE_H

#include <sys/stat.h>

#include "output/below.h"

/* Links the image; makes the folders on the way. What has the name already is replaced only where
 * that loses nothing (own.h). *hard: a hard link is wanted; false afterwards where it became a
 * symbolic one. Failures as of placer_place. */
enum status image_link(const char *image, const struct location *location, bool *hard);
/* The same as a copy with the permissions and the time of change of the original. */
enum status image_copy(const char *image, const struct location *location);

/* In the middle of a run nothing that is written is bad input any more. */
enum status in_a_run(enum status status);
/* Gives a file permissions (and `more_mode`) and time of change. Some file systems know neither;
 * the copy is as good there. */
void set_about(int file, const struct stat *about, mode_t more_mode);

#endif
