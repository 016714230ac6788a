/* Goes through a data set's label files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/file_bytes.h"
#include "review/apply/layout.h"

struct walk {
    struct layout *layout;
    layout_visit *visit;
    void *context;
    uint64_t *others;
    struct stat without;
    struct path_list visited; /* folders, by path */
    struct index_set visited_set;
};

static bool equal_path(const void *context, size_t index, const void *key) {
    return strcmp(path_list_get(context, index), key) == 0;
}

/* Notes that a folder is walked; *before: it was already. */
static enum status enter(struct walk *walk, const char *folder, bool *before) {
    enum status status = STATUS_OK;
    uint32_t hash = index_set_hash(folder, strlen(folder));
    *before = index_set_find(&walk->visited_set, hash, equal_path, &walk->visited, folder) !=
              INDEX_SET_NONE;
    if (*before)
        return STATUS_OK;
    TRY(path_list_add(&walk->visited, folder));
    status = index_set_add(&walk->visited_set, hash, walk->visited.count - 1);
out:
    return status;
}

/* What an entry is, a link not followed; 0 where it is gone. */
static mode_t kind_of(DIR *stream, const struct dirent *entry) {
    struct stat about;
    if (entry->d_type != DT_UNKNOWN)
        return DTTOIF(entry->d_type);
    return fstatat(dirfd(stream), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0
               ? about.st_mode & S_IFMT
               : 0;
}

static bool is_label(const struct walk *walk, const char *name) {
    size_t length = strlen(name);
    const char *suffix = walk->layout->results->format == LABEL_FORMAT_VOC ? ".xml" : ".txt";
    return length > 4 && strcmp(name + length - 4, suffix) == 0;
}

/* A file, or a link to one: also one that leads nowhere. */
static bool is_file(DIR *stream, const struct dirent *entry, mode_t kind) {
    struct stat about;
    return kind == S_IFREG ||
           (kind == S_IFLNK &&
            (fstatat(dirfd(stream), entry->d_name, &about, 0) != 0 || S_ISREG(about.st_mode)));
}

static enum status walk_folder(struct walk *walk, const char *folder, bool own);

static enum status walk_entry(struct walk *walk, DIR *stream, const struct dirent *entry,
                              const char *folder, bool own) {
    enum status status = STATUS_OK;
    struct text path = {0};
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return STATUS_OK;
    mode_t kind = kind_of(stream, entry);
    text_format(&path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
    TRY(text_status(&path));
    if (kind == S_IFDIR && own)
        status = walk_folder(walk, path.data, own);
    else if (is_label(walk, name) && is_file(stream, entry, kind))
        status = walk->visit(walk->context, path.data, kind == S_IFLNK);
    else
        *walk->others += own && is_file(stream, entry, kind);
out:
    text_free(&path);
    return status;
}

static enum status cannot_read(const char *folder, int error) {
    return FAIL(file_error_is_machine(error) ? STATUS_FAILED : STATUS_BAD_INPUT,
                "cannot read the folder %s: %s", folder, strerror(error));
}

static enum status walk_folder(struct walk *walk, const char *folder, bool own) {
    enum status status;
    bool before;
    struct stat about;
    TRY(enter(walk, folder, &before));
    if (before)
        return STATUS_OK;
    DIR *stream = opendir(folder);
    /* Images without labels may have no such folder. */
    if (!stream)
        return errno == ENOENT || errno == ENOTDIR ? STATUS_OK : cannot_read(folder, errno);
    bool is_without = fstat(dirfd(stream), &about) == 0 && about.st_dev == walk->without.st_dev &&
                      about.st_ino == walk->without.st_ino;
    const struct dirent *entry;
    while (!is_without && status == STATUS_OK) {
        errno = 0;
        entry = readdir(stream);
        if (!entry && errno != 0)
            status = cannot_read(folder, errno);
        if (!entry)
            break;
        status = walk_entry(walk, stream, entry, folder, own);
    }
    closedir(stream);
out:
    return status;
}

enum status layout_walk(struct layout *layout, const char *without, layout_visit *visit,
                        void *context, uint64_t *others) {
    enum status status = STATUS_OK;
    struct walk walk = {.layout = layout, .visit = visit, .context = context, .others = others};
    *others = 0;
    if (stat(without, &walk.without) != 0)
        walk.without = (struct stat){0};
    for (size_t i = 0; i < layout->roots.count; i++)
        if (layout->trees[i].own)
            TRY(walk_folder(&walk, layout->trees[i].common, true));
    /* Those beside images, and those behind links. */
    for (size_t i = 0; i < layout->folders.count; i++)
        TRY(walk_folder(&walk, path_list_get(&layout->folders, i), false));
out:
    path_list_free(&walk.visited);
    index_set_free(&walk.visited_set);
    return status;
}
