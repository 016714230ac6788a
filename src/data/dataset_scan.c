/* Finds the images below a folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/collection.h"
#include "data/file_bytes.h"
#include "data/hidden.h"
#include "data/index_set.h"
#include "data/output_signs.h"
#include "data/path.h"
#include "data/picture.h"

enum {
    HIDDEN_BUDGET = 100000, /* entries of hidden folders that are looked at, for pictures */
    NAMES_BYTES = 1 << 22,  /* names of a folder's images that are sorted at once, about */
};

struct folder_id {
    dev_t device;
    ino_t inode;
};

/* Real folders first, then the links met among them in the order of their paths, and so on: which
 * path leads to a folder does not depend on the order a file system lists its entries in. */
struct scan {
    struct collection *collection;
    struct packed_paths images;
    struct path_list folders; /* to be read, a stack */
    struct path_list links;   /* links to folders, to be followed after */
    struct folder_id *ids;    /* of the folders read */
    size_t n_ids, ids_capacity;
    size_t n_left_out; /* of the ids: folders that are not to be read */
    size_t hidden_budget;
    struct index_set seen; /* of ids */
    struct text path;
};

enum entry_kind { ENTRY_FILE, ENTRY_FOLDER, ENTRY_LINK_TO_FOLDER };

static bool equal_id(const void *context, size_t index, const void *key) {
    const struct folder_id *ids = context;
    const struct folder_id *id = key;
    return ids[index].device == id->device && ids[index].inode == id->inode;
}

/* `before` becomes the number that the folder has if it was seen before, else INDEX_SET_NONE. */
static enum status remember(struct scan *scan, const struct stat *info, size_t *before) {
    enum status status = STATUS_OK;
    const struct folder_id id = {info->st_dev, info->st_ino};
    const uint64_t key[2] = {(uint64_t)id.device, (uint64_t)id.inode};
    uint32_t hash = index_set_hash(key, sizeof key);
    *before = index_set_find(&scan->seen, hash, equal_id, scan->ids, &id);
    if (*before != INDEX_SET_NONE)
        goto out;
    TRY(memory_reserve(&scan->ids, &scan->ids_capacity, scan->n_ids + 1, sizeof *scan->ids));
    scan->ids[scan->n_ids] = id;
    TRY(index_set_add(&scan->seen, hash, scan->n_ids));
    scan->n_ids++;
out:
    return status;
}

/* A dangling link counts as a file, and so do pipes and devices: they are in the data set, and fail
 * when they are read. */
static enum entry_kind entry_kind(int folder, const struct dirent *entry) {
    if (entry->d_type == DT_REG)
        return ENTRY_FILE;
    if (entry->d_type == DT_DIR)
        return ENTRY_FOLDER;
    struct stat info;
    if (fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return ENTRY_FILE;
    bool link = S_ISLNK(info.st_mode);
    if (link && fstatat(folder, entry->d_name, &info, 0) != 0)
        return ENTRY_FILE;
    if (S_ISDIR(info.st_mode))
        return link ? ENTRY_LINK_TO_FOLDER : ENTRY_FOLDER;
    return ENTRY_FILE;
}

/* scan->path becomes that of an entry. */
static enum status make_path(struct scan *scan, const char *folder, const char *name) {
    text_clear(&scan->path);
    text_string(&scan->path, strcmp(folder, "/") == 0 ? "" : folder);
    text_string(&scan->path, "/");
    text_string(&scan->path, name);
    return text_status(&scan->path);
}

/* A folder that is being read. */
struct reading {
    const char *path;
    int fd;
    struct output_signs signs;
    struct path_list images;             /* names */
    struct path_list folders;            /* in it */
    struct path_list owned, owned_links; /* folders that are the run's if this is an output's */
};

/* Notes a hidden entry that holds pictures. ("._a.jpg" holds what macOS knows of a.jpg.) */
static enum status see_hidden(struct scan *scan, const struct reading *reading,
                              const struct dirent *entry) {
    enum status status = STATUS_OK;
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strncmp(name, "._", 2) == 0)
        goto out;
    bool found = false;
    if (entry->d_type == DT_REG)
        found = picture_kind(name) != NULL;
    else if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
        found = hidden_has_pictures(reading->fd, name, &scan->hidden_budget);
    if (!found)
        goto out;
    TRY(make_path(scan, reading->path, name));
    TRY(left_out_add(&scan->collection->hidden, scan->path.data));
out:
    return status;
}

/* Files come in any order, and are sorted a folder at a time: then the whole list mostly is, too.
 */
static enum status add_images(struct scan *scan, struct reading *reading) {
    enum status status;
    TRY(path_list_sort(&reading->images, 0));
    for (size_t i = 0; i < reading->images.count; i++) {
        TRY(make_path(scan, reading->path, path_list_get(&reading->images, i)));
        TRY(packed_paths_add(&scan->images, scan->path.data));
    }
    reading->images.count = reading->images.length = 0;
out:
    return status;
}

static enum status add_file(struct scan *scan, struct reading *reading, const char *name,
                            const struct picture_kind *kind) {
    enum status status;
    if (kind->read) {
        TRY(path_list_add(&reading->images, name));
        return reading->images.length < NAMES_BYTES ? STATUS_OK : add_images(scan, reading);
    }
    TRY(make_path(scan, reading->path, name));
    TRY(path_list_add(&scan->collection->unread, scan->path.data));
out:
    return status;
}

