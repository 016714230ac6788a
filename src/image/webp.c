/* WebP by libwebp, lossy and lossless; a transparent picture keeps its colours, as OpenCV has it.
 */
#include <string.h>

#include <webp/decode.h>

#include "image/image.h"

/* STEP: bytes of the file between which decoding can be given up. What libwebp needs beside the
 * picture: of a lossless one 4 bytes a pixel, of others less, and tables. */
enum { STEP = 64 << 10, PIXEL_BYTES = 4, FIXED_BYTES = 4 << 20 };

static enum status failed(VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return FAIL(STATUS_FAILED, "out of memory: libwebp's decoder");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return FAIL(STATUS_BAD_INPUT, "truncated WebP");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return FAIL(STATUS_BAD_INPUT, "WebP: of a kind that libwebp does not read");
    default:
        return FAIL(STATUS_BAD_INPUT, "WebP: damaged");
    }
}

bool webp_recognises(const uint8_t *bytes, size_t length) {
    return length >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0;
}

/* Rows come out as far as the file's bytes that were handed over go. */
static enum status decode(const uint8_t *bytes, size_t length, struct image *image) {
    enum status status = STATUS_OK;
    size_t stride = (size_t)image->width * 3;
    VP8StatusCode code = VP8_STATUS_SUSPENDED;
    WebPIDecoder *decoder =
        WebPINewRGB(MODE_RGB, image->pixels, stride * image->height, (int)stride);
    if (!decoder)
        return failed(VP8_STATUS_OUT_OF_MEMORY);
    for (size_t given = 0; given < length && code == VP8_STATUS_SUSPENDED;) {
        TRY(image_go_on(image));
        given += length - given < STEP ? length - given : STEP;
        code = WebPIUpdate(decoder, bytes, given);
    }
    if (code != VP8_STATUS_OK)
        status = failed(code);
out:
    WebPIDelete(decoder);
    return status;
}

enum status webp_decode(const uint8_t *bytes, size_t length, struct image *image) {
    enum status status;
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(bytes, length, &features);
    if (code != VP8_STATUS_OK)
        return failed(code);
    if (features.has_animation)
        return FAIL(STATUS_BAD_INPUT, "WebP: an animation, not a picture");
    uint32_t width = (uint32_t)features.width, height = (uint32_t)features.height;
    TRY(image_prepare(image, width, height, (size_t)width * height * PIXEL_BYTES + FIXED_BYTES));
    TRY(decode(bytes, length, image));
out:
    return status;
}
