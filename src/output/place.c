#include "output/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/file_bytes.h"
#include "output/storage.h"

/* A folder of the output tree, held open so that placing a file walks no path above it. */
struct shelf {
    int folder;
    char *path; /* for messages; owned */
};

struct placer {
    enum place_mode mode;
    char *common; /* without a slash at its end; owned */
    size_t common_length;
    struct shelf output;
    struct shelf images[BUCKET_FAILED], labels[BUCKET_FAILED];
    atomic_bool no_hard_links; /* one failed for a reason that will hold for the others */
    atomic_bool fell_back;     /* not yet reported */
};

/* ---------------------------------------------------------------- opening */

static enum status shelf_open(const char *output, const char *bucket, const char *kind,
                              struct shelf *shelf) {
    if (asprintf(&shelf->path, "%s%s%s%s%s", output, bucket ? "/" : "", bucket ? bucket : "",
                 kind ? "/" : "", kind ? kind : "") < 0) {
        shelf->path = NULL;
        return FAIL(STATUS_FAILED, "out of memory: the name of a folder in %s", output);
    }
    enum status status = make_folders(shelf->path);
    if (status != STATUS_OK)
        return status;
    shelf->folder = open(shelf->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct spot spot = {AT_FDCWD, NULL, shelf->path};
    return shelf->folder < 0 ? storage_failed(errno, &spot, "cannot open the folder") : STATUS_OK;
}

static void shelf_close(struct shelf *shelf) {
    if (shelf->folder >= 0)
        close(shelf->folder);
    free(shelf->path);
}

enum status placer_open(const char *output, const char *common, enum place_mode mode,
                        struct placer **out) {
    enum status status;
    struct placer *placer;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *placer, &placer));
    placer->mode = mode;
    placer->output.folder = -1;
    for (int b = 0; b < BUCKET_FAILED; b++)
        placer->images[b].folder = placer->labels[b].folder = -1;
    TRY(memory_string(common, &placer->common));
    size_t length = strlen(common);
    while (length > 0 && common[length - 1] == '/')
        length--;
    placer->common[length] = '\0';
    placer->common_length = length;
    TRY(shelf_open(output, NULL, NULL, &placer->output));
    for (int b = 0; b < BUCKET_FAILED && mode != PLACE_NONE; b++) {
        TRY(shelf_open(output, bucket_name((enum bucket)b), "JPEGImages", &placer->images[b]));
        TRY(shelf_open(output, bucket_name((enum bucket)b), "labels", &placer->labels[b]));
    }
    *out = placer;
out:
    if (status != STATUS_OK)
        placer_close(placer);
    return status;
}

void placer_close(struct placer *placer) {
    if (!placer)
        return;
    shelf_close(&placer->output);
    for (int b = 0; b < BUCKET_FAILED; b++) {
        shelf_close(&placer->images[b]);
        shelf_close(&placer->labels[b]);
    }
    free(placer->common);
    free(placer);
}

bool placer_fell_back(struct placer *placer) {
    return atomic_exchange(&placer->fell_back, false);
}

/* ---------------------------------------------------------------- paths */

static enum status path_below(const struct placer *placer, const char *path, const char **out) {
    size_t n = placer->common_length;
    bool below = strncmp(path, placer->common, n) == 0 && path[n] == '/' && path[n + 1] != '\0';
    *out = below ? path + n + 1 : path;
    return below ? STATUS_OK
                 : FAIL(STATUS_FAILED, "%.1000s does not lie below %.600s/", path, placer->common);
}

