/* JPEG by libjpeg: rows go straight into the picture. Whatever means lost data ends the decoding.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "image/image.h"

enum { MAX_SCANS = 1000, ROWS_AT_ONCE = 16 };

/* Enough for a progressive picture of IMAGE_MAX_PIXELS in three components. */
static const long MAX_MEMORY = 2L << 30;

struct decoder {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    bool ran_out;             /* the data ended before the end marker */
    uint32_t seen_components; /* bit by component: a scan of it was read */
    enum status failure;
    char reason[JMSG_LENGTH_MAX];
};

static struct decoder *decoder_of(j_common_ptr info) {
    return info->client_data;
}

static void fail(j_common_ptr info) {
    struct decoder *decoder = decoder_of(info);
    info->err->format_message(info, decoder->reason);
    decoder->failure = STATUS_BAD_INPUT;
    switch (info->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
        decoder->failure = STATUS_FAILED;
        break;
    case JERR_NO_BACKING_STORE:
        snprintf(decoder->reason, sizeof decoder->reason, "needs more than %ld MiB to decode",
                 MAX_MEMORY >> 20);
        break;
    }
    longjmp(decoder->escape, 1);
}

static void on_message(j_common_ptr info, int level) {
    if (level >= 0)
        return;
    switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA: /* these leave every pixel as it is */
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
        return;
    default:
        fail(info);
    }
}

static void print_nothing(j_common_ptr info) {
    (void)info;
}

static void do_nothing(j_decompress_ptr info) {
    (void)info;
}

/* At the end of the data stands an end marker, so that a file that lacks only this decodes. Where
 * bits are missing the entropy decoder meets the marker too early and warns. */
static boolean on_empty(j_decompress_ptr info) {
    static const JOCTET end[2] = {0xFF, JPEG_EOI};
    decoder_of((j_common_ptr)info)->ran_out = true;
    info->src->next_input_byte = end;
    info->src->bytes_in_buffer = sizeof end;
    return TRUE;
}

static void skip(j_decompress_ptr info, long count) {
    if (count <= 0)
        return;
    if ((unsigned long)count > info->src->bytes_in_buffer) {
        on_empty(info);
        return;
    }
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= (size_t)count;
}

static void on_progress(j_common_ptr common) {
    j_decompress_ptr info = (j_decompress_ptr)common;
    struct decoder *decoder = decoder_of(common);
    for (int i = 0; i < info->comps_in_scan; i++)
        decoder->seen_components |= 1u << info->cur_comp_info[i]->component_index;
    if (info->input_scan_number > MAX_SCANS) {
        snprintf(decoder->reason, sizeof decoder->reason, "more than %d scans", MAX_SCANS);
        decoder->failure = STATUS_BAD_INPUT;
        longjmp(decoder->escape, 1);
    }
}

/* Whether the scans of a file without end marker hold the whole picture. Each scan by itself is
 * known to be whole, as the entropy decoder did not warn. */
static bool scans_complete(struct decoder *decoder) {
    j_decompress_ptr info = &decoder->info;
    if (info->arith_code) /* its decoder reads zeros beyond the end and never warns */
        return false;
    for (int i = 0; i < info->num_components; i++) {
        if (!info->progressive_mode) {
            if (!(decoder->seen_components >> i & 1))
                return false;
            continue;
        }
        for (int k = 0; k < DCTSIZE2; k++) {
            if (info->coef_bits[i][k] != 0)
                return false;
        }
    }
    return true;
}

/* OpenCV's conversion: the inks are taken as inverted (Adobe's way) whatever the markers say. */
static void cmyk_to_rgb(const JSAMPLE *cmyk, uint8_t *rgb, uint32_t width) {
    for (uint32_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
        int key = cmyk[3];
        for (int i = 0; i < 3; i++)
            rgb[i] = (uint8_t)(key - (((255 - cmyk[i]) * key) >> 8));
    }
}

static void read_rows(struct decoder *decoder, struct image *image) {
    j_decompress_ptr info = &decoder->info;
    size_t stride = (size_t)image->width * 3;
    JSAMPARRAY inks = NULL;
    if (info->out_color_space == JCS_CMYK)
        inks = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, image->width * 4, 1);
    while (info->output_scanline < info->output_height) {
        uint8_t *row = image->pixels + stride * info->output_scanline;
        if (inks) {
            jpeg_read_scanlines(info, inks, 1);
            cmyk_to_rgb(inks[0], row, image->width);
            continue;
        }
        JSAMPROW rows[ROWS_AT_ONCE];
        JDIMENSION count = info->output_height - info->output_scanline;
        if (count > ROWS_AT_ONCE)
            count = ROWS_AT_ONCE;
        for (JDIMENSION i = 0; i < count; i++)
            rows[i] = row + stride * i;
        jpeg_read_scanlines(info, rows, count);
    }
}

/* No variable of this function changes between setjmp and longjmp but through `decoder`. */
static enum status decode(struct decoder *decoder, struct image *image) {
    if (setjmp(decoder->escape)) {
        return FAIL(decoder->failure, "%sJPEG: %s", decoder->ran_out ? "truncated " : "",
                    decoder->reason);
    }
    j_decompress_ptr info = &decoder->info;
    jpeg_create_decompress(info);
    info->mem->max_memory_to_use = MAX_MEMORY;
    info->src = &decoder->source;
    info->progress = &decoder->progress;
    jpeg_read_header(info, TRUE);
    enum status status = image_resize_buffer(image, info->image_width, info->image_height);
    if (status != STATUS_OK)
        return status;
    info->out_color_space = info->num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(info);
    read_rows(decoder, image);
    /* What follows the last row of a single scan is not needed, the end marker included. */
    bool several = jpeg_has_multiple_scans(info) || info->arith_code;
    if (several && decoder->ran_out && !scans_complete(decoder))
        return FAIL(STATUS_BAD_INPUT, "truncated JPEG: scans are missing at its end");
    return STATUS_OK;
}

enum status jpeg_decode(const uint8_t *bytes, size_t length, struct image *image) {
    struct decoder decoder = {
        .source = {.next_input_byte = bytes,
                   .bytes_in_buffer = length,
                   .init_source = do_nothing,
                   .fill_input_buffer = on_empty,
                   .skip_input_data = skip,
                   .resync_to_restart = jpeg_resync_to_restart,
                   .term_source = do_nothing},
        .progress = {.progress_monitor = on_progress},
    };
    decoder.info.err = jpeg_std_error(&decoder.errors);
    decoder.errors.error_exit = fail;
    decoder.errors.emit_message = on_message;
    decoder.errors.output_message = print_nothing;
    decoder.info.client_data = &decoder;
    enum status status = decode(&decoder, image);
    jpeg_destroy_decompress(&decoder.info);
    return status;
}
