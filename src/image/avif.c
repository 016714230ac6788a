/* AVIF by libavif: the picture, or an animation's first one, upright; a transparent picture keeps
 * its colours. */
#include <inttypes.h>
#include <string.h>

#include <avif/avif.h>

#include "image/heif_grid.h"
#include "image/image.h"

/* What libavif and the decoder behind it need beside the picture: COPIES of its planes, and those
 * of all tiles, tables. */
enum { COPIES = 2, FIXED_BYTES = 4 << 20, MOST_OVERLAP = 16, MOST_ITEMS = 10000 };

static enum status failed(avifResult result, const avifDecoder *decoder) {
    const char *more = decoder->diag.error;
    if (result == AVIF_RESULT_OUT_OF_MEMORY)
        return FAIL(STATUS_FAILED, "out of memory: libavif's decoder");
    if (result == AVIF_RESULT_NO_CODEC_AVAILABLE)
        return FAIL(STATUS_BAD_INPUT, "AVIF: this libavif has no decoder for AV1");
    if (result == AVIF_RESULT_TRUNCATED_DATA)
        return FAIL(STATUS_BAD_INPUT, "truncated AVIF");
    return FAIL(STATUS_BAD_INPUT, "AVIF: damaged (%s%s%.100s)", avifResultToString(result),
                *more ? ": " : "", more);
}

/* As EXIF counts them. Turning and mirroring are properties of the picture, in this order; where it
 * has neither, its EXIF block counts. */
static int orientation_of(const avifImage *picture) {
    static const uint8_t turned[4][3] = {{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}};
    bool is_turned = picture->transformFlags & AVIF_TRANSFORM_IROT;
    bool is_mirrored = picture->transformFlags & AVIF_TRANSFORM_IMIR;
#if AVIF_VERSION >= 1000000
    unsigned mirror = picture->imir.axis;
#else
    unsigned mirror = picture->imir.mode;
#endif
    if (is_turned || is_mirrored)
        return turned[is_turned ? picture->irot.angle % 4 : 0][is_mirrored ? 1 + mirror % 2 : 0];
    const uint8_t *exif = picture->exif.data;
    size_t length = picture->exif.size;
    if (length >= 6 && memcmp(exif, "Exif\0", 6) == 0)
        return exif_orientation(exif + 6, length - 6);
    return exif_orientation(exif, length);
}

/* Pixels that libavif may decode at once. */
static uint32_t coded_limit(const avifDecoder *decoder, const struct heif_grid *grid) {
    uint64_t whole = (uint64_t)decoder->image->width * decoder->image->height;
    uint64_t most = grid->tiles ? grid->tile_pixels : whole;
    return (uint32_t)(most < IMAGE_MAX_PIXELS ? most : IMAGE_MAX_PIXELS);
}

/* All tiles are decoded before libavif looks whether they make up the picture. The parts of a whole
 * one overlap it by less than a tile; the file may have another, of its transparency, and yet
 * others. */
static enum status check_tiles(const avifDecoder *decoder, const struct heif_grid *grid) {
    uint64_t whole = (uint64_t)decoder->image->width * decoder->image->height;
    uint64_t tile = coded_limit(decoder, grid), all = grid->tiles * tile;
    if (all > IMAGE_MAX_PIXELS && all / MOST_OVERLAP > whole)
        return FAIL(STATUS_BAD_INPUT,
                    "AVIF: %" PRIu64 " tiles of up to %" PRIu64 " pixels are too many", grid->tiles,
                    tile);
    return STATUS_OK;
}

static size_t scratch_of(const avifDecoder *decoder, const struct heif_grid *grid) {
    const avifImage *picture = decoder->image;
    size_t samples = (size_t)picture->width * picture->height;
    if (grid->tiles)
        samples += grid->tiles * (size_t)coded_limit(decoder, grid);
    size_t planes =
        (picture->yuvFormat == AVIF_PIXEL_FORMAT_YUV444 ? 3 : 2) + (decoder->alphaPresent ? 1 : 0);
    return samples * planes * (picture->depth > 8 ? 2 : 1) * COPIES + FIXED_BYTES;
}

/* Reads the container; the coded picture, or each of its tiles, may then be no larger than it says.
 */
static enum status read_header(avifDecoder *decoder, const uint8_t *bytes, size_t length,
                               struct image *image) {
    enum status status;
    avifResult result = avifDecoderParse(decoder);
    if (result != AVIF_RESULT_OK)
        return failed(result, decoder);
    const avifImage *picture = decoder->image;
    struct heif_grid grid = heif_grid_of(bytes, length, picture->width, picture->height);
    TRY(check_tiles(decoder, &grid));
    image->orientation = orientation_of(picture);
    TRY(image_prepare(image, picture->width, picture->height, scratch_of(decoder, &grid)));
    decoder->imageSizeLimit = coded_limit(decoder, &grid);
out:
    return status;
}

static enum status read_pixels(avifDecoder *decoder, struct image *image) {
    enum status status = STATUS_OK;
    avifResult result = avifDecoderNextImage(decoder);
    if (result != AVIF_RESULT_OK)
        return failed(result, decoder);
    TRY(image_go_on(image));
    const avifImage *picture = decoder->image;
    if (picture->width != image->width || picture->height != image->height)
        return FAIL(STATUS_BAD_INPUT,
                    "AVIF: damaged (%" PRIu32 " x %" PRIu32 " pixels announced, %" PRIu32
                    " x %" PRIu32 " coded)",
                    image->width, image->height, picture->width, picture->height);
    avifImage opaque = *picture; /* libavif would lay a transparent picture on black */
    opaque.alphaPlane = NULL;
    opaque.alphaRowBytes = 0;
    avifRGBImage rgb;
    avifRGBImageSetDefaults(&rgb, &opaque);
    rgb.format = AVIF_RGB_FORMAT_RGB;
    rgb.depth = 8;
    rgb.avoidLibYUV = picture->depth > 8; /* which would round each plane first */
    rgb.pixels = image->pixels;
    rgb.rowBytes = image->width * 3;
    result = avifImageYUVToRGB(&opaque, &rgb);
    if (result != AVIF_RESULT_OK)
        status = failed(result, decoder);
out:
    return status;
}

enum status avif_decode(const uint8_t *bytes, size_t length, struct image *image) {
    enum status status = STATUS_OK;
    if (heif_items(bytes, length) > MOST_ITEMS)
        return FAIL(STATUS_BAD_INPUT, "AVIF: its parts are more than the %d accepted", MOST_ITEMS);
    avifDecoder *decoder = avifDecoderCreate();
    if (!decoder)
        return FAIL(STATUS_FAILED, "out of memory: libavif's decoder");
    decoder->maxThreads = 1;
    decoder->ignoreXMP = AVIF_TRUE;
    decoder->strictFlags = AVIF_STRICT_DISABLED; /* files of older encoders */
    decoder->imageSizeLimit = IMAGE_MAX_PIXELS;
    decoder->imageDimensionLimit = 0;
    avifResult result = avifDecoderSetIOMemory(decoder, bytes, length);
    if (result != AVIF_RESULT_OK) {
        status = failed(result, decoder);
        goto out;
    }
    TRY(read_header(decoder, bytes, length, image));
    TRY(read_pixels(decoder, image));
out:
    avifDecoderDestroy(decoder);
    return status;
}
