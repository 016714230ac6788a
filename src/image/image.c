/* Reading a picture's file and handing it to its decoder. */
#include "image/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/special.h"

/* A buffer above this size does not outlive the large picture that needed it. A file is far smaller
 * than its pixels, as a rule: it is kept up to FILE_PART of what they are. Reading is in steps of
 * READ_BYTES, between which it can be given up. */
enum { KEPT_BYTES = 64 << 20, FILE_PART = 4, READ_BYTES = 8 << 20 };

/* Makes room for `needed` bytes without keeping the contents. */
static enum status make_room(uint8_t **buffer, size_t *capacity, size_t needed) {
    if (needed <= *capacity && (*capacity <= KEPT_BYTES || needed > *capacity / 4))
        return STATUS_OK;
    free(*buffer);
    *capacity = 0;
    *buffer = malloc(needed);
    if (!*buffer)
        return FAIL(STATUS_FAILED, "out of memory: a picture of %zu bytes", needed);
    *capacity = needed;
    return STATUS_OK;
}

static enum status check_size(uint32_t width, uint32_t height) {
    if (!width || !height)
        return FAIL(STATUS_BAD_INPUT, "a picture of %" PRIu32 " x %" PRIu32 " pixels is empty",
                    width, height);
    if ((uint64_t)width * height > IMAGE_MAX_PIXELS)
        return FAIL(STATUS_BAD_INPUT,
                    "%" PRIu32 " x %" PRIu32 " pixels are more than the %" PRIu64 " accepted",
                    width, height, IMAGE_MAX_PIXELS);
    return STATUS_OK;
}

enum status image_resize_buffer(struct image *image, uint32_t width, uint32_t height) {
    enum status status;
    image->width = image->height = 0;
    TRY(check_size(width, height));
    TRY(make_room(&image->pixels, &image->capacity, (size_t)width * height * 3));
    image->width = width;
    image->height = height;
out:
    return status;
}

static enum status too_large(const struct image *image, size_t bytes) {
    return FAIL(STATUS_BAD_INPUT,
                "needs %zu MiB of memory to decode, more than the %zu MiB there are for pictures; "
                "--image-memory gives them more",
                (bytes + (1 << 20) - 1) >> 20, image_budget_bytes(image->budget) >> 20);
}

enum status image_go_on(const struct image *image) {
    return image_budget_cancelled(image->budget)
               ? FAIL(STATUS_FAILED, "given up, since the run was stopped")
               : STATUS_OK;
}

enum status image_prepare(struct image *image, uint32_t width, uint32_t height, size_t scratch) {
    return image_prepare_reduced(image, width, height, width, height, scratch);
}

enum status image_prepare_reduced(struct image *image, uint32_t whole_width, uint32_t whole_height,
                                  uint32_t width, uint32_t height, size_t scratch) {
    enum status status;
    TRY(check_size(whole_width, whole_height));
    image->whole_width = whole_width;
    image->whole_height = whole_height;
    size_t pixels = (size_t)width * height * 3;
    /* The decoder's memory is free again when the picture is turned into a second buffer. */
    if (image->orientation >= 5 && scratch < pixels)
        scratch = pixels;
    size_t needed = image->length + pixels + scratch;
    if (image->budget && needed > image->reserved) {
        if (needed > image_budget_bytes(image->budget))
            return too_large(image, needed);
        if (!image_budget_grow(image->budget, needed - image->reserved)) {
            image->wanted = needed;
            return FAIL(STATUS_FAILED, "the memory for pictures is in use");
        }
        image->reserved = needed;
    }
    TRY(image_resize_buffer(image, width, height));
out:
    return status;
}

static void drop_above(size_t most, uint8_t **buffer, size_t *capacity) {
    if (*capacity <= most)
        return;
    free(*buffer);
    *buffer = NULL;
    *capacity = 0;
}

void image_release(struct image *image) {
    size_t kept = KEPT_BYTES;
    if (image->budget && image_budget_kept(image->budget) < kept)
        kept = image_budget_kept(image->budget);
    drop_above(kept - kept / FILE_PART, &image->pixels, &image->capacity);
    drop_above(kept / FILE_PART, &image->file, &image->file_capacity);
    if (image->reserved)
        image_budget_give(image->budget, image->reserved);
    image->reserved = 0;
}

void image_free(struct image *image) {
    image_release(image);
    free(image->pixels);
    free(image->file);
    *image = (struct image){0};
}

/* A failed system call: the file's fault, or the machine's. */
static enum status call_failed(int error) {
    bool machine = error == EMFILE || error == ENFILE || error == ENOMEM;
    return FAIL(machine ? STATUS_FAILED : STATUS_BAD_INPUT, "cannot be read: %s", strerror(error));
}

