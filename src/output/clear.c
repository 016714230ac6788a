/* Starting over: what an earlier run wrote, and nobody changed, is removed. */
#include "output/clear.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "output/empty.h"
#include "output/made.h"
#include "output/own.h"
#include "output/page_files.h"
#include "output/place.h"
#include "output/run_file.h"
#include "output/storage.h"
#include "output/work_folder.h"

enum { NAMED = 3, LOG_PREFIX_BYTES = 3 };

/* The files that one entry of a manifest speaks of. */
enum piece { PIECE_LABEL, PIECE_PREDICTED, PIECE_IMAGE, PIECES };

struct clearing {
    struct work_folder work;
    char *common;     /* where the run's images came from; NULL: not known; owned */
    clear_tick *tick; /* NULL: nobody waits */
    void *tick_context;
    struct path_list changed; /* pieces that are not as an entry says */
    uint8_t *unchanged;       /* [changed.count]: another entry says so; owned */
    struct path_list kept;    /* images that stay */
};

/* ---------------------------------------------------------------- pieces */

/* False: the entry has no such piece. */
static bool piece_path(const struct manifest_entry *entry, enum piece piece, char path[PATH_MAX]) {
    char name[PATH_MAX];
    const char *bucket = bucket_name(entry->bucket);
    int length = -1;
    if (piece == PIECE_IMAGE && entry->image != MANIFEST_NO_IMAGE)
        length = snprintf(path, PATH_MAX, "%s/" IMAGES_FOLDER "/%s", bucket, entry->path);
    else if (piece == PIECE_LABEL && entry->label.there &&
             label_name(entry->path, name) == STATUS_OK)
        length = snprintf(path, PATH_MAX, "%s/" LABELS_FOLDER "/%s", bucket, name);
    else if (piece == PIECE_PREDICTED && entry->predicted.there &&
             label_name(entry->path, name) == STATUS_OK)
        length = snprintf(path, PATH_MAX, PREDICTED_FOLDER "/%s", name);
    return length >= 0 && length < PATH_MAX;
}

/* Whoever has another picture by now where this one came from has replaced it. */
static enum own_state image_state(const struct clearing *clearing,
                                  const struct manifest_entry *entry, const struct dir_entry *at) {
    char path[PATH_MAX];
    struct stat about;
    enum own_state state = own_image(at, entry);
    if (state != OWN_LAST || !clearing->common)
        return state;
    int length = snprintf(path, sizeof path, "%s/%s", clearing->common, entry->path);
    bool replaced = length > 0 && length < PATH_MAX && lstat(path, &about) == 0;
    return replaced ? OWN_SAME : OWN_LAST;
}

static enum own_state entry_state(const struct clearing *clearing,
                                  const struct manifest_entry *entry, enum piece piece,
                                  const struct dir_entry *at) {
    switch (piece) {
    case PIECE_LABEL:
        return own_text(at, &entry->label);
    case PIECE_PREDICTED:
        return own_text(at, &entry->predicted);
    default:
        return image_state(clearing, entry, at);
    }
}

/* `remove`: what is as it was written goes. A folder on the way that is a link, or something else,
 * is none of ours: what we wrote is not there any more. */
static enum status piece_check(const struct clearing *clearing, const struct manifest_entry *entry,
                               enum piece piece, const char *path, bool remove,
                               enum own_state *state) {
    struct location location = {clearing->work.output, clearing->work.output_path, path};
    struct dir_entry at;
    enum status status = STATUS_OK;
    *state = OWN_GONE;
    int error = dir_entry_open(&location, false, &at);
    if (error != 0)
        return error == ENOENT || error == ENOTDIR || error == ELOOP
                   ? STATUS_OK
                   : storage_failed(error, &location, "cannot look at");
    *state = entry_state(clearing, entry, piece, &at);
    if (remove && *state == OWN_SAME && unlinkat(at.folder, at.name, 0) != 0 && errno != ENOENT)
        status = storage_failed(errno, &location, "cannot remove");
    dir_entry_close(&at);
    return status;
}

/* ---------------------------------------------------------------- what was changed */

static enum status find_changed(void *context, const struct manifest_entry *entry) {
    struct clearing *clearing = context;
    enum status status = STATUS_OK;
    char path[PATH_MAX];
    for (int p = 0; p < PIECES; p++) {
        enum own_state state;
        if (!piece_path(entry, (enum piece)p, path))
            continue;
        TRY(piece_check(clearing, entry, (enum piece)p, path, false, &state));
        if (state == OWN_CHANGED)
            TRY(path_list_add(&clearing->changed, path));
        if (state == OWN_LAST)
            TRY(path_list_add(&clearing->kept, path));
    }
out:
    return status;
}

