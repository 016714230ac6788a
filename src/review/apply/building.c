/* Builds a folder that appears whole. */
#include "review/apply/building.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "data/path.h"
#include "output/place.h"
#include "output/storage.h"

#define DRAFT_SUFFIX ".unfinished"
/* In a folder that is being built: it is ours. */
#define MARK ".verify-unfinished"

enum { FLUSH_BYTES = 1 << 20, COPY_BYTES = 1 << 16 };

static struct location in_draft(const struct building *building, const char *path) {
    return (struct location){building->folder, building->draft, path};
}

/* ---------------------------------------------------------------- clearing */

/* Removes all below an open folder, which it closes. Returns 0 or an errno value. */
static int clear_folder(int folder) {
    int error = 0;
    DIR *stream = fdopendir(folder);
    if (!stream) {
        error = errno;
        close(folder);
        return error;
    }
    const struct dirent *entry;
    while (error == 0 && (entry = readdir(stream)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, MARK) == 0)
            continue;
        if (unlinkat(dirfd(stream), name, 0) == 0 || errno == ENOENT)
            continue;
        struct location below = {dirfd(stream), NULL, name};
        int next = -1;
        error = errno == EISDIR || errno == EPERM ? below_folder(&below, false, &next) : errno;
        if (error == 0)
            error = clear_folder(next);
        if (error == 0 && unlinkat(dirfd(stream), name, AT_REMOVEDIR) != 0)
            error = errno;
    }
    closedir(stream);
    return error;
}

/* Removes what was built; the mark goes last. */
static int remove_draft(const struct building *building) {
    int folder = dup(building->folder), error = folder < 0 ? errno : clear_folder(folder);
    if (error == 0 && unlinkat(building->folder, MARK, 0) != 0 && errno != ENOENT)
        error = errno;
    if (error == 0 && rmdir(building->draft) != 0)
        error = errno;
    return error;
}

/* ---------------------------------------------------------------- opening */

