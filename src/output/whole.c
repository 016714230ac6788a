/* Files that all ranks write parts of. */
#include "output/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/storage.h"

static enum status cannot_write(const struct whole *whole, int error) {
    struct location location = work_location(&whole->work, whole->draft);
    storage_failed(error, &location, "cannot write");
    /* In the middle of a run nothing is bad input any more. */
    return STATUS_FAILED;
}

/* Linux's NFS client writes whole pages of a file that nobody has locked, and where the lines of
 * two hosts meet in a page it would overwrite those of the other with zeros. With a lock on some
 * bytes, wherever they are, it writes what was written (nfs_can_extend_write). Elsewhere it changes
 * nothing, so a failure does not matter. */
static void write_no_whole_pages(int file, int rank) {
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = ((off_t)1 << 61) + rank, .l_len = 1};
    fcntl(file, F_OFD_SETLK, &lock);
}

enum status whole_open(const char *output, const char *name, int rank, struct whole *whole) {
    enum status status;
    *whole = (struct whole){.opened = true, .file = -1};
    snprintf(whole->draft, sizeof whole->draft, MERGE_PREFIX "%s", name);
    TRY(work_folder_open(output, true, &whole->work));
    struct location location = work_location(&whole->work, whole->draft);
    TRY(below_file_open(&location, O_WRONLY | O_CREAT, 0666, "cannot write", &whole->file));
    write_no_whole_pages(whole->file, rank);
out:
    return status;
}

void whole_close(struct whole *whole) {
    if (!whole->opened)
        return;
    if (whole->file >= 0)
        close(whole->file);
    work_folder_close(&whole->work);
    whole->opened = false;
}

enum status whole_write(struct whole *whole, const char *bytes, size_t length, uint64_t offset) {
    whole->unsynced += length;
    while (length > 0) {
        ssize_t n = pwrite(whole->file, bytes, length, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return cannot_write(whole, n < 0 ? errno : EIO);
        bytes += n;
        length -= (size_t)n;
        offset += (uint64_t)n;
    }
    return STATUS_OK;
}

enum status whole_sync(struct whole *whole) {
    whole->unsynced = 0;
    return fsync(whole->file) == 0 ? STATUS_OK : cannot_write(whole, errno);
}

enum status whole_end(struct whole *whole, uint64_t length) {
    return ftruncate(whole->file, (off_t)length) == 0 ? STATUS_OK : cannot_write(whole, errno);
}

enum status whole_publish(struct whole *whole, const char *name, bool in_work) {
    struct stat about;
    int folder = in_work ? whole->work.folder : whole->work.output;
    int error = fstat(whole->file, &about) == 0 ? 0 : errno;
    if (error == 0)
        error = file_move(whole->work.folder, whole->draft, folder, name, &about);
    return error == 0 ? STATUS_OK : cannot_write(whole, error);
}

/* The draft to be looked at. *there: whether it is. */
static enum status draft_find(const char *output, const char *name, struct whole *whole,
                              bool *there) {
    enum status status;
    *whole = (struct whole){.opened = true, .file = -1};
    snprintf(whole->draft, sizeof whole->draft, MERGE_PREFIX "%s", name);
    TRY(work_folder_open(output, true, &whole->work));
    struct location location = work_location(&whole->work, whole->draft);
    int error = below_file(&location, O_RDONLY, 0, &whole->file);
    *there = error == 0;
    if (error != 0 && error != ENOENT)
        status = storage_failed(error, &location, "cannot read");
out:
    return status;
}

enum status draft_publish(const char *output, const char *name, bool in_work) {
    struct whole whole;
    bool there = false;
    enum status status = draft_find(output, name, &whole, &there);
    if (status == STATUS_OK && there)
        status = whole_publish(&whole, name, in_work);
    whole_close(&whole);
    return status;
}

enum status draft_is_there(const char *output, const char *name, bool *there) {
    struct whole whole;
    enum status status = draft_find(output, name, &whole, there);
    whole_close(&whole);
    return status;
}
