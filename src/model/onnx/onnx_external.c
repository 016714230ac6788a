/* Constants that an ONNX file keeps in another file ("external data"). The path comes from the
 * model, which may be a stranger's: only regular files inside the model's folder are opened. */
#include "model/onnx/onnx_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static const char *entry(const Onnx__TensorProto *message, const char *key) {
    for (size_t i = 0; i < message->n_external_data; i++) {
        const Onnx__StringStringEntryProto *pair = message->external_data[i];
        if (pair->key != NULL && pair->value != NULL && strcmp(pair->key, key) == 0)
            return pair->value;
    }
    return NULL;
}

/* A number that is not negative; `fallback` where the key is absent. */
static enum status entry_number(const Onnx__TensorProto *message, const char *key, size_t fallback,
                                size_t *out) {
    const char *text = entry(message, key);
    char *end;
    *out = fallback;
    if (text == NULL)
        return STATUS_OK;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < 0)
        return FAIL(STATUS_BAD_INPUT, "damaged: the %s of its external data is '%.40s'", key, text);
    *out = (size_t)value;
    return STATUS_OK;
}

/* Opens `location` step by step below the model's folder, so that neither ".." nor a link can lead
 * out of it. The descriptor is a regular file's. */
static enum status open_beneath(const char *model_path, const char *location, int *out) {
    enum status status;
    char *folder = NULL, *path = NULL, *rest;
    struct stat about;
    int at = -1, next;
    *out = -1;
    TRY(memory_string(model_path, &folder));
    TRY(memory_string(location, &path));
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[1] = '\0';
    at = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (char *part = strtok_r(path, "/", &rest); part != NULL && at >= 0;
         part = strtok_r(NULL, "/", &rest)) {
        bool last = rest == NULL || rest[strspn(rest, "/")] == '\0';
        if (location[0] == '/' || strcmp(part, "..") == 0) {
            status = FAIL(STATUS_BAD_INPUT,
                          "its data would lie outside the model's folder: '%.200s'", location);
            goto out;
        }
        next = openat(at, part,
                      O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
        close(at);
        at = next;
    }
    if (at < 0 || fstat(at, &about) != 0 || !S_ISREG(about.st_mode)) {
        status = FAIL(STATUS_BAD_INPUT,
                      "its data are in '%.200s', which is no regular file in the model's folder",
                      location);
        goto out;
    }
    *out = at;
    at = -1;
out:
    if (at >= 0)
        close(at);
    free(folder);
    free(path);
    return status;
}

static enum status read_at(int file, size_t offset, uint8_t *data, size_t length) {
    ssize_t done = file_read_at(file, offset, data, length);
    return done == (ssize_t)length ? STATUS_OK
                                   : FAIL(STATUS_FAILED, "reading external data: %s",
                                          done < 0 ? strerror(errno) : "the file became shorter");
}

enum status external_read(const char *model_path, const Onnx__TensorProto *message, size_t length,
                          uint8_t **data) {
    enum status status;
    size_t offset, stated;
    struct stat about;
    int file = -1;
    const char *location = entry(message, "location");
    *data = NULL;
    if (location == NULL || location[0] == '\0')
        return FAIL(STATUS_BAD_INPUT, "damaged: it does not say where its external data are");
    TRY(entry_number(message, "offset", 0, &offset));
    TRY(entry_number(message, "length", length, &stated));
    TRY(open_beneath(model_path, location, &file));
    if (fstat(file, &about) != 0) {
        status = FAIL(STATUS_FAILED, "'%.200s': %s", location, strerror(errno));
        goto out;
    }
    if (stated != length || offset > (size_t)about.st_size ||
        length > (size_t)about.st_size - offset) {
        status = FAIL(STATUS_BAD_INPUT, "its data in '%.200s' do not fit its dimensions", location);
        goto out;
    }
    TRY(memory_zeroed(length, 1, data));
    TRY(read_at(file, offset, *data, length));
out:
    if (file >= 0)
        close(file);
    if (status != STATUS_OK) {
        free(*data);
        *data = NULL;
    }
    return status;
}
