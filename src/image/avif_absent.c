/* AVIF in a build without libavif. */
#include "image/image.h"

enum status avif_decode(const uint8_t *bytes, size_t length, struct image *image) {
    (void)bytes, (void)length, (void)image;
    return FAIL(STATUS_BAD_INPUT, "AVIF: this verify was built without libavif, which reads it");
}