/* prefix + path, with .txt for its suffix. */
static enum status text_path(const char *prefix, const char *path, char out[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    size_t stem = dot ? (size_t)(dot - path) : strlen(path);
    if (strlen(prefix) + stem + sizeof ".txt" > PATH_MAX)
        return FAIL(STATUS_FAILED, "%.1000s...: the path is too long for a label file", path);
    snprintf(out, PATH_MAX, "%s%.*s.txt", prefix, (int)stem, path);
    return STATUS_OK;
}

/* ---------------------------------------------------------------- failures */

/* In the middle of a run nothing that is written is bad input any more. */
static enum status in_a_run(enum status status) {
    return status == STATUS_OK ? STATUS_OK : STATUS_FAILED;
}

/* The user's file: its own fault, as far as it is not the machine's. `error` 0: it is no file. */
static enum status cannot_read(const char *path, int error) {
    char buffer[128];
    const char *why = error ? strerror_r(error, buffer, sizeof buffer) : "it is not a regular file";
    return file_error_is_machine(error)
               ? FAIL(STATUS_FAILED, "cannot read %.1000s: %s", path, why)
               : FAIL(STATUS_BAD_INPUT, "cannot be read any more: %s", why);
}

/* ---------------------------------------------------------------- links */

/* A hard link is made to the picture itself where the list names a symbolic link to it. Returns 0
 * or an errno value. */
static int link_make(bool hard, const char *image, const struct spot *spot, const char *name) {
    int failed = hard ? linkat(AT_FDCWD, image, spot->folder, name, AT_SYMLINK_FOLLOW)
                      : symlinkat(image, spot->folder, name);
    return failed ? errno : 0;
}

/* Whether the wanted link is there: from an earlier run, or because a network file system reported
 * as failed what it had done. */
static bool link_is_there(bool hard, const char *image, const struct spot *spot) {
    if (!hard) {
        char target[PATH_MAX];
        ssize_t length = readlinkat(spot->folder, spot->path, target, sizeof target);
        return length >= 0 && (size_t)length == strlen(image) &&
               memcmp(target, image, (size_t)length) == 0;
    }
    struct stat here, original;
    return fstatat(spot->folder, spot->path, &here, AT_SYMLINK_NOFOLLOW) == 0 &&
           stat(image, &original) == 0 && here.st_dev == original.st_dev &&
           here.st_ino == original.st_ino;
}

/* Returns 0 or an errno value. */
static int link_place(bool hard, const char *image, const struct spot *spot) {
    int error = link_make(hard, image, spot, spot->path);
    if (error == 0 || link_is_there(hard, image, spot))
        return 0;
    if (error != EEXIST)
        return error;
    char temp[PATH_MAX];
    error = draft_name(spot->path, temp);
    if (error == 0)
        error = link_make(hard, image, spot, temp);
    if (error != 0)
        return error;
    if (renameat(spot->folder, temp, spot->folder, spot->path) != 0)
        error = errno;
    /* Where both names are one file already, rename leaves both. */
    unlinkat(spot->folder, temp, 0);
    return error == 0 || link_is_there(hard, image, spot) ? 0 : error;
}

/* Hard links will not do here, or not for this user. */
static bool wants_symlink(int error) {
    return error == EXDEV || error == EPERM || error == EMLINK || error == EOPNOTSUPP ||
           error == ENOSYS;
}

static enum status image_link(struct placer *placer, const char *image, const struct spot *spot) {
    bool hard = placer->mode == PLACE_HARDLINK && !atomic_load(&placer->no_hard_links);
    int error = link_place(hard, image, spot);
    for (bool made = false; error != 0;) {
        if (error == ENOENT && !made) {
            enum status status = in_a_run(make_parents(spot));
            if (status != STATUS_OK)
                return status;
            made = true;
        } else if (hard && wants_symlink(error)) {
            hard = false;
            if (!atomic_exchange(&placer->no_hard_links, true))
                atomic_store(&placer->fell_back, true);
        } else {
            break;
        }
        error = link_place(hard, image, spot);
    }
    if (error == 0)
        return STATUS_OK;
    struct stat about;
    if (hard && stat(image, &about) != 0)
        return cannot_read(image, errno);
    enum status status = in_a_run(storage_failed(error, spot, "cannot link %.500s as", image));
    return !hard && error == EPERM
               ? FAIL(status, "%s (a file system without links needs --place copy)",
                      status_message())
               : status;
}

/* ---------------------------------------------------------------- copies */

/* A reflink where the file system can, else a copy within the kernel, else by hand. Returns 0 or
 * an errno value; *reading: it is the original's. */
static int contents_copy(int from, int to, bool *reading) {
    *reading = false;
    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    while (copy_file_range(from, NULL, to, NULL, 1 << 30, 0) > 0)
        ;
    /* Goes on wherever that ended, and meets its errors again; mostly it finds the end. */
    for (;;) {
        char buffer[1 << 16];
        ssize_t length = read(from, buffer, sizeof buffer);
        if (length == 0)
            return 0;
        *reading = length < 0;
        if (length < 0 && errno != EINTR)
            return errno;
        int error = length > 0 ? write_all(to, buffer, (size_t)length) : 0;
        if (error != 0)
            return error;
    }
}

/* Some file systems know neither; the copy is as good there. */
static void set_about(int file, const struct stat *about, mode_t more_mode) {
    fchmod(file, (about->st_mode & 0777) | more_mode);
    futimens(file, (struct timespec[]){about->st_atim, about->st_mtim});
}

/* Copies an open file with its permissions (and `more_mode`) and its time of change. */
static enum status file_copy(int from, const struct stat *about, const char *name, mode_t more_mode,
                             const struct spot *spot) {
    struct draft draft;
    bool reading;
    enum status status = in_a_run(draft_open(spot, 0600, &draft));
    if (status != STATUS_OK)
        return status;
    int error = contents_copy(from, draft.file, &reading);
    if (error != 0) {
        status = reading ? cannot_read(name, error)
                         : in_a_run(storage_failed(error, spot, "cannot copy %.500s to", name));
        draft_drop(&draft);
        return status;
    }
    set_about(draft.file, about, more_mode);
    return in_a_run(draft_commit(&draft));
}

/* Opens a regular file without waiting for a pipe's other end. *fd is -1 where it is something
 * else. Returns 0 or an errno value. */
static int regular_open(const char *path, int *fd, struct stat *about) {
    int error = 0;
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0)
        return errno;
    if (fstat(*fd, about) != 0)
        error = errno;
    if (error != 0 || !S_ISREG(about->st_mode)) {
        close(*fd);
        *fd = -1;
    }
    return error;
}

