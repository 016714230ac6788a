/* What HEVC says of a picture's size, beside what the file around it says. */
#ifndef VERIFY_IMAGE_HEVC_H
#define VERIFY_IMAGE_HEVC_H

#include <stddef.h>
#include <stdint.h>

/* The pixels of the largest picture that a sequence parameter set in these bytes of an ISO media
 * file announces, in a configuration box or among the coded data; 0 where none is found. A decoder
 * takes memory for so many, whatever the container says. */
uint64_t hevc_coded_pixels(const uint8_t *bytes, size_t length);

#endif
