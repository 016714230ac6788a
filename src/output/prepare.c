#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "output/place.h"
#include "output/storage.h"

/* Everything that a run makes in its output folder but WORK_FOLDER, which its lock is in; in the
 * order of removal: a report must not outlive what it tells of. */
static const char *const made[] = {
    "verification_report.json",   "correct",          "mislabeled", "uncertain",
    "verification_records.jsonl", "predictions.json", "predicted",  "logs",
};
enum { MADE = sizeof made / sizeof *made };

static enum status remove_entry(const struct spot *spot);

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Empties the folder `stream`, whose path is `root`. */
static enum status remove_contents(DIR *stream, const char *root) {
    /* Some file systems skip entries while others are being removed: until a pass finds none. */
    for (bool found = true; found;) {
        found = false;
        rewinddir(stream);
        for (;;) {
            errno = 0;
            struct dirent *entry = readdir(stream);
            if (!entry && errno != 0) {
                struct spot folder = {AT_FDCWD, NULL, root};
                return storage_failed(errno, &folder, "cannot read the folder");
            }
            if (!entry)
                break;
            if (is_dots(entry->d_name))
                continue;
            found = true;
            enum status status = remove_entry(&(struct spot){dirfd(stream), root, entry->d_name});
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

/* Removes a name and, where it is a folder, all below it. Follows no link. */
static enum status remove_entry(const struct spot *spot) {
    if (unlinkat(spot->folder, spot->path, 0) == 0)
        return STATUS_OK;
    int error = errno;
    if (error != EISDIR && error != EPERM)
        return storage_failed(error, spot, "cannot remove");
    int fd = openat(spot->folder, spot->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return storage_failed(errno == ENOTDIR ? error : errno, spot, "cannot remove");
    DIR *stream = fdopendir(fd);
    if (!stream) {
        error = errno;
        close(fd);
        return storage_failed(error, spot, "cannot remove");
    }
    struct text path = {0};
    text_format(&path, "%s/%s", spot->root, spot->path);
    enum status status = text_status(&path);
    if (status == STATUS_OK)
        status = remove_contents(stream, path.data);
    text_free(&path);
    closedir(stream);
    if (status == STATUS_OK && unlinkat(spot->folder, spot->path, AT_REMOVEDIR) != 0)
        status = storage_failed(errno, spot, "cannot remove the folder");
    return status;
}

/* Finds what an earlier run left; names it in `list`. */
static enum status find_made(int folder, const char *output, bool there[MADE], struct text *list) {
    for (size_t i = 0; i < MADE; i++) {
        struct stat about;
        there[i] = fstatat(folder, made[i], &about, AT_SYMLINK_NOFOLLOW) == 0;
        if (!there[i] && errno != ENOENT)
            return storage_failed(errno, &(struct spot){folder, output, made[i]}, "cannot look at");
        if (there[i])
            text_format(list, "%s%s", list->length ? ", " : "", made[i]);
    }
    return text_status(list);
}

/* Permission bits do not tell all (root on NFS, quotas): make a file. */
static enum status check_writable(int folder, const char *output) {
    struct draft draft;
    enum status status =
        draft_open(&(struct spot){folder, output, "verification_report.json"}, 0600, &draft);
    if (status == STATUS_OK)
        draft_drop(&draft);
    return status;
}

enum status output_prepare(const char *output, bool overwrite) {
    enum status status;
    int folder = -1;
    struct text list = {0};
    bool there[MADE] = {false};
    struct spot whole = {AT_FDCWD, NULL, output};
    TRY(make_folders(output));
    folder = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        status = storage_failed(errno, &whole, "cannot open the output folder");
        goto out;
    }
    TRY(find_made(folder, output, there, &list));
    if (list.length > 0 && !overwrite) {
        status = FAIL(STATUS_BAD_INPUT,
                      "the output folder %.1000s holds results already (%s): go on with --resume "
                      "if the run was interrupted, start over with --overwrite, or choose another "
                      "--output",
                      output, list.data);
        goto out;
    }
    /* Before anything is removed; a full disk shows afterwards. */
    if (faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        status = storage_failed(errno, &whole, "cannot write to the output folder");
        goto out;
    }
    for (size_t i = 0; i < MADE; i++)
        if (there[i])
            TRY(remove_entry(&(struct spot){folder, output, made[i]}));
    TRY(check_writable(folder, output));
out:
    if (folder >= 0)
        close(folder);
    text_free(&list);
    return status;
}
