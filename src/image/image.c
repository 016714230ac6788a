/* Reading a picture's file and handing it to its decoder. */
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A buffer above this size does not outlive the large picture that needed it. */
enum { KEPT_BYTES = 64 << 20 };

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

enum status image_resize_buffer(struct image *image, uint32_t width, uint32_t height) {
    image->width = image->height = 0;
    if (!width || !height)
        return FAIL(STATUS_BAD_INPUT, "a picture of %" PRIu32 " x %" PRIu32 " pixels is empty",
                    width, height);
    if ((uint64_t)width * height > IMAGE_MAX_PIXELS)
        return FAIL(STATUS_BAD_INPUT,
                    "%" PRIu32 " x %" PRIu32 " pixels are more than the %" PRIu64 " accepted",
                    width, height, IMAGE_MAX_PIXELS);
    enum status status = make_room(&image->pixels, &image->capacity, (size_t)width * height * 3);
    if (status != STATUS_OK)
        return status;
    image->width = width;
    image->height = height;
    return STATUS_OK;
}

void image_free(struct image *image) {
    free(image->pixels);
    free(image->file);
    *image = (struct image){0};
}

/* A failed system call: the file's fault, or the machine's. */
static enum status call_failed(int error) {
    bool machine = error == EMFILE || error == ENFILE || error == ENOMEM;
    return FAIL(machine ? STATUS_FAILED : STATUS_BAD_INPUT, "cannot be read: %s", strerror(error));
}

/* Reads up to `size` bytes to the file's end; *length: how many there were. Returns 0 or an errno
 * value. */
static int read_all(int descriptor, uint8_t *bytes, size_t size, size_t *length) {
    *length = 0;
    while (*length < size) {
        ssize_t count = read(descriptor, bytes + *length, size - *length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno;
        if (count == 0)
            break;
        *length += (size_t)count;
    }
    return 0;
}

/* *error: the failed system call's; 0: none has. */
static enum status read_once(const char *path, struct image *image, size_t *length, int *error) {
    enum status status = STATUS_OK;
    struct stat about;
    *error = 0;
    /* O_NONBLOCK: a named pipe that nobody writes to does not hold us up. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0 || fstat(descriptor, &about) != 0) {
        *error = errno;
        status = call_failed(*error);
        goto out;
    }
    if (!S_ISREG(about.st_mode)) {
        status = FAIL(STATUS_BAD_INPUT,
                      S_ISDIR(about.st_mode) ? "a folder, not a file" : "not a regular file");
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
    TRY(make_room(&image->file, &image->file_capacity, size));
    *error = read_all(descriptor, image->file, size, length);
    if (*error)
        status = call_failed(*error);
out:
    if (descriptor >= 0)
        close(descriptor);
    return status;
}

static enum status read_file(const char *path, struct image *image, size_t *length) {
    int error;
    enum status status = read_once(path, image, length, &error);
    /* A network file system's server has another file of that name now. */
    return error == ESTALE ? read_once(path, image, length, &error) : status;
}

enum status image_read(const char *path, struct image *image) {
    enum status status = STATUS_OK;
    size_t length = 0;
    image->width = image->height = 0;
    TRY(read_file(path, image, &length));
    if (length >= 3 && memcmp(image->file, "\xFF\xD8\xFF", 3) == 0)
        TRY(jpeg_decode(image->file, length, image));
    else if (length >= 8 && memcmp(image->file, "\x89PNG\r\n\x1a\n", 8) == 0)
        TRY(png_decode(image->file, length, image));
    else
        TRY(FAIL(STATUS_BAD_INPUT, "not a JPEG or PNG file"));
    TRY(image_orient(image, exif_orientation(image->file, length)));
out:
    return status;
}
