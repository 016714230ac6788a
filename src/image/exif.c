/* The EXIF orientation of a file in memory. Offsets and lengths are the file's word: each is
 * checked against the bytes that are there. */
#include <string.h>

#include "image/image.h"

enum { TAG_ORIENTATION = 0x0112, ENTRY_SIZE = 12 };

struct span {
    const uint8_t *bytes;
    size_t length;
};

static uint32_t big_endian(const uint8_t *bytes, int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint32_t read_number(const uint8_t *bytes, int count, bool big) {
    if (big)
        return big_endian(bytes, count);
    uint32_t value = 0;
    for (int i = count; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

/* The orientation entry of a TIFF's first directory; 1 where there is none. An entry cut off
 * by the end counts as long as its value is there. */
static int tiff_orientation(struct span tiff) {
    if (tiff.length < 8)
        return 1;
    bool big = memcmp(tiff.bytes, "MM\0*", 4) == 0;
    if (!big && memcmp(tiff.bytes, "II*\0", 4) != 0)
        return 1;
    size_t at = read_number(tiff.bytes + 4, 4, big);
    if (at > tiff.length || tiff.length - at < 2)
        return 1;
    size_t count = read_number(tiff.bytes + at, 2, big);
    at += 2;
    for (; count > 0 && tiff.length - at >= ENTRY_SIZE - 2; count--, at += ENTRY_SIZE) {
        if (read_number(tiff.bytes + at, 2, big) == TAG_ORIENTATION) {
            uint32_t value = read_number(tiff.bytes + at + 8, 2, big);
            return value >= 1 && value <= 8 ? (int)value : 1;
        }
        if (tiff.length - at < ENTRY_SIZE)
            break;
    }
    return 1;
}

/* The TIFF within the first APP1 segment that begins with "Exif"; empty where there is none. */
static struct span jpeg_exif(struct span file) {
    size_t at = 2;
    while (at < file.length && file.length - at >= 4) {
        if (file.bytes[at] != 0xFF) { /* garbage between segments */
            at++;
            continue;
        }
        uint8_t marker = file.bytes[at + 1];
        if (marker == 0xFF) { /* fill byte */
            at++;
            continue;
        }
        if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
            at += 2; /* no segment follows */
            continue;
        }
        if (marker == 0xD9 || marker == 0xDA) /* end, start of a scan */
            break;
        size_t length = big_endian(file.bytes + at + 2, 2);
        if (length < 2 || length > file.length - at - 2)
            break;
        const uint8_t *data = file.bytes + at + 4;
        if (marker == 0xE1 && length >= 8 && memcmp(data, "Exif\0", 6) == 0)
            return (struct span){data + 6, length - 8};
        at += 2 + length;
    }
    return (struct span){0};
}

/* The first eXIf chunk; empty where there is none. */
static struct span png_exif(struct span file) {
    size_t at = 8;
    while (at <= file.length && file.length - at >= 12) {
        size_t length = big_endian(file.bytes + at, 4);
        if (length > file.length - at - 12)
            break;
        if (memcmp(file.bytes + at + 4, "eXIf", 4) == 0)
            return (struct span){file.bytes + at + 8, length};
        at += 12 + length;
    }
    return (struct span){0};
}

int exif_orientation(const uint8_t *bytes, size_t length) {
    struct span file = {bytes, length};
    if (png_recognises(bytes, length))
        return tiff_orientation(png_exif(file));
    if (length >= 2 && bytes[0] == 0xFF && bytes[1] == 0xD8)
        return tiff_orientation(jpeg_exif(file));
    if (tiff_recognises(bytes, length))
        return tiff_orientation(file);
    return 1;
}
