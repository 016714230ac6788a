/* Pictures as pixels, and their fitting into the network's input. */
#ifndef VERIFY_IMAGE_IMAGE_H
#define VERIFY_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/picture_formats.h"
#include "base/status.h"
#include "base/text.h"
#include "image/budget.h"

/* What a decoder accepts; a header that announces more is refused before anything is allocated. */
#define IMAGE_MAX_PIXELS     ((uint64_t)1 << 28)
#define IMAGE_MAX_FILE_BYTES ((uint64_t)1 << 30)

/* What a decoder need not deliver; zeroed: it is to deliver all. */
struct image_part {
    uint32_t reduce; /* 2, 4 or 8: sides divided by this, rounded up, will do */
    double bottom;   /* above 0: of the rows below this fraction of the height nothing is read */
    /* Above 0, instead of `reduce`: the upright picture is to be scaled so that it fits into this,
     * and sides that are as long then will do. */
    uint32_t within_width, within_height;
};

/* 8-bit RGB, rows top to bottom without padding: (height, width, 3). */
struct image {
    uint8_t *pixels;        /* owned; reused by the next image_read into the same struct */
    size_t capacity;        /* bytes allocated */
    uint32_t width, height; /* of the pixels */
    uint32_t whole_width, whole_height; /* of the picture, which image_part may have reduced */
    uint8_t *file;                      /* the last file read; owned and reused likewise */
    size_t file_capacity;
    struct image_budget *budget; /* the caller's, shared by many; NULL: no limit */
    size_t reserved;             /* of the budget, until image_release */
    /* Of the last image_read: */
    int error; /* errno of the system call that failed; 0: none, whatever is wrong with the file */
    size_t length; /* of the file */
    int orientation;
    size_t wanted;          /* of the budget, where it had not all at once */
    struct image_part part; /* zeroed by image_read */
};

/* Reads a picture of a format that base/picture_formats.h has (by content, not by suffix), EXIF
 * orientation applied, alpha dropped and 16-bit reduced as OpenCV's imread does. Waits until the
 * budget has room for the file, the pixels and their decoding. STATUS_BAD_INPUT with the reason
 * (without the path) where the file cannot be read, is truncated or not an image, or needs more
 * than the whole budget; STATUS_FAILED where memory or file descriptors run out, or the budget is
 * cancelled; `image` then holds nothing usable but may be used again. Start with a struct of zeros
 * and the budget. Thread-safe. */
enum status image_read(const char *path, struct image *image);
/* The same where a part of it will do: a JPEG is decoded in less time then. Pixels that it delivers
 * do not depend on `bottom`; those of rows that are not read are undefined. */
enum status image_read_part(const char *path, const struct image_part *part, struct image *image);
/* The pixels are not needed any more: gives its part of the budget back, and large buffers. */
void image_release(struct image *image);
/* The same, and all buffers. */
void image_free(struct image *image);

/* Whether a whole file in memory is of a format, by its first bytes; and its decoder: to pixels,
 * before orientation, with image_prepare once its header is read. A JPEG whose end marker is
 * missing is accepted where every pixel was there; any other loss of data is an error. The work is
 * bounded by the number of pixels. */
typedef bool image_recogniser(const uint8_t *bytes, size_t length);
typedef enum status image_decoder(const uint8_t *bytes, size_t length, struct image *image);
#define DECLARE(recognises, decode, title, suffixes)                                               \
    image_recogniser recognises;                                                                   \
    image_decoder decode;
PICTURE_FORMATS(DECLARE)
#undef DECLARE

/* EXIF orientation 1 to 8 of a JPEG, PNG (eXIf) or TIFF file in memory; 1 where it has none or it
 * is malformed. The first Exif block counts, and the first orientation entry of its first
 * directory, read as a SHORT whatever its type says (as OpenCV does). */
int exif_orientation(const uint8_t *bytes, size_t length);
/* Turns the picture upright from this orientation. STATUS_FAILED: memory, or the budget is
 * cancelled. */
enum status image_orient(struct image *image, int orientation);

/* Makes room for width x height pixels and sets the size; contents undefined. STATUS_BAD_INPUT
 * where a side is 0 or the pixels exceed IMAGE_MAX_PIXELS. */
