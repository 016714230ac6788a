/* Writing a JPEG file to memory. */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "image/image.h"

enum { BLOCK_BYTES = 1 << 16 };

struct encoder {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    jmp_buf escape;
    struct text *file;
    char reason[JMSG_LENGTH_MAX];
    JOCTET block[BLOCK_BYTES];
};

static struct encoder *encoder_of(j_common_ptr info) {
    return info->client_data;
}

static void fail(j_common_ptr info) {
    struct encoder *encoder = encoder_of(info);
    info->err->format_message(info, encoder->reason);
    longjmp(encoder->escape, 1);
}

static void print_nothing(j_common_ptr info) {
    (void)info;
}

static void begin(j_compress_ptr info) {
    struct encoder *encoder = encoder_of((j_common_ptr)info);
    info->dest->next_output_byte = encoder->block;
    info->dest->free_in_buffer = BLOCK_BYTES;
}

static boolean on_full(j_compress_ptr info) {
    struct encoder *encoder = encoder_of((j_common_ptr)info);
    text_bytes(encoder->file, (const char *)encoder->block, BLOCK_BYTES);
    begin(info);
    return TRUE;
}

static void end(j_compress_ptr info) {
    struct encoder *encoder = encoder_of((j_common_ptr)info);
    text_bytes(encoder->file, (const char *)encoder->block,
               BLOCK_BYTES - info->dest->free_in_buffer);
}

/* No variable of this function changes between setjmp and longjmp but through `encoder`. */
static enum status encode(struct encoder *encoder, const struct image_view *view, int quality) {
    if (setjmp(encoder->escape))
        return FAIL(STATUS_FAILED, "a JPEG of %u x %u pixels cannot be written: %s", view->width,
                    view->height, encoder->reason);
    j_compress_ptr info = &encoder->info;
    jpeg_create_compress(info);
    info->dest = &encoder->destination;
    info->image_width = view->width;
    info->image_height = view->height;
    info->input_components = 3;
    info->in_color_space = JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, quality, TRUE);
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        JSAMPROW row = view->pixels + info->next_scanline * view->stride;
        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
    return text_status(encoder->file);
}

enum status image_write_jpeg(const struct image_view *view, int quality, struct text *file) {
    struct encoder encoder = {
        .destination = {.init_destination = begin,
                        .empty_output_buffer = on_full,
                        .term_destination = end},
        .file = file,
    };
    encoder.info.err = jpeg_std_error(&encoder.errors);
    encoder.errors.error_exit = fail;
    encoder.errors.output_message = print_nothing;
    encoder.info.client_data = &encoder;
    enum status status = encode(&encoder, view, quality);
    jpeg_destroy_compress(&encoder.info);
    return status;
}