static enum status reserve(struct image *image, size_t bytes) {
    if (!image->budget)
        return STATUS_OK;
    if (bytes > image_budget_bytes(image->budget))
        return too_large(image, bytes);
    if (!image_budget_take(image->budget, bytes))
        return image_go_on(image);
    image->reserved = bytes;
    return STATUS_OK;
}

/* Reads up to `size` bytes to the file's end. */
static enum status read_all(int descriptor, size_t size, struct image *image) {
    enum status status = STATUS_OK;
    image->length = 0;
    while (image->length < size) {
        TRY(image_go_on(image));
        size_t rest = size - image->length;
        ssize_t count = file_read_some(descriptor, image->file + image->length,
                                       rest < READ_BYTES ? rest : READ_BYTES);
        if (count < 0) {
            image->error = errno;
            return call_failed(image->error);
        }
        if (count == 0)
            break;
        image->length += (size_t)count;
    }
out:
    return status;
}

/* Takes from the budget what the file needs, or `wanted` at once if that is more. */
static enum status read_once(const char *path, size_t wanted, struct image *image) {
    enum status status = STATUS_OK;
    struct stat about;
    image->error = 0;
    image_release(image);
    int descriptor = file_open(path, 0, &about);
    if (descriptor == FILE_NOT_REGULAR) {
        status = FAIL(STATUS_BAD_INPUT,
                      S_ISDIR(about.st_mode) ? "a folder, not a file" : "not a regular file");
        goto out;
    }
    if (descriptor < 0) {
        int error = errno;
        if (special_is_why(path, error)) {
            status = FAIL(STATUS_BAD_INPUT, "not a regular file");
        } else {
            image->error = error;
            status = call_failed(error);
        }
        goto out;
    }
    if (about.st_size <= 0) {
        status = FAIL(STATUS_BAD_INPUT, "an empty file");
        goto out;
    }
    if ((uint64_t)about.st_size > IMAGE_MAX_FILE_BYTES) {
        status = FAIL(STATUS_BAD_INPUT, "a file of %jd bytes, more than the %" PRIu64 " accepted",
                      (intmax_t)about.st_size, IMAGE_MAX_FILE_BYTES);
        goto out;
    }
    size_t size = (size_t)about.st_size;
    TRY(reserve(image, size > wanted ? size : wanted));
    TRY(make_room(&image->file, &image->file_capacity, size));
    TRY(read_all(descriptor, size, image));
out:
    if (descriptor >= 0)
        close(descriptor);
    return status;
}

static enum status read_file(const char *path, size_t wanted, struct image *image) {
    enum status status = read_once(path, wanted, image);
    /* A network file system's server has another file of that name now. */
    return image->error == ESTALE ? read_once(path, wanted, image) : status;
}

static const struct format {
    image_recogniser *recognises;
    image_decoder *decode;
} formats[] = {
#define CELL(recognises, decode, title, suffixes) {recognises, decode},
    PICTURE_FORMATS(CELL)
#undef CELL
};

/* "JPEG or PNG or …" */
#define OR_TITLE(recognises, decode, title, suffixes) " or " title
static const char *const titles = &PICTURE_FORMATS(OR_TITLE)[sizeof " or " - 1];

static const struct format *find_format(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].recognises(bytes, length))
            return &formats[i];
    return NULL;
}

static enum status decode(struct image *image) {
    enum status status = STATUS_OK;
    const uint8_t *bytes = image->file;
    size_t length = image->length;
    image->wanted = 0;
    image->orientation = exif_orientation(bytes, length);
    const struct format *format = find_format(bytes, length);
    if (!format)
        return FAIL(STATUS_BAD_INPUT, "not a %s file", titles);
    TRY(format->decode(bytes, length, image));
    TRY(image_orient(image, image->orientation));
out:
    return status;
}

enum status image_read(const char *path, struct image *image) {
    return image_read_part(path, &(struct image_part){0}, image);
}

enum status image_read_part(const char *path, const struct image_part *part, struct image *image) {
    enum status status;
    image->wanted = image->width = image->height = 0;
    image->whole_width = image->whole_height = 0;
    image->part = *part;
    /* How much memory a picture takes its file says. Where the budget has not that much now, the
     * file is let go and read once more when it has: nobody holds a part and waits for the rest. */
    do {
        TRY(read_file(path, image->wanted, image));
        status = decode(image);
    } while (image->wanted);
out:
    if (status != STATUS_OK)
        image_release(image);
    return status;
}