/* Two images may share a label file's name, and an image may have been placed twice. */
static enum status find_unchanged(void *context, const struct manifest_entry *entry) {
    struct clearing *clearing = context;
    char path[PATH_MAX];
    for (int p = 0; p < PIECES; p++) {
        if (!piece_path(entry, (enum piece)p, path))
            continue;
        size_t low = 0, high = clearing->changed.count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (strcmp(path_list_get(&clearing->changed, middle), path) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        if (low == clearing->changed.count ||
            strcmp(path_list_get(&clearing->changed, low), path) != 0)
            continue;
        enum own_state state;
        enum status status = piece_check(clearing, entry, (enum piece)p, path, false, &state);
        if (status != STATUS_OK)
            return status;
        if (state != OWN_CHANGED)
            clearing->unchanged[low] = 1;
    }
    return STATUS_OK;
}

static enum status refuse_changed(const char *output, const struct text *list, size_t more) {
    return FAIL(STATUS_BAD_INPUT,
                "--overwrite would remove what was changed since a run wrote it: %.1000s in "
                "%.1000s%s: move it, or choose another --output",
                list->data, output, more ? ", and more" : "");
}

static enum status check_changed(const char *output, struct clearing *clearing) {
    enum status status;
    struct text list = {0};
    uint64_t repeated = 0;
    size_t more = 0, named = 0;
    TRY(manifest_walk(clearing->work.folder, clearing->work.path, find_changed, clearing));
    TRY(path_list_unique(&clearing->changed, &repeated));
    TRY(path_list_unique(&clearing->kept, &repeated));
    TRY(path_list_sort(&clearing->changed, 0));
    TRY(memory_zeroed(clearing->changed.count, 1, &clearing->unchanged));
    if (clearing->changed.count)
        TRY(manifest_walk(clearing->work.folder, clearing->work.path, find_unchanged, clearing));
    TRY(run_file_changed(output, &list));
    for (size_t i = 0; i < clearing->changed.count; i++) {
        if (clearing->unchanged[i])
            continue;
        more += named >= NAMED;
        if (named++ < NAMED)
            text_format(&list, "%s%s", list.length ? ", " : "",
                        path_list_get(&clearing->changed, i));
    }
    TRY(text_status(&list));
    if (list.length)
        status = refuse_changed(output, &list, more);
out:
    text_free(&list);
    return status;
}

/* ---------------------------------------------------------------- removing */

/* An image that stays keeps its label file. */
static enum status remove_pieces(void *context, const struct manifest_entry *entry) {
    const struct clearing *clearing = context;
    enum status status = STATUS_OK;
    enum own_state state = OWN_GONE;
    char path[PATH_MAX];
    if (clearing->tick)
        clearing->tick(clearing->tick_context);
    if (piece_path(entry, PIECE_IMAGE, path))
        TRY(piece_check(clearing, entry, PIECE_IMAGE, path, false, &state));
    /* The image goes last: it tells whoever does this again that the others may still be there. */
    for (int p = 0; p < PIECES && state != OWN_LAST; p++)
        if (piece_path(entry, (enum piece)p, path)) {
            enum own_state unused;
            TRY(piece_check(clearing, entry, (enum piece)p, path, true, &unused));
        }
out:
    return status;
}

static bool is_log(const char *name) {
    if (strcmp(name, "verify.log") == 0)
        return true;
    size_t digits = strncmp(name, "gpu", LOG_PREFIX_BYTES) == 0
                        ? strspn(name + LOG_PREFIX_BYTES, "0123456789")
                        : 0;
    return digits > 0 && strcmp(name + LOG_PREFIX_BYTES + digits, ".log") == 0;
}

static void remove_logs(const struct clearing *clearing) {
    DIR *stream;
    below_stream(&(struct location){clearing->work.output, NULL, made_folder_name(MADE_LOGS)},
                 &stream);
    const struct dirent *entry;
    while (stream && (entry = readdir(stream)) != NULL)
        if (is_log(entry->d_name))
            unlinkat(dirfd(stream), entry->d_name, 0);
    if (stream)
        closedir(stream);
}

/* A report must not outlive what it tells of. */
static enum status remove_all(struct clearing *clearing) {
    enum status status = STATUS_OK;
    struct made_file files[MADE_FILES_MOST];
    size_t n_files = made_files(files);
    const struct work_folder *work = &clearing->work;
    for (size_t i = 0; i < n_files; i++) {
        struct location location = {work->output, work->output_path, files[i].name};
        if (unlinkat(work->output, files[i].name, 0) != 0 && errno != ENOENT)
            return storage_failed(errno, &location, "cannot remove");
    }
    TRY(page_remove(work->output_path));
    TRY(manifest_walk(work->folder, work->path, remove_pieces, clearing));
    remove_logs(clearing);
    for (size_t i = 0; i < MADE_FOLDERS; i++)
        folder_drop(work->output, made_folder_name(i));
out:
    return status;
}

static void clearing_free(struct clearing *clearing) {
    path_list_free(&clearing->changed);
    path_list_free(&clearing->kept);
    free(clearing->unchanged);
    free(clearing->common);
    work_folder_close(&clearing->work);
}

enum status output_clear(const char *output, uint64_t *kept) {
    enum status status;
    struct clearing clearing = {0};
    struct text list = {0};
    *kept = 0;
    TRY(work_folder_open(output, true, &clearing.work));
    TRY(made_find(clearing.work.output, output, &list));
    /* Without results nothing but a run's own notes may be there. */
    if (list.length) {
        TRY(run_file_common(output, &clearing.common));
        TRY(output_sweep(output));
        TRY(check_changed(output, &clearing));
        TRY(run_file_clearing(output));
        TRY(remove_all(&clearing));
        *kept = clearing.kept.count;
    }
    TRY(work_folder_remove(output, WORK_ALL));
out:
    text_free(&list);
    clearing_free(&clearing);
    return status;
}

enum status output_clear_leftovers(const char *output, const struct journal_id *ids, size_t count,
                                   clear_tick *tick, void *tick_context) {
    enum status status;
    struct clearing clearing = {.tick = tick, .tick_context = tick_context};
    TRY(work_folder_open(output, false, &clearing.work));
    /* Each epoch began with that of the earlier ones gone, and has placed the same images since. */
    for (size_t i = 0; i < count; i++)
        if (ids[i].epoch == ids[count - 1].epoch)
            TRY(journal_leftovers(output, ids[i], remove_pieces, &clearing));
out:
    clearing_free(&clearing);
    return status;
}
