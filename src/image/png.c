/* PNG by libpng's row functions; every form becomes 8-bit RGB as OpenCV's IMREAD_COLOR has it. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

#include "image/image.h"

enum { MAX_SIDE = 1000000, MAX_CHUNK_BYTES = 8 << 20, MAX_CHUNKS = 1000 };
/* What libpng needs beside the picture: three rows of four samples of 16 bits a pixel, and zlib. */
enum { ROW_BYTES = 3 * 8, INFLATE_BYTES = 1 << 17 };

struct decoder {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t left;
    bool ran_out;
    char reason[128];
};

static void on_error(png_structp png, png_const_charp message) {
    struct decoder *decoder = png_get_error_ptr(png);
    snprintf(decoder->reason, sizeof decoder->reason, "%s", message);
    png_longjmp(png, 1);
}

/* Warnings are of chunks that no pixel depends on. */
static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    struct decoder *decoder = png_get_io_ptr(png);
    if (count > decoder->left) {
        decoder->ran_out = true;
        png_error(png, "the file ends early");
    }
    memcpy(out, decoder->bytes, count);
    decoder->bytes += count;
    decoder->left -= count;
}

/* No variable of this function changes between setjmp and longjmp but through `decoder`. */
static enum status decode(struct decoder *decoder, struct image *image) {
    png_structp png = decoder->png;
    if (setjmp(png_jmpbuf(png))) {
        return FAIL(STATUS_BAD_INPUT, "%sPNG: %s", decoder->ran_out ? "truncated " : "",
                    decoder->reason);
    }
    png_set_read_fn(png, decoder, read_bytes);
    png_set_user_limits(png, MAX_SIDE, MAX_SIDE);
    png_set_chunk_cache_max(png, MAX_CHUNKS);
    png_set_chunk_malloc_max(png, MAX_CHUNK_BYTES);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(png, decoder->info);
    uint32_t width = png_get_image_width(png, decoder->info);
    enum status status = image_prepare(image, width, png_get_image_height(png, decoder->info),
                                       (size_t)width * ROW_BYTES + INFLATE_BYTES);
    if (status != STATUS_OK)
        return status;

    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, decoder->info);
    size_t stride = (size_t)image->width * 3;
    if (png_get_rowbytes(png, decoder->info) != stride)
        png_error(png, "unknown pixel format");
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < image->height; y++) {
            if (image_budget_cancelled(image->budget))
                return image_go_on(image);
            png_read_row(png, image->pixels + stride * y, NULL);
        }
    }
    png_read_end(png, NULL);
    return STATUS_OK;
}

bool png_recognises(const uint8_t *bytes, size_t length) {
    return length >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
}

enum status png_decode(const uint8_t *bytes, size_t length, struct image *image) {
    struct decoder decoder = {.bytes = bytes, .left = length};
    decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error, on_warning);
    if (!decoder.png)
        return FAIL(STATUS_FAILED, "out of memory: libpng's decoder");
    enum status status;
    decoder.info = png_create_info_struct(decoder.png);
    if (decoder.info)
        status = decode(&decoder, image);
    else
        status = FAIL(STATUS_FAILED, "out of memory: libpng's decoder");
    png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    return status;
}
