/* TIFF by libtiff: the first page, of 1 to 16 bits a sample, as OpenCV's IMREAD_COLOR has it. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "base/memory.h"
#include "image/image.h"

/* A strip or a tile may be so much larger than its pixels as RGBA, when decompressed; what libtiff
 * keeps beside them. */
enum { STRIP_PART = 16, FIXED_BYTES = 1 << 20 };

/* A file in memory, and what libtiff said of it first. */
struct source {
    const uint8_t *bytes;
    size_t length;
    uint64_t at;
    char reason[160];
};

static tmsize_t read_bytes(thandle_t handle, void *out, tmsize_t count) {
    struct source *source = handle;
    size_t left = source->at < source->length ? source->length - (size_t)source->at : 0;
    size_t n = (size_t)count < left ? (size_t)count : left;
    if (n)
        memcpy(out, source->bytes + source->at, n);
    source->at += n;
    return (tmsize_t)n;
}

static tmsize_t write_nothing(thandle_t handle, void *bytes, tmsize_t count) {
    (void)handle, (void)bytes, (void)count;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    struct source *source = handle;
    source->at = whence == SEEK_SET   ? offset
                 : whence == SEEK_CUR ? source->at + offset
                                      : source->length + offset;
    return source->at;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size_of(thandle_t handle) {
    return ((struct source *)handle)->length;
}

static int map(thandle_t handle, void **base, toff_t *size) {
    struct source *source = handle;
    *base = (void *)source->bytes; /* of a file that is opened for reading alone */
    *size = source->length;
    return 1;
}

static void unmap(thandle_t handle, void *base, toff_t size) {
    (void)handle, (void)base, (void)size;
}

/* The handlers of libtiff are the process's: each finds the file that is meant. */
static void on_error(thandle_t handle, const char *module, const char *format, va_list arguments) {
    struct source *source = handle;
    (void)module;
    if (source && !*source->reason)
        vsnprintf(source->reason, sizeof source->reason, format, arguments);
}

static void set_handlers(void) {
    TIFFSetErrorHandler(NULL);
    TIFFSetErrorHandlerExt(on_error);
    TIFFSetWarningHandler(NULL);
}

bool tiff_recognises(const uint8_t *bytes, size_t length) {
    return length >= 4 && (memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0 ||
                           memcmp(bytes, "II+\0", 4) == 0 || memcmp(bytes, "MM\0+", 4) == 0);
}

static enum status failed(const struct source *source, const char *otherwise) {
    return FAIL(STATUS_BAD_INPUT, "TIFF: %s", *source->reason ? source->reason : otherwise);
}

/* Rows that are decoded together: a strip's, or a row of tiles'. */
static uint32_t rows_together(TIFF *tiff, uint32_t height) {
    uint32_t rows = height;
    if (TIFFIsTiled(tiff))
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &rows);
    else
        TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    return rows == 0 || rows > height ? height : rows;
}

static void copy_rows(const uint32_t *raster, size_t n, uint8_t *out) {
    for (size_t i = 0; i < n; i++, out += 3) {
        out[0] = (uint8_t)TIFFGetR(raster[i]);
        out[1] = (uint8_t)TIFFGetG(raster[i]);
        out[2] = (uint8_t)TIFFGetB(raster[i]);
    }
}

/* The rows as they lie in the file: turning is image_orient's. */
static enum status read_rows(TIFFRGBAImage *rgba, uint32_t together, const struct source *source,
                             struct image *image) {
    enum status status;
    uint32_t *raster = NULL;
    size_t width = image->width;
    TRY(memory_zeroed(width * together, sizeof *raster, &raster));
    rgba->req_orientation = rgba->orientation = ORIENTATION_TOPLEFT;
    for (uint32_t y = 0; y < image->height; y += together) {
        uint32_t rows = image->height - y < together ? image->height - y : together;
        TRY(image_go_on(image));
        rgba->row_offset = (int)y;
        if (!TIFFRGBAImageGet(rgba, raster, image->width, rows))
            TRY(failed(source, "damaged"));
        copy_rows(raster, width * rows, image->pixels + width * y * 3);
    }
out:
    free(raster);
    return status;
}

static enum status decode(TIFF *tiff, const struct source *source, struct image *image) {
    enum status status;
    TIFFRGBAImage rgba;
    char reason[1024] = "";
    uint32_t width = 0, height = 0;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    if (!TIFFRGBAImageOK(tiff, reason))
        return FAIL(STATUS_BAD_INPUT, "TIFF: %.150s", reason);
    uint32_t together = rows_together(tiff, height);
    uint64_t strip = TIFFIsTiled(tiff) ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff);
    uint64_t raster = (uint64_t)width * together * sizeof(uint32_t);
    if (strip / STRIP_PART > raster + FIXED_BYTES)
        return FAIL(STATUS_BAD_INPUT, "TIFF: strips of %llu bytes are too large for its pixels",
                    (unsigned long long)strip);
    TRY(image_prepare(image, width, height, (size_t)(raster + 2 * strip) + FIXED_BYTES));
    if (!TIFFRGBAImageBegin(&rgba, tiff, 1, reason))
        return FAIL(STATUS_BAD_INPUT, "TIFF: %.150s", *reason ? reason : source->reason);
    status = read_rows(&rgba, together, source, image);
    TIFFRGBAImageEnd(&rgba);
out:
    return status;
}

enum status tiff_decode(const uint8_t *bytes, size_t length, struct image *image) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct source source = {.bytes = bytes, .length = length};
    pthread_once(&once, set_handlers);
    TIFF *tiff = TIFFClientOpen("", "r", &source, read_bytes, write_nothing, seek, close_nothing,
                                size_of, map, unmap);
    if (!tiff)
        return failed(&source, "damaged");
    enum status status = decode(tiff, &source, image);
    TIFFClose(tiff);
    return status;
}