enum status image_resize_buffer(struct image *image, uint32_t width, uint32_t height);
/* A part of a picture; its sides are at least 1, and it lies within. */
struct crop {
    uint32_t x, y, width, height;
};
/* Copies it to `out`, another picture, whose pixels are reused as by image_read. */
enum status image_crop(const struct image *image, const struct crop *crop, struct image *out);
/* For decoders, once the header is read: the same, after taking from the budget what the file, the
 * pixels and `scratch` bytes more come to. */
enum status image_prepare(struct image *image, uint32_t width, uint32_t height, size_t scratch);
/* The same for a picture of whole_width x whole_height pixels, all of which are accepted or not,
 * that is decoded to fewer. */
enum status image_prepare_reduced(struct image *image, uint32_t whole_width, uint32_t whole_height,
                                  uint32_t width, uint32_t height, size_t scratch);
/* STATUS_FAILED where the budget is cancelled. */
enum status image_go_on(const struct image *image);

/* A picture's rectangle, as fractions of its sides. */
struct image_area {
    double left, top, right, bottom;
};

/* Pixels of a larger picture, of which `pixels` is the upper left one. */
struct image_view {
    uint8_t *pixels; /* RGB; not owned */
    uint32_t width, height;
    size_t stride; /* bytes from row to row */
};

/* Scales an area of a picture, which is not empty, to the size of the view: each pixel is the mean
 * of those that it covers, or lies between, by distance. Rows and columns outside of the area are
 * not read. STATUS_FAILED only where memory runs out. Thread-safe. */
enum status image_scale(const struct image *image, const struct image_area *area,
                        const struct image_view *view);

/* Appends a JPEG file of a view, of this quality (1 to 100). */
enum status image_write_jpeg(const struct image_view *view, int quality, struct text *file);

/* Where a picture lies in the network's input. A network pixel (x, y) is the picture's
 * ((x - left) / gain_x, (y - top) / gain_y), as Ultralytics' LetterBox and scale_boxes have it.
 * The two gains differ from `gain`, the ratio aimed at, by the rounding of the scaled sides. */
struct letterbox {
    uint32_t image_width, image_height;
    uint32_t net_width, net_height;
    uint32_t width, height; /* of the scaled picture */
    uint32_t left, top;     /* of the scaled picture within the input */
    float gain;
    float gain_x, gain_y; /* width / image_width, height / image_height */
};

/* Where pictures are to lie in an input. All numbers are at least 1. */
struct letterbox_frame {
    uint32_t width, height; /* of the input; with `rect` the most that it may be */
    uint32_t stride;        /* of which `rect` needs both to be multiples */
    bool rect;   /* the input is as small as the scaled picture, in multiples of the stride */
    bool corner; /* YOLOX's: in the upper left corner, scaled sides cut, not rounded */
};
struct letterbox letterbox_within(uint32_t image_width, uint32_t image_height,
                                  const struct letterbox_frame *frame);

/* Square: fits into imgsz x imgsz. Rectangular (`rect`): the scaled picture's own shape, each side
 * padded to a multiple of `stride` (Ultralytics' predict: LetterBox(auto=True)); imgsz is then a
 * multiple of `stride`. All arguments are at least 1. */
struct letterbox letterbox_plan(uint32_t image_width, uint32_t image_height, uint32_t imgsz,
                                bool rect, uint32_t stride);

/* Scales the pixels, all that there are of the picture, whose size need not be the letterbox's
 * image_width x image_height; bilinearly, to the bit as OpenCV's INTER_LINEAR does, pads with 114
 * and writes three
 * planes (3, net_height, net_width) of RGB levels, 0 to 255. `before`: the letterbox of what they
 * hold from an earlier call (all 0: nothing), whose padding is not written again. STATUS_FAILED
 * only where memory runs out. Thread-safe. */
enum status letterbox_levels(const struct image *image, const struct letterbox *letterbox,
                             const struct letterbox *before, uint8_t *levels);
/* Networks read level / 255. */
void letterbox_units(const uint8_t *levels, size_t n, float *units);

#endif