static bool is_empty(int folder) {
    bool empty = true;
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again < 0 ? NULL : fdopendir(again);
    if (!stream && again >= 0)
        close(again);
    const struct dirent *entry;
    while (stream && empty && (entry = readdir(stream)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (stream)
        closedir(stream);
    return stream && empty;
}

static enum status check_target(const char *path) {
    struct stat about;
    if (lstat(path, &about) != 0)
        return errno == ENOENT ? STATUS_OK
                               : storage_failed(errno, &(struct location){AT_FDCWD, NULL, path},
                                                "cannot look at");
    if (S_ISDIR(about.st_mode)) {
        int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool empty = folder >= 0 && is_empty(folder);
        if (folder >= 0)
            close(folder);
        if (empty)
            return STATUS_OK;
    }
    return FAIL(STATUS_BAD_INPUT,
                "%s is there already: move it away, or give another folder by --to", path);
}

/* Opens the draft's folder, new or left behind by a process that was killed. */
static enum status open_draft(struct building *building) {
    struct location location = {AT_FDCWD, NULL, building->draft};
    if (mkdir(building->draft, 0777) != 0 && errno != EEXIST)
        return storage_failed(errno, &location, "cannot make the folder");
    building->folder = open(building->draft, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (building->folder < 0)
        return storage_failed(errno, &location, "cannot open the folder");
    struct stat about;
    bool ours = fstatat(building->folder, MARK, &about, AT_SYMLINK_NOFOLLOW) == 0;
    if (!ours && !is_empty(building->folder)) {
        close(building->folder);
        building->folder = -1;
        return FAIL(STATUS_BAD_INPUT, "%s is in the way, and not of verify: move it away",
                    building->draft);
    }
    int error = ours ? clear_folder(dup(building->folder)) : 0;
    return error == 0 ? STATUS_OK : storage_failed(error, &location, "cannot clear");
}

enum status building_open(const char *path, struct building *building) {
    enum status status;
    struct text draft = {0}, parent = {0};
    *building = (struct building){.folder = -1};
    text_bytes(&parent, path, path_folder_length(path));
    text_format(&draft, "%s" DRAFT_SUFFIX, path);
    TRY(text_status(&parent));
    TRY(text_status(&draft));
    TRY(memory_string(path, &building->path));
    TRY(memory_string(draft.data, &building->draft));
    TRY(check_target(path));
    TRY(make_folders(parent.data));
    TRY(open_draft(building));
    TRY(building_file(building, MARK, "", 0, NULL, false));
out:
    text_free(&draft);
    text_free(&parent);
    return status;
}

/* ---------------------------------------------------------------- files */

static int create(const struct building *building, const char *path) {
    struct location location = in_draft(building, path);
    struct dir_entry at;
    int file = -1, error = dir_entry_open(&location, true, &at);
    if (error == 0) {
        file = openat(at.folder, at.name,
                      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
        error = errno;
        dir_entry_close(&at);
    }
    errno = error;
    return file;
}

static void set_about(int file, const struct stat *about, bool keep_time) {
    if (about)
        fchmod(file, (about->st_mode & 0777) | S_IWUSR);
    if (about && keep_time)
        futimens(file, (struct timespec[]){about->st_atim, about->st_mtim});
}

/* Network file systems may report a full disk or quota only when a file is closed. */
static enum status close_file(const struct building *building, const char *path, int file,
                              int error) {
    struct location location = in_draft(building, path);
    if (close(file) != 0 && error == 0)
        error = errno;
    return error == 0 ? STATUS_OK : storage_failed(error, &location, "cannot write");
}

enum status building_file(struct building *building, const char *path, const char *bytes,
                          size_t length, const struct stat *about, bool keep_time) {
    struct location location = in_draft(building, path);
    int file = create(building, path);
    if (file < 0)
        return storage_failed(errno, &location, "cannot write");
    int error = write_all(file, bytes, length);
    set_about(file, about, keep_time);
    return close_file(building, path, file, error);
}

/* Returns 0 or an errno value; *unread: that of reading. */
static int copy_bytes(int source, int file, bool *unread) {
    char buffer[COPY_BYTES];
    ssize_t n;
    int error = 0;
    while (error == 0 && (n = file_read_some(source, buffer, sizeof buffer)) != 0) {
        *unread = n < 0;
        error = n < 0 ? errno : write_all(file, buffer, (size_t)n);
    }
    return error;
}

static enum status cannot_read(const char *from, int error) {
    return FAIL(STATUS_BAD_INPUT, "cannot read %s: %s", from,
                error ? strerror(error) : "it is not a file");
}

enum status building_copy(struct building *building, const char *from, const char *path,
                          bool *unread) {
    struct location location = in_draft(building, path);
    struct stat about;
    int source = file_open(from, O_NOFOLLOW, &about);
    *unread = source < 0;
    if (*unread) {
        cannot_read(from, source == FILE_NOT_REGULAR ? 0 : errno);
        return STATUS_OK;
    }
    int file = create(building, path);
    if (file < 0) {
        int error = errno;
        close(source);
        return storage_failed(error, &location, "cannot write");
    }
    int error = copy_bytes(source, file, unread);
    close(source);
    set_about(file, &about, true);
    enum status status = close_file(building, path, file, *unread ? 0 : error);
    if (status != STATUS_OK || !*unread)
        return status;
    struct dir_entry at;
    if (dir_entry_open(&location, false, &at) == 0) {
        unlinkat(at.folder, at.name, 0);
        dir_entry_close(&at);
    }
    cannot_read(from, error);
    return STATUS_OK;
}

enum status building_append(struct building *building, size_t slot, const char *name) {
    struct location location = in_draft(building, name);
    int file = create(building, name);
    if (file < 0)
        return storage_failed(errno, &location, "cannot write");
    building->appended[slot] = (struct appended){.name = name, .file = file};
    return STATUS_OK;
}

enum status building_flush(struct building *building, bool all) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < BUILDING_APPENDED; i++) {
        struct appended *appended = &building->appended[i];
        struct text *pending = &appended->pending;
        TRY(text_status(pending));
        if (pending->length == 0 || (!all && pending->length < FLUSH_BYTES))
            continue;
        struct location location = in_draft(building, appended->name);
        int error = write_all(appended->file, pending->data, pending->length);
        text_clear(pending);
        if (error != 0)
            return storage_failed(error, &location, "cannot write");
    }
out:
    return status;
}

/* ---------------------------------------------------------------- the end */

static enum status sync_parent(const struct building *building) {
    char *parent = strndup(building->path, path_folder_length(building->path));
    int folder = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int error = folder >= 0 && fsync(folder) == 0 ? 0 : errno;
    if (folder >= 0)
        close(folder);
    free(parent);
    struct location location = {AT_FDCWD, NULL, building->path};
    return error == 0 ? STATUS_OK : storage_failed(error, &location, "cannot make sure of");
}

enum status building_commit(struct building *building) {
    enum status status;
    struct location location = {AT_FDCWD, NULL, building->path};
    TRY(building_flush(building, true));
    for (size_t i = 0; i < BUILDING_APPENDED; i++) {
        const char *name = building->appended[i].name;
        building->appended[i].name = NULL;
        if (name)
            TRY(close_file(building, name, building->appended[i].file, 0));
    }
    if (syncfs(building->folder) != 0)
        return storage_failed(errno, &location, "cannot make sure of");
    if (rename(building->draft, building->path) != 0)
        return storage_failed(errno, &location, "cannot make the folder");
    unlinkat(building->folder, MARK, 0);
    close(building->folder);
    building->folder = -1;
    status = sync_parent(building);
out:
    return status;
}

void building_close(struct building *building) {
    for (size_t i = 0; i < BUILDING_APPENDED; i++) {
        if (building->appended[i].name)
            close(building->appended[i].file);
        text_free(&building->appended[i].pending);
    }
    /* What cannot be removed now is cleared by the next one. */
    if (building->folder >= 0) {
        (void)remove_draft(building);
        close(building->folder);
    }
    free(building->path);
    free(building->draft);
    *building = (struct building){.folder = -1};
}
