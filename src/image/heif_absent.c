/* HEIC in a build without libheif. */
#include "image/image.h"

enum status heif_decode(const uint8_t *bytes, size_t length, struct image *image) {
    (void)bytes, (void)length, (void)image;
    return FAIL(STATUS_BAD_INPUT, "HEIC: this verify was built without libheif, which reads it");
}