static enum status image_copy(const char *image, const struct spot *spot) {
    int from;
    struct stat about;
    int error = regular_open(image, &from, &about);
    if (from < 0)
        return cannot_read(image, error);
    enum status status = file_copy(from, &about, image, 0, spot);
    close(from);
    return status;
}

/* A label file that is no file or cannot be read is in the image's record: nothing to place. */
static enum status label_copy(const char *label, const struct spot *spot) {
    int from;
    struct stat about;
    int error = regular_open(label, &from, &about);
    /* It is there to be corrected, so its owner may write to it. */
    enum status status =
        from < 0 ? cannot_read(label, error) : file_copy(from, &about, label, S_IWUSR, spot);
    if (from >= 0)
        close(from);
    return status == STATUS_BAD_INPUT ? STATUS_OK : status;
}

/* Writes a label file that is in memory. A new name is written to directly: renaming would cost as
 * much again, and an image counts as placed only once the journal has it. *taken: there is
 * something of that name, and nothing was done. */
static enum status label_create(const struct file_bytes *label, const struct spot *spot,
                                bool *taken) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int file = openat(spot->folder, spot->path, flags, 0600), error;
    if (file < 0 && errno == ENOENT) {
        enum status status = in_a_run(make_parents(spot));
        if (status != STATUS_OK)
            return status;
        file = openat(spot->folder, spot->path, flags, 0600);
    }
    *taken = file < 0 && errno == EEXIST;
    if (file < 0)
        return *taken ? STATUS_OK : in_a_run(storage_failed(errno, spot, "cannot write"));
    error = write_all(file, label->bytes, label->length);
    set_about(file, &label->about, S_IWUSR);
    /* Network file systems may report a full disk or quota only here. */
    if (close(file) != 0 && error == 0)
        error = errno;
    if (error == 0)
        return STATUS_OK;
    unlinkat(spot->folder, spot->path, 0);
    return in_a_run(storage_failed(error, spot, "cannot write"));
}

static enum status label_place(const char *path, const struct file_bytes *label,
                               const struct spot *spot) {
    bool taken = true;
    enum status status = label && label->bytes ? label_create(label, spot, &taken) : STATUS_OK;
    return status == STATUS_OK && taken ? label_copy(path, spot) : status;
}

/* ---------------------------------------------------------------- placing */

