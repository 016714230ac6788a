/* Opening a PyTorch file of either layout. */
#include "model/torch/torch_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/torch/torch_file_inside.h"

/* A model's parameters are read once, those that two modules share twice. */
enum { MOST_READS = 4 };

enum status torch_file_bytes(const struct torch_file *file, uint64_t offset, size_t count,
                             void *bytes) {
    const ssize_t done = file_read_at(file->descriptor, offset, bytes, count);
    if (done < 0)
        return FAIL(STATUS_BAD_INPUT, "cannot be read: %m");
    return (size_t)done == count ? STATUS_OK : FAIL(STATUS_BAD_INPUT, "is cut short");
}

static enum status open_regular(const char *path, struct torch_file *file) {
    struct stat about;
    file->descriptor = file_open(path, 0, &about);
    if (file->descriptor == FILE_NOT_REGULAR)
        return FAIL(STATUS_BAD_INPUT, "is no regular file; a model file is expected");
    if (file->descriptor < 0)
        return FAIL(STATUS_BAD_INPUT, "cannot be opened: %m");
    file->size = (uint64_t)about.st_size;
    return STATUS_OK;
}

static bool begins_as_zip(const struct torch_file *file) {
    char magic[4];
    return file->size >= sizeof magic &&
           torch_file_bytes(file, 0, sizeof magic, magic) == STATUS_OK &&
           memcmp(magic, "PK\3\4", sizeof magic) == 0;
}

static int compare_keys(const void *a, const void *b) {
    const struct torch_storage *left = a, *right = b;
    return strcmp(left->key, right->key);
}

enum status torch_file_open(const char *path, struct torch_file **out) {
    enum status status;
    struct torch_file *file = NULL;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *file, &file));
    file->descriptor = -1;
    TRY(open_regular(path, file));
    file->left = file->size * MOST_READS;
    if (begins_as_zip(file)) {
        TRY(torch_archive_read(file));
    } else if (torch_old_recognise(file)) {
        TRY(torch_old_read(file));
    } else {
        status = FAIL(STATUS_BAD_INPUT, "is no file of PyTorch's: neither a zip archive nor what "
                                        "versions before 1.6 wrote");
        goto out;
    }
    TRY(torch_globals_check(file->pickle));
    qsort(file->storages, file->n_storages, sizeof *file->storages, compare_keys);
    *out = file;
    return STATUS_OK;
out:
    torch_file_close(file);
    return status;
}

void torch_file_close(struct torch_file *file) {
    if (file == NULL)
        return;
    torch_archive_close(file->archive);
    pickle_free(file->pickle);
    pickle_free(file->keys);
    free(file->storages);
    if (file->descriptor >= 0)
        close(file->descriptor);
    free(file);
}

const struct pickled *torch_file_root(const struct torch_file *file) {
    return pickle_root(file->pickle);
}
