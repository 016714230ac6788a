/* Folders with all that is in them. */
#include "review/export/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <unistd.h>

#include "output/storage.h"

static enum status cannot(const char *what, const char *path, int error) {
    struct location location = {AT_FDCWD, NULL, path};
    return storage_failed(error, &location, "%s", what);
}

static FTS *walk_begin(const char *path) {
    char whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s", path);
    return fts_open((char *const[]){whole, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
}

static enum status remove_entry(const FTSENT *entry) {
    int failed = 0;
    switch (entry->fts_info) {
    case FTS_D:
        return STATUS_OK;
    case FTS_DP:
        failed = rmdir(entry->fts_accpath);
        break;
    case FTS_DNR:
    case FTS_ERR:
        return cannot("cannot read", entry->fts_path, entry->fts_errno);
    default:
        failed = unlink(entry->fts_accpath);
    }
    return failed == 0 || errno == ENOENT ? STATUS_OK
                                          : cannot("cannot remove", entry->fts_path, errno);
}

enum status tree_remove(const char *path) {
    enum status status = STATUS_OK;
    struct stat about;
    FTS *walk = NULL;
    if (lstat(path, &about) != 0 && errno == ENOENT)
        return STATUS_OK;
    walk = walk_begin(path);
    if (!walk)
        TRY(cannot("cannot read", path, errno));
    for (FTSENT *entry = fts_read(walk); entry; entry = fts_read(walk))
        TRY(remove_entry(entry));
out:
    if (walk)
        fts_close(walk);
    return status;
}

static bool is_later(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

enum status tree_changed(const char *path, const struct stat *mark, struct text *changed) {
    enum status status = STATUS_OK;
    text_clear(changed);
    FTS *walk = walk_begin(path);
    if (!walk)
        TRY(cannot("cannot read", path, errno));
    for (FTSENT *entry = fts_read(walk); entry; entry = fts_read(walk)) {
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR)
            TRY(cannot("cannot read", entry->fts_path, entry->fts_errno));
        if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS)
            continue;
        /* A file says more than the folder that it was added to. */
        bool later = is_later(&entry->fts_statp->st_mtim, &mark->st_mtim);
        if (later && (changed->length == 0 || entry->fts_info != FTS_D)) {
            text_clear(changed);
            text_string(changed, entry->fts_path);
        }
        if (later && entry->fts_info != FTS_D)
            break;
    }
    TRY(text_status(changed));
out:
    if (walk)
        fts_close(walk);
    return status;
}
