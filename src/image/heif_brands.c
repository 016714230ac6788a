/* AVIF and HEIC are told apart, and from videos, by the brands of the file type box that an ISO
 * media file begins with. */
#include <string.h>

#include "image/image.h"

enum { BOX_HEAD = 8, BRAND = 4, MINOR_VERSION = 4 };

static bool is_one_of(const uint8_t *brand, const char *brands) {
    for (; *brands; brands += BRAND)
        if (memcmp(brand, brands, BRAND) == 0)
            return true;
    return false;
}

/* Whether one of the file's brands, which the major one opens, is among these. */
static bool has_brand(const uint8_t *bytes, size_t length, const char *brands) {
    if (length < BOX_HEAD + BRAND || memcmp(bytes + 4, "ftyp", 4) != 0)
        return false;
    size_t box = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
    size_t end = box < length ? box : length;
    if (is_one_of(bytes + BOX_HEAD, brands))
        return true;
    for (size_t at = BOX_HEAD + BRAND + MINOR_VERSION; at + BRAND <= end; at += BRAND)
        if (is_one_of(bytes + at, brands))
            return true;
    return false;
}

bool avif_recognises(const uint8_t *bytes, size_t length) {
    return has_brand(bytes, length, "avifavis");
}

/* "mif1" alone says that pictures are in it, not of which codec: libheif knows several. */
bool heif_recognises(const uint8_t *bytes, size_t length) {
    return !avif_recognises(bytes, length) &&
           has_brand(bytes, length, "heicheixheimheishevchevxmif1mif2msf1");
}
