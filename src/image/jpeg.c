/* JPEG by libjpeg: rows go straight into the picture. Whatever means lost data ends the decoding.
 */
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "image/image.h"

/* A progressive file may go through all blocks in each of its scans, and a scan that changes
 * nothing takes a few bytes. A picture's scans may come to MAX_BLOCKS (a second or so) or
 * MAX_PASSES times all of its blocks, whichever is more; encoders write about 10 scans, which come
 * to 5. */
enum { MAX_SCANS = 1000, MAX_BLOCKS = 1 << 24, MAX_PASSES = 12 };
/* LINES: rows of samples that libjpeg holds at a time. FIXED_BYTES: its tables and pools, which it
 * counts whatever the picture's size; a quarter of this has been enough. */
enum {
    ROWS_AT_ONCE = 16,
    LINES = 64,
    BLOCK_BYTES = DCTSIZE2 * sizeof(JCOEF),
    FIXED_BYTES = 1 << 17
};

struct decoder {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    const struct image *image;
    bool ran_out;             /* the data ended before the end marker */
    bool in_scans;            /* several are read before the first row comes out */
    uint64_t blocks;          /* decoded in them so far */
    uint64_t most_blocks;     /* and at most */
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
        snprintf(decoder->reason, sizeof decoder->reason,
                 "needs more memory to decode than its header says");
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

static void refuse(struct decoder *decoder) {
    decoder->failure = STATUS_BAD_INPUT;
    longjmp(decoder->escape, 1);
}

/* Called for each row of blocks of a scan, and before rows come out. */
static void on_progress(j_common_ptr common) {
    j_decompress_ptr info = (j_decompress_ptr)common;
    struct decoder *decoder = decoder_of(common);
    if (image_go_on(decoder->image) != STATUS_OK) {
        decoder->failure = STATUS_FAILED;
        longjmp(decoder->escape, 1);
    }
    for (int i = 0; i < info->comps_in_scan; i++) {
        const jpeg_component_info *component = info->cur_comp_info[i];
        decoder->seen_components |= 1u << component->component_index;
        if (decoder->in_scans)
            decoder->blocks += (uint64_t)component->width_in_blocks * component->v_samp_factor;
    }
    if (info->input_scan_number > MAX_SCANS) {
        snprintf(decoder->reason, sizeof decoder->reason, "more than %d scans", MAX_SCANS);
        refuse(decoder);
    }
    if (decoder->blocks > decoder->most_blocks) {
        snprintf(decoder->reason, sizeof decoder->reason,
                 "its scans go through all pixels more than %d times", MAX_PASSES);
        refuse(decoder);
    }
}

/* What libjpeg needs beside the picture. Where rows come out only after several scans, it holds all
 * coefficients. */
static size_t scratch_bytes(j_decompress_ptr info) {
    size_t bytes = FIXED_BYTES + (size_t)info->image_width * info->num_components * LINES;
    for (int i = 0; jpeg_has_multiple_scans(info) && i < info->num_components; i++) {
        const jpeg_component_info *component = &info->comp_info[i];
        size_t columns = component->width_in_blocks + component->h_samp_factor;
        size_t rows = component->height_in_blocks + component->v_samp_factor;
        bytes += columns * rows * BLOCK_BYTES;
    }
    return bytes;
}

static uint64_t count_blocks(j_decompress_ptr info) {
    uint64_t blocks = 0;
    for (int i = 0; i < info->num_components; i++)
        blocks +=
            (uint64_t)info->comp_info[i].width_in_blocks * info->comp_info[i].height_in_blocks;
    return blocks;
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

/* How many rows are wanted: all, where another row is the last once the picture is upright. */
static JDIMENSION last_row(const struct decoder *decoder, const struct image *image) {
    JDIMENSION height = decoder->info.output_height;
    double wanted = ceil(image->part.bottom * height);
    bool part = image->orientation == 1 && wanted >= 1 && wanted < height;
    return part ? (JDIMENSION)wanted : height;
}

static void read_rows(struct decoder *decoder, struct image *image) {
    j_decompress_ptr info = &decoder->info;
    size_t stride = (size_t)image->width * 3;
    JDIMENSION end = last_row(decoder, image);
    JSAMPARRAY inks = NULL;
    if (info->out_color_space == JCS_CMYK)
        inks = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, image->width * 4, 1);
    while (info->output_scanline < end) {
        uint8_t *row = image->pixels + stride * info->output_scanline;
        if (inks) {
            jpeg_read_scanlines(info, inks, 1);
            cmyk_to_rgb(inks[0], row, image->width);
            continue;
        }
        JSAMPROW rows[ROWS_AT_ONCE];
        JDIMENSION count = end - info->output_scanline;
        if (count > ROWS_AT_ONCE)
            count = ROWS_AT_ONCE;
        for (JDIMENSION i = 0; i < count; i++)
            rows[i] = row + stride * i;
        jpeg_read_scanlines(info, rows, count);
    }
}

/* By how much the sides may be divided so that the picture is still to be shrunk, or nothing is. */
static uint32_t reduce_within(const struct image *image, j_decompress_ptr info) {
    bool turned = image->orientation >= 5;
    double width = turned ? image->part.within_height : image->part.within_width;
    double height = turned ? image->part.within_width : image->part.within_height;
    double gain = fmin(width / info->image_width, height / info->image_height);
    uint32_t reduce = 8;
    while (reduce > 1 && reduce * gain > 1)
        reduce /= 2;
    return reduce;
}

static uint32_t reduce_of(const struct image *image, j_decompress_ptr info) {
    if (image->part.within_width && image->part.within_height)
        return reduce_within(image, info);
    return image->part.reduce ? image->part.reduce : 1;
}

/* No variable of this function changes between setjmp and longjmp but through `decoder`. */
static enum status decode(struct decoder *decoder, struct image *image) {
    if (setjmp(decoder->escape)) {
        if (decoder->failure == STATUS_FAILED && image_budget_cancelled(image->budget))
            return image_go_on(image);
        return FAIL(decoder->failure, "%sJPEG: %s", decoder->ran_out ? "truncated " : "",
                    decoder->reason);
    }
    j_decompress_ptr info = &decoder->info;
    jpeg_create_decompress(info);
    info->src = &decoder->source;
    info->progress = &decoder->progress;
    jpeg_read_header(info, TRUE);
    size_t scratch = scratch_bytes(info);
    info->out_color_space = info->num_components == 4 ? JCS_CMYK : JCS_RGB;
    info->scale_denom = reduce_of(image, info);
    info->scale_num = 1;
    jpeg_calc_output_dimensions(info);
    enum status status = image_prepare_reduced(image, info->image_width, info->image_height,
                                               info->output_width, info->output_height, scratch);
    if (status != STATUS_OK)
        return status;
    info->mem->max_memory_to_use = (long)scratch;
    uint64_t most = MAX_PASSES * count_blocks(info);
    decoder->most_blocks = most > MAX_BLOCKS ? most : MAX_BLOCKS;
    decoder->in_scans = jpeg_has_multiple_scans(info);
    jpeg_start_decompress(info);
    decoder->in_scans = false;
    read_rows(decoder, image);
    /* What follows the last row of a single scan is not needed, the end marker included. */
    bool several = jpeg_has_multiple_scans(info) || info->arith_code;
    if (several && decoder->ran_out && !scans_complete(decoder))
        return FAIL(STATUS_BAD_INPUT, "truncated JPEG: scans are missing at its end");
    return STATUS_OK;
}

bool jpeg_recognises(const uint8_t *bytes, size_t length) {
    return length >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0;
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
        .image = image,
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
