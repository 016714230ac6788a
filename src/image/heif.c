/* HEIC by libheif: the primary picture, which libheif itself turns upright. */
#include <inttypes.h>
#include <string.h>

#include <libheif/heif.h>

#include "image/heif_grid.h"
#include "image/hevc.h"
#include "image/image.h"

/* What libheif and the decoder behind it need beside the picture: the planes of a whole one, of its
 * tiles and of a turned one, RGB, tables. */
enum { COPIES = 6, RGB = 3, FIXED_BYTES = 4 << 20 };

/* Each of the tiles might be as large as the largest of the codec's pictures. */
#define MOST_CODED ((uint64_t)1 << 32)

/* Samples of up to 8 bits, or of more in two bytes each, the low one first. */
static size_t sample_bytes(const struct heif_image_handle *handle) {
    return heif_image_handle_get_luma_bits_per_pixel(handle) > 8 ? 2 : 1;
}

static enum status failed(struct heif_error error) {
    switch (error.code) {
    case heif_error_Memory_allocation_error:
        if (error.subcode == heif_suberror_Security_limit_exceeded)
            return FAIL(STATUS_BAD_INPUT, "HEIC: larger than it says (%.100s)", error.message);
        return FAIL(STATUS_FAILED, "out of memory: libheif's decoder");
    case heif_error_Unsupported_filetype:
    case heif_error_Unsupported_feature:
        return FAIL(STATUS_BAD_INPUT, "HEIC: of a kind that this libheif does not read (%.100s)",
                    error.message);
    default:
        return FAIL(STATUS_BAD_INPUT, "HEIC: damaged (%.100s)", error.message);
    }
}

static enum status check(struct heif_error error) {
    return error.code == heif_error_Ok ? STATUS_OK : failed(error);
}

/* libheif looks at the coded size when the picture is decoded: it must not be a surprise. */
static enum status prepare(const struct heif_image_handle *handle, const uint8_t *bytes,
                           size_t length, struct image *image) {
    uint64_t coded = hevc_coded_pixels(bytes, length);
    int width = heif_image_handle_get_width(handle), height = heif_image_handle_get_height(handle);
    if (width < 0 || height < 0)
        return FAIL(STATUS_BAD_INPUT, "HEIC: damaged (a size below 0)");
    uint64_t pixels = (uint64_t)width * (uint64_t)height;
    if (coded > IMAGE_MAX_PIXELS)
        return FAIL(STATUS_BAD_INPUT,
                    "HEIC: %" PRIu64 " coded pixels are more than the %" PRIu64 " accepted", coded,
                    IMAGE_MAX_PIXELS);
    if (pixels > IMAGE_MAX_PIXELS)
        pixels = 0; /* image_prepare says so */
    pixels = pixels > coded ? pixels : coded;
    struct heif_grid grid = heif_grid_of(bytes, length, (uint32_t)width, (uint32_t)height);
    if (grid.tiles && coded > MOST_CODED / grid.tiles)
        return FAIL(STATUS_BAD_INPUT,
                    "HEIC: %" PRIu64 " tiles of up to %" PRIu64 " pixels are too many", grid.tiles,
                    coded);
    image->orientation = 1;
    return image_prepare(image, (uint32_t)width, (uint32_t)height,
                         pixels * (RGB + COPIES) * sample_bytes(handle) + FIXED_BYTES);
}

static void copy_row(const uint8_t *row, size_t n, unsigned most, uint8_t *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(((row[2 * i] | (unsigned)row[2 * i + 1] << 8) * 255 + most / 2) / most);
}

/* Of samples of more than 8 bits the nearest levels. */
static enum status copy_pixels(const struct heif_image *decoded, size_t bytes,
                               struct image *image) {
    size_t n = (size_t)image->width * RGB;
    int bits = heif_image_get_bits_per_pixel_range(decoded, heif_channel_interleaved);
    int stride = 0;
    const uint8_t *rows = heif_image_get_plane_readonly(decoded, heif_channel_interleaved, &stride);
    int width = heif_image_get_width(decoded, heif_channel_interleaved);
    int height = heif_image_get_height(decoded, heif_channel_interleaved);
    if (!rows || width < 0 || height < 0 || (uint32_t)width != image->width ||
        (uint32_t)height != image->height || (size_t)stride < n * bytes || bits < 8 || bits > 16)
        return FAIL(STATUS_BAD_INPUT,
                    "HEIC: damaged (%" PRIu32 " x %" PRIu32 " pixels announced, %d x %d coded)",
                    image->width, image->height, width, height);
    for (size_t y = 0; y < image->height; y++)
        if (bytes == 1)
            memcpy(image->pixels + y * n, rows + y * (size_t)stride, n);
        else
            copy_row(rows + y * (size_t)stride, n, (1U << bits) - 1, image->pixels + y * n);
    return STATUS_OK;
}

static enum status decode(const struct heif_image_handle *handle, struct image *image) {
    enum status status;
    struct heif_image *decoded = NULL;
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    if (!options)
        return FAIL(STATUS_FAILED, "out of memory: libheif's decoder");
    options->strict_decoding = 1;
    size_t bytes = sample_bytes(handle);
    TRY(check(heif_decode_image(
        handle, &decoded, heif_colorspace_RGB,
        bytes == 1 ? heif_chroma_interleaved_RGB : heif_chroma_interleaved_RRGGBB_LE, options)));
    TRY(image_go_on(image));
    TRY(copy_pixels(decoded, bytes, image));
out:
    if (decoded)
        heif_image_release(decoded);
    heif_decoding_options_free(options);
    return status;
}

enum status heif_decode(const uint8_t *bytes, size_t length, struct image *image) {
    enum status status;
    struct heif_image_handle *handle = NULL;
    struct heif_context *context = heif_context_alloc();
    if (!context)
        return FAIL(STATUS_FAILED, "out of memory: libheif's decoder");
    heif_context_set_max_decoding_threads(context, 0);
    TRY(check(heif_context_read_from_memory_without_copy(context, bytes, length, NULL)));
    TRY(check(heif_context_get_primary_image_handle(context, &handle)));
    TRY(prepare(handle, bytes, length, image));
    TRY(decode(handle, image));
out:
    if (handle)
        heif_image_handle_release(handle);
    heif_context_free(context);
    return status;
}
