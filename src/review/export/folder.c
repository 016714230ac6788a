/* The folder that an export is. */
#include "review/export/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fingerprint.h"
#include "output/place.h"
#include "review/export/tree.h"

#define MARK ".verify-export"
#define MARK_TEXT                                                                                  \
    "verify export made this folder, and replaces it while nothing in it is changed.\n"

static enum status open_folder(const char *path, int *folder) {
    struct location location = {AT_FDCWD, NULL, path};
    *folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *folder < 0 ? storage_failed(errno, &location, "cannot open the folder") : STATUS_OK;
}

/* `to`, absolute and without '/' at its end: the folder above it, which is made, and its name. */
static enum status place_at(const char *to, struct export_folder *folder) {
    enum status status;
    char here[PATH_MAX] = "";
    if (*to != '/' && !getcwd(here, sizeof here))
        return FAIL(STATUS_FAILED, "the working folder has no name: %s", strerror(errno));
    size_t length = strlen(to);
    while (length > 1 && to[length - 1] == '/')
        length--;
    text_format(&folder->path, "%s%s%.*s", here, *here ? "/" : "", (int)length, to);
    TRY(text_status(&folder->path));
    folder->name = strrchr(folder->path.data, '/') + 1;
    if (!*folder->name || strcmp(folder->name, ".") == 0 || strcmp(folder->name, "..") == 0)
        TRY(FAIL(STATUS_BAD_INPUT, "--to %s: give a folder that is not there yet", to));
    text_bytes(&folder->parent_path, folder->path.data,
               (size_t)(folder->name - 1 - folder->path.data));
    if (folder->parent_path.length == 0)
        text_string(&folder->parent_path, "/");
    TRY(text_status(&folder->parent_path));
    TRY(make_folders(folder->parent_path.data));
    TRY(open_folder(folder->parent_path.data, &folder->parent));
    folder->parent_open = true;
out:
    return status;
}

static enum status place_below(const char *output, const char *fallback,
                               struct export_folder *folder) {
    enum status status;
    int output_folder = -1;
    const char *slash = strrchr(fallback, '/');
    struct text above = {0};
    TRY(open_folder(output, &output_folder));
    text_bytes(&above, fallback, (size_t)(slash - fallback));
    text_format(&folder->parent_path, "%s/%s", output, above.data ? above.data : "");
    text_format(&folder->path, "%s/%s", output, fallback);
    TRY(text_status(&above));
    TRY(text_status(&folder->parent_path));
    TRY(text_status(&folder->path));
    struct location location = {output_folder, output, above.data};
    int error = below_folder(&location, true, &folder->parent);
    if (error != 0)
        TRY(storage_failed(error, &location, "cannot make the folder"));
    folder->parent_open = true;
    folder->name = strrchr(folder->path.data, '/') + 1;
out:
    if (output_folder >= 0)
        close(output_folder);
    text_free(&above);
    return status;
}

/* Whether there is an empty folder of that name. */
static bool is_empty(const struct export_folder *folder) {
    /* Only one that is empty can be removed so. */
    return unlinkat(folder->parent, folder->name, AT_REMOVEDIR) == 0;
}

