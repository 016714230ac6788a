/* Moving what was placed. */
#include "output/move.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/empty.h"
#include "output/own.h"
#include "output/place.h"
#include "output/place_image.h"
#include "output/storage.h"

enum kind { KIND_IMAGE, KIND_LABEL, KINDS };

/* A folder of a bucket, held open. */
struct held {
    int folder; /* -1: it is not there */
    char *path; /* for messages; owned */
};

struct mover {
    struct held held[BUCKET_FAILED][KINDS];
};

/* ---------------------------------------------------------------- opening */

static enum status held_open(int output, const char *path, const char *bucket, enum kind kind,
                             struct held *held) {
    const char *name = kind == KIND_IMAGE ? IMAGES_FOLDER : LABELS_FOLDER;
    if (asprintf(&held->path, "%s/%s/%s", path, bucket, name) < 0) {
        held->path = NULL;
        return FAIL(STATUS_FAILED, "out of memory: the name of a folder in %s", path);
    }
    struct location location = {output, path, held->path + strlen(path) + 1};
    int error = below_folder(&location, true, &held->folder);
    return error == 0 ? STATUS_OK : storage_failed(error, &location, "cannot open the folder");
}

enum status mover_open(const char *output, struct mover **out) {
    enum status status;
    struct mover *mover = NULL;
    int folder = -1;
    *out = NULL;
    TRY(memory_zeroed(1, sizeof *mover, &mover));
    for (int b = 0; b < BUCKET_FAILED; b++)
        for (int k = 0; k < KINDS; k++)
            mover->held[b][k].folder = -1;
    TRY(output_folder_open(output, false, &folder));
    for (int b = 0; b < BUCKET_FAILED; b++)
        for (int k = 0; k < KINDS; k++)
            TRY(held_open(folder, output, bucket_name((enum bucket)b), (enum kind)k,
                          &mover->held[b][k]));
    *out = mover;
    mover = NULL;
out:
    if (folder >= 0)
        close(folder);
    mover_close(mover);
    return status;
}

void mover_close(struct mover *mover) {
    if (!mover)
        return;
    for (int b = 0; b < BUCKET_FAILED; b++)
        for (int k = 0; k < KINDS; k++) {
            if (mover->held[b][k].folder >= 0)
                close(mover->held[b][k].folder);
            free(mover->held[b][k].path);
        }
    free(mover);
}

/* ---------------------------------------------------------------- one file */

/* A file that is to change its folder, both opened. */
struct passage {
    struct location from, to;
    struct dir_entry from_at, to_at;
    bool from_open, to_open;
    bool there, taken; /* the file; something of the name that it would get */
    bool same;         /* which is the file itself, or has its bytes */
};

static bool is_same(const struct passage *passage, const struct stat *from, const struct stat *to) {
    return (from->st_dev == to->st_dev && from->st_ino == to->st_ino) ||
           own_same(&passage->from_at, &passage->to_at);
}

static void passage_close(struct passage *passage) {
    if (passage->from_open)
        dir_entry_close(&passage->from_at);
    if (passage->to_open)
        dir_entry_close(&passage->to_at);
}

/* `make`: the folder that it goes into is made, if there is a file to go there. On failure, too,
 * passage_close must be called. */
static enum status passage_open(bool make, struct passage *passage) {
    struct stat from, to;
    int error = dir_entry_open(&passage->from, false, &passage->from_at);
    passage->from_open = error == 0;
    if (error == 0)
        error =
            fstatat(passage->from_at.folder, passage->from_at.name, &from, AT_SYMLINK_NOFOLLOW) == 0
                ? 0
                : errno;
    if (error != 0)
        return error == ENOENT || error == ENOTDIR
                   ? STATUS_OK
                   : storage_failed(error, &passage->from, "cannot look at");
    passage->there = true;
    error = dir_entry_open(&passage->to, make, &passage->to_at);
    passage->to_open = error == 0;
    if (error == 0)
        passage->taken =
            fstatat(passage->to_at.folder, passage->to_at.name, &to, AT_SYMLINK_NOFOLLOW) == 0;
    if (error != 0 && (make || error != ENOENT))
        return storage_failed(error, &passage->to, "cannot move a file to");
    passage->same = passage->taken && is_same(passage, &from, &to);
    return STATUS_OK;
}

static enum status refuse(const struct passage *passage) {
    return storage_failed(EEXIST, &passage->to, "cannot move %.1000s/%.1000s to",
                          passage->from.root, passage->from.path);
}

