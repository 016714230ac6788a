/* Reads lists of images. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/collection.h"
#include "data/excerpt.h"
#include "data/file_bytes.h"
#include "data/path.h"
#include "data/picture.h"
#include "data/source.h"

enum { LINE_MAX_BYTES = 16384, BUFFER_BYTES = 1 << 16 };

struct list_reader {
    struct collection *collection;
    const char *file;
    char *folder;
    uint64_t line;
    bool foreign_seen; /* a line that looks like no path of this system's was checked */
    struct text entry, path;
};

/* A name may hold anything: whether it is meant as one shows where there is no such file. */
static enum status check_foreign(struct list_reader *reader, const char *entry) {
    enum status status;
    struct stat info;
    reader->foreign_seen = true;
    TRY(path_absolute(reader->folder, entry, &reader->path));
    if (lstat(reader->path.data, &info) == 0)
        goto out;
    struct text shown = {0};
    text_excerpt(&shown, entry, strlen(entry));
    status = text_status(&shown);
    if (status == STATUS_OK)
        status = FAIL(STATUS_BAD_INPUT, "%s, line %llu: '%s' is %s", reader->file,
                      (unsigned long long)reader->line, shown.data,
                      is_url(entry) ? "a URL: download the images, and list their paths"
                                    : "written as on Windows: here folders are parted by '/'");
    text_free(&shown);
out:
    return status;
}

static enum status end_line(struct list_reader *reader) {
    enum status status = STATUS_OK;
    struct text *entry = &reader->entry;
    char *text = entry->data;
    size_t length = entry->length;
    if (reader->line == 1 && length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    if (length == 0)
        goto out;
    text[length] = '\0';
    const struct picture_kind *kind = picture_kind(text);
    if (!reader->foreign_seen && (is_url(text) || is_windows_path(text)))
        TRY(check_foreign(reader, text));
    if (kind) {
        TRY(path_absolute(reader->folder, text, &reader->path));
        TRY(collection_add(reader->collection, kind, reader->path.data));
    } else {
        reader->collection->other++;
    }
out:
    text_clear(entry);
    return status;
}

static enum status not_a_list(const struct list_reader *reader, const char *why) {
    return FAIL(STATUS_BAD_INPUT, "%s, line %llu: %s; a list has one image path a line",
                reader->file, (unsigned long long)reader->line, why);
}

/* Adds a piece of a line. */
static enum status add_piece(struct list_reader *reader, const char *bytes, size_t length) {
    text_bytes(&reader->entry, bytes, length);
    if (reader->line == 1 && reader->entry.length >= 2 &&
        (memcmp(reader->entry.data, "\xff\xfe", 2) == 0 ||
         memcmp(reader->entry.data, "\xfe\xff", 2) == 0))
        return FAIL(STATUS_BAD_INPUT, "%s is UTF-16 text: save it as UTF-8", reader->file);
    if (memchr(bytes, '\0', length))
        return not_a_list(reader, "a NUL byte");
    if (reader->entry.length > LINE_MAX_BYTES)
        return not_a_list(reader, "longer than 16384 bytes");
    return text_status(&reader->entry);
}

static enum status add_block(struct list_reader *reader, const char *at, const char *end,
                             bool *after_cr) {
    enum status status = STATUS_OK;
    while (at < end) {
        if (*after_cr && *at == '\n') {
            *after_cr = false;
            at++;
            continue;
        }
        *after_cr = false;
        const char *stop = at;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        TRY(add_piece(reader, at, (size_t)(stop - at)));
        if (stop < end) {
            *after_cr = *stop == '\r';
            TRY(end_line(reader));
            reader->line++;
            stop++;
        }
        at = stop;
    }
out:
    return status;
}

static enum status open_list(const char *file, FILE **out) {
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return FAIL(file_error_is_machine(errno) ? STATUS_FAILED : STATUS_BAD_INPUT,
                    "cannot read %s: %s", file, strerror(errno));
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return FAIL(STATUS_BAD_INPUT, "cannot read %s: it is not a regular file", file);
    }
    *out = fdopen(fd, "r");
    if (!*out) {
        close(fd);
        return FAIL(STATUS_FAILED, "cannot read %s: %s", file, strerror(errno));
    }
    return STATUS_OK;
}

enum status collection_add_list(struct collection *collection, const char *file, const char *base) {
    enum status status;
    struct list_reader reader = {.collection = collection, .file = file, .line = 1};
    FILE *stream = NULL;
    char *buffer = NULL;
    bool after_cr = false;
    TRY(memory_string(base ? base : file, &reader.folder));
    if (!base)
        reader.folder[path_folder_length(file)] = '\0';
    TRY(memory_zeroed(BUFFER_BYTES, 1, &buffer));
    TRY(open_list(file, &stream));
    size_t length;
    while ((length = fread(buffer, 1, BUFFER_BYTES, stream)) > 0)
        TRY(add_block(&reader, buffer, buffer + length, &after_cr));
    if (ferror(stream)) {
        status = FAIL(STATUS_FAILED, "cannot read %s: %s", file, strerror(errno));
        goto out;
    }
    if (reader.entry.length > 0)
        TRY(end_line(&reader));
out:
    if (stream)
        fclose(stream);
    free(buffer);
    free(reader.folder);
    text_free(&reader.entry);
    text_free(&reader.path);
    return status;
}
