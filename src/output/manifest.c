/* Lines of the manifest, written and read. */
#include "output/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "output/below.h"
#include "output/digits.h"
#include "output/storage.h"
#include "output/work_folder.h"

/* The one that tells where files are being moved to (rejudge). */
#define NEXT_MANIFEST MERGE_PREFIX MANIFEST

/* A path, each byte of it escaped, and the numbers. */
enum { LINE_BYTES = 2 * PATH_MAX + 512 };

struct manifest_file manifest_file_of(const char *bytes, size_t length) {
    return (struct manifest_file){
        true, length, (uint32_t)crc32_z(0, (const unsigned char *)(bytes ? bytes : ""), length)};
}

/* ---------------------------------------------------------------- lines */

static void file_write_numbers(const struct manifest_file *file, struct text *text) {
    const uint64_t numbers[] = {file->there, file->size, file->crc};
    for (size_t i = 0; i < 3; i++) {
        text_count(text, numbers[i]);
        text_string(text, " ");
    }
}

void manifest_write(const struct manifest_entry *entry, struct text *text) {
    const uint64_t numbers[] = {entry->bucket, entry->image, entry->image_size,
                                (uint64_t)entry->image_time.tv_sec,
                                (uint64_t)entry->image_time.tv_nsec};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        text_count(text, numbers[i]);
        text_string(text, " ");
    }
    file_write_numbers(&entry->label, text);
    file_write_numbers(&entry->predicted, text);
    /* A name may hold a newline. */
    for (const char *at = entry->path; *at;) {
        size_t plain = strcspn(at, "\\\n");
        text_bytes(text, at, plain);
        at += plain;
        if (*at)
            text_string(text, *at++ == '\n' ? "\\n" : "\\\\");
    }
    text_string(text, "\n");
}

static bool number_next(const char **at, uint64_t most, uint64_t *value) {
    bool read = digits_read(at, most, value) && **at == ' ';
    *at += read;
    return read;
}

static bool file_read_numbers(const char **at, struct manifest_file *file) {
    uint64_t there, crc;
    if (!number_next(at, 1, &there) || !number_next(at, INT64_MAX, &file->size) ||
        !number_next(at, UINT32_MAX, &crc))
        return false;
    file->there = there;
    file->crc = (uint32_t)crc;
    return true;
}

static void unescape(char *path) {
    char *to = path;
    for (const char *from = path; *from; from++)
        if (*from == '\\' && from[1])
            *to++ = *++from == 'n' ? '\n' : *from;
        else
            *to++ = *from;
    *to = '\0';
}

static bool stays_below(const char *path) {
    if (*path == '\0' || *path == '/' || strlen(path) >= PATH_MAX)
        return false;
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return false;
    }
    return true;
}

bool manifest_read(char *line, struct manifest_entry *entry) {
    const char *at = line;
    uint64_t bucket, image, seconds, nanoseconds;
    if (!number_next(&at, BUCKET_FAILED - 1, &bucket) ||
        !number_next(&at, MANIFEST_IMAGES - 1, &image) ||
        !number_next(&at, INT64_MAX, &entry->image_size) ||
        !number_next(&at, UINT64_MAX, &seconds) || !number_next(&at, 999999999, &nanoseconds) ||
        !file_read_numbers(&at, &entry->label) || !file_read_numbers(&at, &entry->predicted))
        return false;
    entry->bucket = (enum bucket)bucket;
    entry->image = (enum manifest_image)image;
    entry->image_time = (struct timespec){(time_t)seconds, (long)nanoseconds};
    entry->path = at;
    unescape(line + (at - line));
    return stays_below(entry->path);
}

/* ---------------------------------------------------------------- files */

enum status manifest_lines(const struct location *location, manifest_line *each, void *context) {
    enum status status = STATUS_OK;
    char line[LINE_BYTES];
    uint64_t offset = 0;
    int file, error = below_file(location, O_RDONLY, 0, &file);
    if (error != 0)
        return error == ENOENT ? STATUS_OK : storage_failed(error, location, "cannot read");
    FILE *stream = fdopen(file, "r");
    if (!stream) {
        status = storage_failed(errno, location, "cannot read");
        close(file);
        return status;
    }
    while (status == STATUS_OK && fgets(line, sizeof line, stream)) {
        struct manifest_entry entry;
        size_t length = strlen(line);
        uint64_t at = offset;
        offset += length;
        if (length == 0 || line[length - 1] != '\n')
            break;
        line[length - 1] = '\0';
        if (!manifest_read(line, &entry))
            break;
        status = each(context, at, &entry);
    }
    if (status == STATUS_OK && ferror(stream))
        status = storage_failed(errno, location, "cannot read");
    fclose(stream);
    return status;
}

struct walking {
    manifest_each *each;
    void *context;
};

static enum status pass_on(void *context, uint64_t offset, const struct manifest_entry *entry) {
    const struct walking *walking = context;
    (void)offset;
    return walking->each(walking->context, entry);
}

enum status manifest_walk(int work, const char *path, manifest_each *each, void *context) {
    enum status status;
    struct location location = {work, path, "."};
    struct walking walking = {each, context};
    const struct dirent *entry;
    DIR *stream;
    int error = below_stream(&location, &stream);
    if (error != 0)
        return storage_failed(error, &location, "cannot read the folder");
    for (;;) {
        TRY(below_next(stream, &location, &entry));
        if (!entry)
            break;
        if (strcmp(entry->d_name, MANIFEST) == 0 || strcmp(entry->d_name, NEXT_MANIFEST) == 0 ||
            work_name_kind(entry->d_name) == WORK_PLACED)
            TRY(manifest_lines(&(struct location){work, path, entry->d_name}, pass_on, &walking));
    }
out:
    closedir(stream);
    return status;
}
