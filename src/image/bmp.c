/* BMP of all depths and of Windows' and OS/2's headers, run lengths among them; every form becomes
 * 8-bit RGB as OpenCV's IMREAD_COLOR has it. */
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40, MASKS_AT = FILE_HEADER + INFO_HEADER };
enum compression { RGB, RLE8, RLE4, BITFIELDS, ALPHA_BITFIELDS = 6 };

/* Where a channel's bits are in a pixel. */
struct channel {
    uint32_t mask;
    int shift; /* to the right, of the highest bit to bit 7; to the left where negative */
};

struct decoder {
    const uint8_t *bytes;
    size_t length;
    uint32_t width, height, depth, compression;
    bool top_down;
    size_t pixels; /* where they begin */
    uint8_t palette[256][3];
    struct channel channels[3]; /* red, green, blue */
};

static uint32_t number(const uint8_t *bytes, int count) {
    uint32_t value = 0;
    for (int i = count; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

static enum status truncated(void) {
    return FAIL(STATUS_BAD_INPUT, "truncated BMP");
}

static struct channel channel_of(uint32_t mask) {
    int highest = 31;
    while (highest > 0 && !(mask >> highest & 1))
        highest--;
    return (struct channel){mask, highest - 7};
}

static uint8_t channel_value(const struct channel *channel, uint32_t pixel) {
    uint32_t bits = pixel & channel->mask;
    return (uint8_t)(channel->shift >= 0 ? bits >> channel->shift : bits << -channel->shift);
}

static enum status read_masks(struct decoder *decoder) {
    static const uint32_t usual[2][3] = {{0x7C00, 0x03E0, 0x001F}, {0xFF0000, 0x00FF00, 0x0000FF}};
    bool given = decoder->compression == BITFIELDS || decoder->compression == ALPHA_BITFIELDS;
    if (given && decoder->length < MASKS_AT + 12)
        return truncated();
    for (int i = 0; i < 3; i++)
        decoder->channels[i] =
            channel_of(given ? number(decoder->bytes + MASKS_AT + (size_t)i * 4, 4)
                             : usual[decoder->depth == 32][i]);
    return STATUS_OK;
}

/* Colours that the file does not have are black. */
static void read_palette(struct decoder *decoder, size_t header, uint32_t used) {
    size_t entry = header == CORE_HEADER ? 3 : 4, at = FILE_HEADER + header;
    size_t most = (size_t)1 << decoder->depth, count = used && used < most ? used : most;
    for (size_t i = 0; i < count && at + 3 <= decoder->length; i++, at += entry)
        for (int k = 0; k < 3; k++)
            decoder->palette[i][k] = decoder->bytes[at + 2 - k];
}

static bool is_known(const struct decoder *decoder) {
    switch (decoder->compression) {
    case RGB:
        return decoder->depth == 1 || decoder->depth == 4 || decoder->depth == 8 ||
               decoder->depth == 16 || decoder->depth == 24 || decoder->depth == 32;
    case RLE8:
        return decoder->depth == 8;
    case RLE4:
        return decoder->depth == 4;
    case BITFIELDS:
    case ALPHA_BITFIELDS:
        return decoder->depth == 16 || decoder->depth == 32;
    default:
        return false;
    }
}

static enum status read_header(struct decoder *decoder) {
    const uint8_t *bytes = decoder->bytes;
    if (decoder->length < FILE_HEADER + CORE_HEADER)
        return truncated();
    size_t header = number(bytes + FILE_HEADER, 4);
    if (header != CORE_HEADER && (header < INFO_HEADER || header > 1024))
        return FAIL(STATUS_BAD_INPUT, "BMP: a header of %zu bytes is not known", header);
    if (decoder->length < FILE_HEADER + header)
        return truncated();
    const uint8_t *info = bytes + FILE_HEADER;
    uint32_t used = 0;
    if (header == CORE_HEADER) {
        decoder->width = number(info + 4, 2);
        decoder->height = number(info + 6, 2);
        decoder->depth = number(info + 10, 2);
    } else {
        uint32_t height = number(info + 8, 4);
        decoder->width = number(info + 4, 4);
        decoder->top_down = height >> 31;
        decoder->height = decoder->top_down ? 0 - height : height;
        decoder->depth = number(info + 14, 2);
        decoder->compression = number(info + 16, 4);
        used = number(info + 32, 4);
    }
    if (!is_known(decoder))
        return FAIL(STATUS_BAD_INPUT, "BMP: %u bits a pixel in form %u are not known",
                    (unsigned)decoder->depth, (unsigned)decoder->compression);
    decoder->pixels = number(bytes + 10, 4);
    if (decoder->depth <= 8)
        read_palette(decoder, header, used);
    return decoder->depth == 16 || decoder->depth == 32 ? read_masks(decoder) : STATUS_OK;
}

static uint8_t *row_of(const struct decoder *decoder, struct image *image, uint32_t y) {
    uint32_t row = decoder->top_down ? y : decoder->height - 1 - y;
    return image->pixels + (size_t)row * decoder->width * 3;
}

static void read_row(const struct decoder *decoder, const uint8_t *in, uint8_t *out) {
    uint32_t depth = decoder->depth, per_byte = depth <= 8 ? 8 / depth : 1;
    for (uint32_t x = 0; x < decoder->width; x++, out += 3) {
        if (depth <= 8) {
            uint32_t shift = 8 - depth * (x % per_byte + 1);
            uint32_t colour = in[x / per_byte] >> shift & ((1u << depth) - 1);
            memcpy(out, decoder->palette[colour], 3);
        } else if (depth == 24) {
            for (int k = 0; k < 3; k++)
                out[k] = in[(size_t)x * 3 + 2 - k];
        } else {
            uint32_t pixel = number(in + (size_t)x * depth / 8, (int)depth / 8);
            for (int k = 0; k < 3; k++)
                out[k] = channel_value(&decoder->channels[k], pixel);
        }
    }
}

static enum status read_rows(const struct decoder *decoder, struct image *image) {
    enum status status = STATUS_OK;
    size_t stride = ((size_t)decoder->width * decoder->depth + 31) / 32 * 4;
    size_t needed = ((size_t)decoder->width * decoder->depth + 7) / 8;
    for (uint32_t y = 0; y < decoder->height; y++) {
        size_t at = decoder->pixels + y * stride;
        if (at > decoder->length || decoder->length - at < needed)
            return truncated();
        TRY(image_go_on(image));
        read_row(decoder, decoder->bytes + at, row_of(decoder, image, y));
    }
out:
    return status;
}

/* ---------------------------------------------------------------- run lengths */

/* Where the next pixel goes; those beyond the picture go nowhere. */
struct pen {
    const struct decoder *decoder;
    struct image *image;
    uint32_t x, y;
};

static void put(struct pen *pen, uint8_t colour) {
    if (pen->x < pen->decoder->width && pen->y < pen->decoder->height)
        memcpy(row_of(pen->decoder, pen->image, pen->y) + (size_t)pen->x * 3,
               pen->decoder->palette[colour], 3);
    pen->x += pen->x < UINT32_MAX;
}

/* `count` pixels, of one byte's colours in turn, or of as many bytes as they take. */
static void put_run(struct pen *pen, const uint8_t *colours, uint32_t count, bool literal) {
    bool halves = pen->decoder->depth == 4;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t byte = colours[!literal ? 0 : halves ? i / 2 : i];
        put(pen, halves ? (i % 2 ? byte & 15 : byte >> 4) : byte);
    }
}

/* What is skipped has the first colour. */
static void fill(const struct decoder *decoder, struct image *image) {
    size_t n = (size_t)decoder->width * decoder->height;
    for (size_t i = 0; i < n; i++)
        memcpy(image->pixels + i * 3, decoder->palette[0], 3);
}

static enum status read_runs(const struct decoder *decoder, struct image *image) {
    enum { END_OF_ROW, END, JUMP };
    enum status status = STATUS_OK;
    struct pen pen = {decoder, image, 0, 0};
    size_t at = decoder->pixels;
    fill(decoder, image);
    while (pen.y < decoder->height) {
        if (at > decoder->length || decoder->length - at < 2)
            return truncated();
        uint32_t count = decoder->bytes[at], code = decoder->bytes[at + 1];
        at += 2;
        if (count > 0) {
            put_run(&pen, decoder->bytes + at - 1, count, false);
        } else if (code == END_OF_ROW) {
            pen.x = 0;
            pen.y++;
            TRY(image_go_on(image));
        } else if (code == END) {
            break;
        } else if (code == JUMP) {
            if (decoder->length - at < 2)
                return truncated();
            pen.x += decoder->bytes[at];
            pen.y += decoder->bytes[at + 1];
            at += 2;
        } else {
            size_t taken = decoder->depth == 4 ? (code + 1) / 2 : code;
            taken += taken % 2;
            if (decoder->length - at < taken)
                return truncated();
            put_run(&pen, decoder->bytes + at, code, true);
            at += taken;
        }
    }
out:
    return status;
}

bool bmp_recognises(const uint8_t *bytes, size_t length) {
    return length >= 2 && memcmp(bytes, "BM", 2) == 0;
}

enum status bmp_decode(const uint8_t *bytes, size_t length, struct image *image) {
    enum status status;
    struct decoder decoder = {.bytes = bytes, .length = length};
    TRY(read_header(&decoder));
    TRY(image_prepare(image, decoder.width, decoder.height, 0));
    bool runs = decoder.compression == RLE8 || decoder.compression == RLE4;
    status = runs ? read_runs(&decoder, image) : read_rows(&decoder, image);
out:
    return status;
}