/* What has the name may be replaced. */
static enum status may_replace(const struct export_folder *folder) {
    enum status status = STATUS_OK;
    struct stat about;
    struct text mark = {0}, changed = {0};
    if (fstatat(folder->parent, folder->name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return STATUS_OK; /* it is absent, or renaming will say why not */
    text_format(&mark, "%s/" MARK, folder->path.data);
    TRY(text_status(&mark));
    if (!S_ISDIR(about.st_mode) || lstat(mark.data, &about) != 0 || !S_ISREG(about.st_mode)) {
        if (!is_empty(folder))
            status = FAIL(STATUS_BAD_INPUT,
                          "%s: is there, and is no export of verify's: move it, or give another "
                          "folder by --to",
                          folder->path.data);
        goto out;
    }
    TRY(tree_changed(folder->path.data, &about, &changed));
    if (changed.length)
        status = FAIL(STATUS_BAD_INPUT,
                      "%s: was changed since it was exported: move the folder, or give another one "
                      "by --to",
                      changed.data);
out:
    text_free(&mark);
    text_free(&changed);
    return status;
}

static enum status is_busy(const struct export_folder *folder) {
    return FAIL(STATUS_BAD_INPUT, "%s: another process exports to it", folder->path.data);
}

/* The draft is there: opens it, and holds its lock. *busy: somebody else does, or has removed it.
 */
static enum status draft_hold(struct export_folder *folder, bool *busy) {
    struct stat held, named;
    struct location location = {folder->parent, folder->parent_path.data, folder->draft_name};
    int error = below_folder(&location, false, &folder->draft);
    if (error != 0)
        return storage_failed(error, &location, "cannot open the folder");
    folder->draft_open = true;
    *busy = (flock(folder->draft, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) ||
            fstat(folder->draft, &held) != 0 ||
            fstatat(folder->parent, folder->draft_name, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
            held.st_ino != named.st_ino || held.st_dev != named.st_dev;
    if (*busy) {
        close(folder->draft);
        folder->draft_open = false;
    }
    return STATUS_OK;
}

static int draft_make(const struct export_folder *folder) {
    return mkdirat(folder->parent, folder->draft_name, 0777) == 0 ? 0 : errno;
}

/* The draft's name follows from the folder's, so that what a killed process left is found: the lock
 * tells whether its process is alive. */
static enum status draft_begin(struct export_folder *folder) {
    enum status status;
    char digits[FINGERPRINT_DIGITS + 1];
    bool busy = false;
    fingerprint_text(fingerprint_bytes(FINGERPRINT_START, folder->path.data, folder->path.length),
                     digits);
    snprintf(folder->draft_name, sizeof folder->draft_name, DRAFT_PREFIX "%s", digits);
    text_format(&folder->draft_path, "%s/%s", folder->parent_path.data, folder->draft_name);
    TRY(text_status(&folder->draft_path));
    int error = draft_make(folder);
    if (error == EEXIST) {
        TRY(draft_hold(folder, &busy));
        if (!busy) {
            TRY(tree_remove(folder->draft_path.data));
            close(folder->draft);
            folder->draft_open = false;
            error = draft_make(folder);
        }
    }
    if (busy || error == EEXIST)
        TRY(is_busy(folder));
    struct location location = {folder->parent, folder->parent_path.data, folder->draft_name};
    if (error != 0)
        TRY(storage_failed(error, &location, "cannot make the folder"));
    TRY(draft_hold(folder, &busy));
    if (busy)
        status = is_busy(folder);
out:
    return status;
}

enum status export_folder_begin(const char *to, const char *output, const char *fallback,
                                struct export_folder *folder) {
    enum status status;
    TRY(to ? place_at(to, folder) : place_below(output, fallback, folder));
    TRY(may_replace(folder));
    TRY(draft_begin(folder));
out:
    return status;
}

/* Puts the draft where the folder is to be, and removes what was there. */
static enum status replace(struct export_folder *folder) {
    struct location location = {folder->parent, folder->parent_path.data, folder->name};
    if (renameat2(folder->parent, folder->draft_name, folder->parent, folder->name,
                  RENAME_EXCHANGE) == 0)
        return tree_remove(folder->draft_path.data);
    if (errno != ENOENT) { /* the file system cannot do that */
        enum status status = tree_remove(folder->path.data);
        if (status != STATUS_OK)
            return status;
    }
    if (renameat(folder->parent, folder->draft_name, folder->parent, folder->name) != 0)
        return storage_failed(errno, &location, "cannot make the folder");
    return STATUS_OK;
}

enum status export_folder_end(struct export_folder *folder) {
    enum status status;
    struct location mark = {folder->draft, folder->draft_path.data, MARK};
    struct location parent = {AT_FDCWD, NULL, folder->parent_path.data};
    TRY(file_write(&mark, MARK_TEXT, strlen(MARK_TEXT), false));
    /* Writing the mark has changed the folder: nothing in it shall be later than the mark. */
    if (utimensat(folder->draft, MARK, NULL, AT_SYMLINK_NOFOLLOW) != 0 ||
        syncfs(folder->draft) != 0)
        TRY(storage_failed(errno, &mark, "cannot write"));
    TRY(replace(folder));
    close(folder->draft);
    folder->draft_open = false;
    if (fsync(folder->parent) != 0 && errno != EINVAL)
        status = storage_failed(errno, &parent, "cannot write the folder");
out:
    return status;
}

void export_folder_free(struct export_folder *folder) {
    if (folder->draft_open) {
        tree_remove(folder->draft_path.data);
        close(folder->draft);
    }
    if (folder->parent_open)
        close(folder->parent);
    text_free(&folder->parent_path);
    text_free(&folder->path);
    text_free(&folder->draft_path);
    *folder = (struct export_folder){0};
}
