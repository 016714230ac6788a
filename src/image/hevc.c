/* Finds HEVC's sequence parameter sets, and reads them as far as the picture's size. */
#include "image/hevc.h"

#include <stdbool.h>
#include <string.h>

/* PREFIX: bytes before a unit that say its kind and length; of a unit's first byte KIND_SHIFT down
 * is its kind. PROFILE, LEVEL: bits of these of a whole sequence or a layer of it. */
enum {
    PREFIX = 5,
    HEADER = 2,
    SPS_FIRST = 0x42,
    SPS_KIND = 33,
    KIND_MASK = 0x3F,
    LAYER_MASK = 0xF8,
    PROFILE = 88,
    LEVEL = 8,
    MOST_LAYERS = 8
};

struct bits {
    const uint8_t *bytes;
    size_t length, at; /* of bytes; of bits */
    bool over;         /* more was read than there is */
};

static uint32_t read_bits(struct bits *bits, unsigned count) {
    uint32_t value = 0;
    for (; count; count--, bits->at++) {
        size_t byte = bits->at / 8;
        bits->over |= byte >= bits->length;
        value = value << 1 | (bits->over ? 0 : bits->bytes[byte] >> (7 - bits->at % 8) & 1U);
    }
    return value;
}

/* An Exp-Golomb code; the largest number for what is none. */
static uint64_t read_number(struct bits *bits) {
    unsigned zeros = 0;
    while (zeros < 32 && !bits->over && !read_bits(bits, 1))
        zeros++;
    return zeros == 32 ? UINT32_MAX : ((uint64_t)1 << zeros) - 1 + read_bits(bits, zeros);
}

static void skip_profile(struct bits *bits, unsigned layers) {
    uint32_t flags[MOST_LAYERS] = {0};
    bits->at += PROFILE + LEVEL;
    for (unsigned i = 1; i < layers; i++)
        flags[i] = read_bits(bits, 2);
    if (layers > 1)
        bits->at += (size_t)2 * (MOST_LAYERS + 1 - layers);
    for (unsigned i = 1; i < layers; i++)
        bits->at += (flags[i] & 2 ? PROFILE : 0) + (flags[i] & 1 ? LEVEL : 0);
}

/* Of a set behind its header; 0 where it ends too early. */
static uint64_t set_pixels(const uint8_t *bytes, size_t length) {
    struct bits bits = {bytes, length, 4, false};
    unsigned layers = read_bits(&bits, 3) + 1;
    read_bits(&bits, 1);
    skip_profile(&bits, layers);
    read_number(&bits); /* its number */
    if (read_number(&bits) == 3)
        read_bits(&bits, 1); /* planes apart */
    uint64_t width = read_number(&bits), height = read_number(&bits);
    return bits.over ? 0 : width * height;
}

/* A 3 behind two zeros keeps them from being a start code, and is not part of the set. */
static size_t without_guards(const uint8_t *bytes, size_t length, uint8_t *out, size_t most) {
    size_t n = 0;
    for (size_t i = 0; i < length && n < most; i++)
        if (i < 2 || bytes[i] != 3 || bytes[i - 1] || bytes[i - 2])
            out[n++] = bytes[i];
    return n;
}

/* Whether a set begins here: behind its length in four bytes, or in two behind a configuration's
 * kind and count. */
static bool begins_set(const uint8_t *bytes, size_t length, size_t at, size_t *unit) {
    if (at < PREFIX || length - at < HEADER || bytes[at + 1] & LAYER_MASK || !bytes[at + 1])
        return false;
    const uint8_t *before = bytes + at - PREFIX;
    *unit = (size_t)before[3] << 8 | before[4];
    return !before[1] && (!before[2] || (before[0] & KIND_MASK) == SPS_KIND) && *unit > HEADER &&
           *unit <= length - at;
}

uint64_t hevc_coded_pixels(const uint8_t *bytes, size_t length) {
    uint64_t largest = 0;
    const uint8_t *found = bytes;
    while ((found = memchr(found, SPS_FIRST, length - (size_t)(found - bytes))) != NULL) {
        size_t at = (size_t)(found - bytes), unit;
        if (begins_set(bytes, length, at, &unit)) {
            uint8_t set[256];
            size_t n = without_guards(found + HEADER, unit - HEADER, set, sizeof set);
            uint64_t pixels = set_pixels(set, n);
            largest = pixels > largest ? pixels : largest;
        }
        found++;
    }
    return largest;
}