static enum status add_entry(struct scan *scan, struct reading *reading,
                             const struct dirent *entry) {
    enum status status = STATUS_OK;
    const char *name = entry->d_name;
    const struct picture_kind *kind = picture_kind(name);
    output_signs_note(&reading->signs, name);
    if (name[0] == '.')
        return see_hidden(scan, reading, entry);
    if (entry->d_type == DT_REG && !kind)
        goto out;
    bool owned = output_signs_owns(name);
    struct path_list *list = NULL;
    switch (entry_kind(reading->fd, entry)) {
    case ENTRY_FILE:
        return kind ? add_file(scan, reading, name, kind) : STATUS_OK;
    case ENTRY_FOLDER:
        list = owned ? &reading->owned : &reading->folders;
        break;
    case ENTRY_LINK_TO_FOLDER:
        list = owned ? &reading->owned_links : &scan->links;
        break;
    }
    TRY(make_path(scan, reading->path, name));
    TRY(path_list_add(list, scan->path.data));
out:
    return status;
}

static enum status add_all(struct path_list *to, const struct path_list *from) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < from->count; i++)
        TRY(path_list_add(to, path_list_get(from, i)));
out:
    return status;
}

/* The folder has been read: what a run of verify placed in it is no data. Folders go on the stack
 * with the first one last, which is the next to be read. */
static enum status end_folder(struct scan *scan, struct reading *reading) {
    enum status status;
    struct path_list *folders = &reading->folders;
    const bool has_owned = reading->owned.count + reading->owned_links.count > 0;
    TRY(add_images(scan, reading));
    if (has_owned && output_signs_hold(&reading->signs, reading->fd)) {
        TRY(left_out_add(&scan->collection->outputs, reading->path));
    } else {
        TRY(add_all(folders, &reading->owned));
        TRY(add_all(&scan->links, &reading->owned_links));
    }
    TRY(path_list_sort(folders, 0));
    for (size_t i = folders->count; i-- > 0;)
        TRY(path_list_add(&scan->folders, path_list_get(folders, i)));
out:
    return status;
}

static enum status cannot_read(struct scan *scan, const char *folder, int error) {
    if (file_error_is_machine(error))
        return FAIL(STATUS_FAILED, "cannot read the folder %s: %s", folder, strerror(error));
    if (scan->n_ids == scan->n_left_out)
        return FAIL(STATUS_BAD_INPUT, "cannot read the folder %s: %s", folder, strerror(error));
    return collection_skip(scan->collection, "cannot read the folder %s: %s", folder,
                           strerror(error));
}

static enum status read_folder(struct scan *scan, const char *folder) {
    enum status status = STATUS_OK;
    DIR *stream = opendir(folder);
    if (!stream)
        return cannot_read(scan, folder, errno);
    struct stat info;
    size_t before;
    struct reading reading = {.path = folder, .fd = dirfd(stream)};
    if (fstat(reading.fd, &info) != 0) {
        TRY(cannot_read(scan, folder, errno));
        goto out;
    }
    TRY(remember(scan, &info, &before));
    const bool new = before == INDEX_SET_NONE;
    while (new) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry) {
            if (errno)
                TRY(cannot_read(scan, folder, errno));
            break;
        }
        TRY(add_entry(scan, &reading, entry));
    }
    if (new)
        TRY(end_folder(scan, &reading));
    else if (before < scan->n_left_out)
        TRY(left_out_add(&scan->collection->outputs, folder));
out:
    path_list_free(&reading.images);
    path_list_free(&reading.folders);
    path_list_free(&reading.owned);
    path_list_free(&reading.owned_links);
    closedir(stream);
    return status;
}

/* Takes the last path off a list into `path`. */
static enum status take_last(struct path_list *list, struct text *path) {
    text_clear(path);
    text_string(path, path_list_get(list, list->count - 1));
    list->length = list->start[--list->count];
    return text_status(path);
}

static enum status read_tree(struct scan *scan, const char *folder, struct text *current) {
    enum status status;
    TRY(path_list_add(&scan->folders, folder));
    while (scan->folders.count > 0) {
        TRY(take_last(&scan->folders, current));
        TRY(read_folder(scan, current->data));
    }
out:
    return status;
}

/* Marks what this run has placed, or will have, as read already: whatever else is in its output. */
static enum status leave_out_placed(struct scan *scan) {
    enum status status = STATUS_OK;
    const char *bucket;
    size_t before;
    for (size_t i = 0; scan->collection->output && (bucket = output_signs_bucket(i)) != NULL; i++) {
        struct stat info;
        text_clear(&scan->path);
        text_format(&scan->path, "%s/%s/JPEGImages", scan->collection->output, bucket);
        TRY(text_status(&scan->path));
        if (stat(scan->path.data, &info) == 0)
            TRY(remember(scan, &info, &before));
    }
    scan->n_left_out = scan->n_ids;
out:
    return status;
}

enum status collection_add_folder(struct collection *collection, const char *folder) {
    enum status status;
    struct scan scan = {.collection = collection, .hidden_budget = HIDDEN_BUDGET};
    struct path_list links = {0};
    struct text current = {0};
    TRY(leave_out_placed(&scan));
    TRY(read_tree(&scan, folder, &current));
    while (scan.links.count > 0) {
        path_list_free(&links);
        links = scan.links;
        scan.links = (struct path_list){0};
        TRY(path_list_sort(&links, 0));
        for (size_t i = 0; i < links.count; i++)
            TRY(read_tree(&scan, path_list_get(&links, i), &current));
    }
    TRY(packed_paths_sort(&scan.images));
    TRY(packed_paths_join(&collection->images, &scan.images));
out:
    packed_paths_free(&scan.images);
    path_list_free(&scan.folders);
    path_list_free(&scan.links);
    path_list_free(&links);
    free(scan.ids);
    index_set_free(&scan.seen);
    text_free(&scan.path);
    text_free(&current);
    return status;
}
