/* Finds the boxes that say which tiles a picture is made of, how large the parts are, and how many
 * items there are. */
#include "image/heif_grid.h"

#include <string.h>

/* HEAD: a box's length and kind; LONG: its length where four bytes are too few; SIZE: of a box of
 * sides, from its kind on; of references the bytes before their list, in either version of theirs.
 */
enum {
    MOST_TILES = 1 << 20,
    HEAD = 8,
    LONG = 8,
    KIND = 4,
    SIZE = 16,
    SHORT_HEAD = 12,
    LONG_HEAD = 14
};

struct span {
    const uint8_t *at, *end;
};

static uint64_t number(const uint8_t *bytes, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* What is in the file's box of metadata; empty where it has none. */
static struct span meta_of(const uint8_t *bytes, size_t length) {
    while (length >= HEAD) {
        uint64_t box = number(bytes, 4);
        if (box == 1 && length >= HEAD + LONG)
            box = number(bytes + HEAD, LONG);
        if (box == 0 || box > length)
            box = length;
        if (memcmp(bytes + KIND, "meta", KIND) == 0)
            return (struct span){bytes + HEAD, bytes + box};
        if (box < HEAD)
            break;
        bytes += box;
        length -= (size_t)box;
    }
    return (struct span){bytes, bytes};
}

/* Where the next box's kind stands that is this one, behind its length; NULL: there is none. */
static const uint8_t *next_box(struct span *rest, const char *kind) {
    if (rest->end - rest->at < HEAD)
        return NULL;
    const uint8_t *found =
        memmem(rest->at + KIND, (size_t)(rest->end - rest->at) - KIND, kind, KIND);
    if (found)
        rest->at = found;
    return found;
}

/* Tiles of a box whose length is what so many references take; 0: it is none of references. */
static uint64_t tiles_of(const uint8_t *box, size_t left) {
    if (left < LONG_HEAD)
        return 0;
    uint64_t length = number(box, 4);
    uint64_t few = number(box + SHORT_HEAD - 2, 2), many = number(box + LONG_HEAD - 2, 2);
    if (length == SHORT_HEAD + 2 * few)
        return few;
    return length == LONG_HEAD + 4 * many ? many : 0;
}

struct heif_grid heif_grid_of(const uint8_t *bytes, size_t length, uint32_t width,
                              uint32_t height) {
    struct heif_grid grid = {0};
    struct span meta = meta_of(bytes, length), rest = meta;
    for (const uint8_t *at; (at = next_box(&rest, "dimg")) != NULL;)
        grid.tiles += tiles_of(at - KIND, (size_t)(meta.end - at) + KIND);
    rest = meta;
    for (const uint8_t *at; (at = next_box(&rest, "ispe")) != NULL;) {
        if (meta.end - at < SIZE)
            break;
        uint64_t wide = number(at + KIND + 4, 4), high = number(at + KIND + 8, 4);
        if ((wide != width || high != height) && wide * high > grid.tile_pixels)
            grid.tile_pixels = wide * high;
    }
    if (grid.tiles > MOST_TILES)
        grid.tiles = MOST_TILES;
    if (!grid.tile_pixels)
        grid.tile_pixels = (uint64_t)width * height;
    return grid;
}

/* The sum of the numbers in boxes of this kind, each so many bytes behind the kind; of so many
 * bytes, or of four where its version is 2. */
static uint64_t count_in(struct span meta, const char *kind, int behind, int bytes) {
    uint64_t sum = 0;
    for (const uint8_t *at; (at = next_box(&meta, kind)) && meta.end - at >= behind + KIND;)
        sum += number(at + behind, at[KIND] < 2 ? bytes : 4);
    return sum;
}

uint64_t heif_items(const uint8_t *bytes, size_t length) {
    enum { REFERENCE = 14 };
    struct span meta = meta_of(bytes, length), rest = meta;
    uint64_t entries = 0;
    while (next_box(&rest, "infe"))
        entries++;
    rest = meta;
    const uint8_t *references = next_box(&rest, "iref");
    uint64_t others[] = {count_in(meta, "iloc", 10, 2), count_in(meta, "ipma", 8, 4),
                         references ? number(references - KIND, 4) / REFERENCE : 0};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        entries = others[i] > entries ? others[i] : entries;
    return entries;
}
