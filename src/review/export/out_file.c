/* A file of an export that is written piece by piece. */
#include "review/export/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "output/storage.h"

enum { MUCH = 1 << 18, COPIED = 1 << 16 };

enum status out_file_open(int folder, const char *root, const char *name, struct out_file *out) {
    out->location = (struct location){folder, root, name};
    enum status status =
        below_file_open(&out->location, O_RDWR | O_CREAT | O_EXCL, 0666, "cannot make", &out->file);
    out->open = status == STATUS_OK;
    return status;
}

static enum status flush(struct out_file *out) {
    enum status status;
    TRY(text_status(&out->text));
    int error = out->text.length ? write_all(out->file, out->text.data, out->text.length) : 0;
    if (error != 0)
        TRY(storage_failed(error, &out->location, "cannot write"));
    text_clear(&out->text);
out:
    return status;
}

enum status out_file_pass(struct out_file *out) {
    return out->text.length >= MUCH ? flush(out) : text_status(&out->text);
}

enum status out_file_end(struct out_file *out) {
    return flush(out);
}

enum status out_file_join(struct out_file *out, const struct out_file *other) {
    enum status status = STATUS_OK;
    char piece[COPIED];
    for (uint64_t at = 0;;) {
        ssize_t n = file_read_at(other->file, at, piece, sizeof piece);
        if (n < 0)
            TRY(storage_failed(errno, &other->location, "cannot read"));
        if (n <= 0)
            break;
        text_bytes(&out->text, piece, (size_t)n);
        at += (uint64_t)n;
        TRY(out_file_pass(out));
    }
out:
    return status;
}

enum status out_file_remove(struct out_file *out) {
    if (unlinkat(out->location.folder, out->location.path, 0) != 0)
        return storage_failed(errno, &out->location, "cannot remove");
    return STATUS_OK;
}

void out_file_free(struct out_file *out) {
    if (out->open)
        close(out->file);
    text_free(&out->text);
    *out = (struct out_file){0};
}