static enum status place_both(struct placer *placer, enum bucket bucket, const char *image_path,
                              const char *label_path, const struct file_bytes *label) {
    enum status status;
    const char *path;
    TRY(path_below(placer, image_path, &path));
    const struct shelf *images = &placer->images[bucket], *labels = &placer->labels[bucket];
    struct spot spot = {images->folder, images->path, path};
    char name[PATH_MAX];
    TRY(text_path("", path, name));
    if (placer->mode == PLACE_COPY)
        TRY(image_copy(image_path, &spot));
    else
        TRY(image_link(placer, image_path, &spot));
    /* After the image, which placer_clear goes by. */
    if (label_path)
        TRY(label_place(label_path, label, &(struct spot){labels->folder, labels->path, name}));
out:
    return status;
}

enum status placer_place_read(struct placer *placer, enum bucket bucket, const char *image_path,
                              const char *label_path, const struct file_bytes *label) {
    if (placer->mode == PLACE_NONE || bucket >= BUCKET_FAILED)
        return STATUS_OK;
    return place_both(placer, bucket, image_path, label_path, label);
}

enum status placer_place(struct placer *placer, enum bucket bucket, const char *image_path,
                         const char *label_path) {
    return placer_place_read(placer, bucket, image_path, label_path, NULL);
}

/* A file of the size of the original, or a link to it. */
static bool is_whole(const struct spot *spot, const char *original) {
    struct stat here, there;
    if (fstatat(spot->folder, spot->path, &here, 0) != 0)
        return false;
    return stat(original, &there) == 0 && here.st_size == there.st_size;
}

bool placer_placed(const struct placer *placer, enum bucket bucket, const char *image_path,
                   const char *label_path) {
    const char *path;
    char name[PATH_MAX];
    if (placer->mode == PLACE_NONE || bucket >= BUCKET_FAILED)
        return true;
    if (path_below(placer, image_path, &path) != STATUS_OK)
        return false;
    const struct shelf *images = &placer->images[bucket], *labels = &placer->labels[bucket];
    if (!is_whole(&(struct spot){images->folder, images->path, path}, image_path))
        return false;
    if (!label_path || access(label_path, R_OK) != 0)
        return true;
    return text_path("", path, name) == STATUS_OK &&
           is_whole(&(struct spot){labels->folder, labels->path, name}, label_path);
}

/* What cannot be looked at counts: removing it will say why. */
static bool is_there(const struct shelf *shelf, const char *path) {
    struct stat about;
    return fstatat(shelf->folder, path, &about, AT_SYMLINK_NOFOLLOW) == 0 ||
           (errno != ENOENT && errno != ENOTDIR);
}

static enum status remove_if_there(const struct shelf *shelf, const char *path) {
    if (unlinkat(shelf->folder, path, 0) == 0 || errno == ENOENT || errno == ENOTDIR)
        return STATUS_OK;
    return storage_failed(errno, &(struct spot){shelf->folder, shelf->path, path}, "cannot remove");
}

enum status placer_clear(struct placer *placer, enum bucket bucket, const char *image_path) {
    enum status status = STATUS_OK;
    const char *path;
    char name[PATH_MAX];
    if (placer->mode == PLACE_NONE)
        return STATUS_OK;
    TRY(path_below(placer, image_path, &path));
    TRY(text_path("", path, name));
    for (int b = 0; b < BUCKET_FAILED; b++) {
        if (b == (int)bucket)
            continue;
        /* Another image, of another suffix, may have a label file of that name. The image goes
         * last: it tells whoever does this again that its label may still be there. */
        if (!is_there(&placer->images[b], path))
            continue;
        TRY(remove_if_there(&placer->labels[b], name));
        TRY(remove_if_there(&placer->images[b], path));
    }
out:
    return status == STATUS_OK ? STATUS_OK : STATUS_FAILED;
}

enum status placer_predicted(struct placer *placer, const char *image_path, const char *text,
                             size_t length) {
    enum status status;
    const char *path;
    char name[PATH_MAX];
    TRY(path_below(placer, image_path, &path));
    TRY(text_path("predicted/", path, name));
    struct spot spot = {placer->output.folder, placer->output.path, name};
    TRY(file_write(&spot, text, length, false));
out:
    return status == STATUS_OK ? STATUS_OK : STATUS_FAILED;
}