static enum status check_one(struct passage *passage) {
    enum status status = passage_open(false, passage);
    if (status == STATUS_OK && passage->taken && !passage->same)
        status = refuse(passage);
    passage_close(passage);
    return status;
}

static enum status copy_one(const struct passage *passage) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", passage->from.root, passage->from.path);
    return length > 0 && length < PATH_MAX
               ? image_copy(path, &passage->to)
               : FAIL(STATUS_FAILED, "%.1000s...: too long a path", path);
}

static enum status move_one(struct passage *passage, bool copy) {
    enum status status = passage_open(true, passage);
    struct stat about;
    const struct dir_entry *from = &passage->from_at, *to = &passage->to_at;
    if (status != STATUS_OK || !passage->there)
        goto out;
    if (passage->taken && !passage->same) {
        status = refuse(passage);
    } else if (passage->taken) {
        if (!copy && unlinkat(from->folder, from->name, 0) != 0 && errno != ENOENT)
            status = storage_failed(errno, &passage->from, "cannot remove");
    } else if (copy) {
        status = copy_one(passage);
    } else {
        int error = fstatat(from->folder, from->name, &about, AT_SYMLINK_NOFOLLOW) == 0
                        ? file_move(from->folder, from->name, to->folder, to->name, &about)
                        : errno;
        if (error != 0)
            status = storage_failed(error, &passage->to, "cannot move %.1000s/%.1000s to",
                                    passage->from.root, passage->from.path);
    }
out:
    passage_close(passage);
    return status;
}

/* ---------------------------------------------------------------- an image */

/* False: the entry has no such file. */
static enum status name_of(const struct manifest_entry *entry, enum kind kind, char name[PATH_MAX],
                           bool *has) {
    *has = kind == KIND_IMAGE ? entry->image != MANIFEST_NO_IMAGE : entry->label.there;
    if (*has && kind == KIND_LABEL)
        return label_name(entry->path, name);
    snprintf(name, PATH_MAX, "%s", entry->path);
    return STATUS_OK;
}

/* The image goes last, as it is taken out of a bucket last. */
static enum status each_file(const struct mover *mover, const struct manifest_entry *entry,
                             const struct move *move, bool check) {
    enum status status = STATUS_OK;
    char name[PATH_MAX];
    for (int k = KINDS - 1; k >= 0; k--) {
        bool has;
        TRY(name_of(entry, (enum kind)k, name, &has));
        for (int b = 0; has && b < BUCKET_FAILED; b++) {
            if (b == (int)move->to || (!move->search && b != (int)entry->bucket))
                continue;
            const struct held *from = &mover->held[b][k], *to = &mover->held[move->to][k];
            struct passage passage = {.from = {from->folder, from->path, name},
                                      .to = {to->folder, to->path, name},
                                      .from_at.name = name,
                                      .to_at.name = name};
            TRY(check ? check_one(&passage) : move_one(&passage, k == KIND_LABEL && move->shared));
        }
    }
out:
    return status;
}

enum status mover_check(const struct mover *mover, const struct manifest_entry *entry,
                        const struct move *move) {
    return each_file(mover, entry, move, true);
}

enum status mover_move(const struct mover *mover, const struct manifest_entry *entry,
                       const struct move *move) {
    return each_file(mover, entry, move, false);
}

enum status mover_drop_label(const struct mover *mover, const struct manifest_entry *entry,
                             enum bucket bucket) {
    enum status status;
    char name[PATH_MAX];
    bool has;
    TRY(name_of(entry, KIND_LABEL, name, &has));
    if (!has)
        return STATUS_OK;
    const struct held *held = &mover->held[bucket][KIND_LABEL];
    struct location location = {held->folder, held->path, name};
    struct dir_entry at;
    int error = dir_entry_open(&location, false, &at);
    if (error == 0) {
        if (unlinkat(at.folder, at.name, 0) != 0)
            error = errno;
        dir_entry_close(&at);
    }
    if (error != 0 && error != ENOENT && error != ENOTDIR)
        status = storage_failed(error, &location, "cannot remove");
out:
    return status;
}

void mover_drop_empty(const struct mover *mover) {
    for (int b = 0; b < BUCKET_FAILED; b++)
        for (int k = 0; k < KINDS; k++)
            folders_drop_empty(mover->held[b][k].folder);
}
