/* Finds the images of the splits of one data.yaml, or of several. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/suffix.h"
#include "data/collection.h"
#include "data/path.h"
#include "data/picture.h"
#include "data/source.h"

/* One file's. */
struct split_reader {
    struct collection *collection;
    const struct data_yaml *yaml;
    const char *file;
    const char *root;
    struct text root_note; /* what is wrong with `path`, for messages that follow from it */
    bool explicit;         /* --split names the splits */
    size_t n_found;        /* entries that exist */
    struct path_list done; /* entries read, for two splits may share one */
    struct text first_absent;
};

static bool exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* A value that leads nowhere, and is no path of this system's. */
static enum status check_foreign(const char *file, const char *key, const char *value) {
    if (is_url(value))
        return FAIL(STATUS_BAD_INPUT,
                    "%s: '%s: %s' is a URL: download the data set, and write where it lies", file,
                    key, value);
    if (is_windows_path(value))
        return FAIL(STATUS_BAD_INPUT,
                    "%s: '%s: %s' is written as on Windows: here folders are parted by '/'", file,
                    key, value);
    if (*value == '~')
        return FAIL(STATUS_BAD_INPUT,
                    "%s: '%s: %s': '~' means nothing in a file: write the path out", file, key,
                    value);
    return STATUS_OK;
}

/* Resolves `path` of the file into *root, and tells in *note where it names no folder. */
static enum status resolve_root(const struct data_yaml *yaml, const char *file, struct text *root,
                                struct text *note) {
    enum status status;
    struct text folder = {0}, here = {0};
    text_bytes(&folder, file, path_folder_length(file));
    TRY(text_status(&folder));
    const char *path = yaml->path ? yaml->path : ".";
    TRY(path_absolute(folder.data, path, root));
    if (is_folder(root->data))
        goto out;
    TRY(path_absolute(NULL, path, &here));
    if (is_folder(here.data)) {
        TRY(path_absolute(NULL, path, root));
        goto out;
    }
    TRY(check_foreign(file, "path", path));
    text_format(note, ", whose 'path: %s' leads nowhere: there is no folder %s", path, root->data);
    if (strcmp(root->data, here.data) != 0)
        text_format(note, " or %s", here.data);
    TRY(text_status(note));
out:
    text_free(&folder);
    text_free(&here);
    return status;
}

/* Relative to the root; where "../x" is not there, "x" may be. */
static enum status resolve_entry(const struct split_reader *reader, const char *entry,
                                 struct text *path) {
    enum status status;
    TRY(path_absolute(reader->root, entry, path));
    if (exists(path->data) || strncmp(entry, "../", 3) != 0)
        goto out;
    struct text inside = {0};
    status = path_absolute(reader->root, entry + 3, &inside);
    if (status == STATUS_OK && exists(inside.data))
        status = path_absolute(reader->root, entry + 3, path);
    text_free(&inside);
out:
    return status;
}

static enum status absent_entry(struct split_reader *reader, size_t split, const char *path,
                                int error) {
    const char *problem = error == ENOENT ? "does not exist" : strerror(error);
    struct text message = {0};
    text_format(&message, "%s %s: check '%s' in %s%s%s", path, problem, split_name(split),
                reader->file, reader->root_note.length ? reader->root_note.data : "",
                reader->yaml->download
                    ? "; its 'download' is not followed: download the data set first"
                    : "");
    enum status status = text_status(&message);
    if (status == STATUS_OK && reader->explicit)
        status = FAIL(STATUS_BAD_INPUT, "%s", message.data);
    else if (status == STATUS_OK)
        status =
            collection_skip(reader->collection, "'%s': %s %s", split_name(split), path, problem);
    if (reader->first_absent.data)
        text_free(&message);
    else
        reader->first_absent = message;
    return status;
}

static enum status add_entry(struct split_reader *reader, size_t split, const char *path) {
    enum status status = STATUS_OK;
    struct text suffixes = {0};
    if (!exists(path))
        return absent_entry(reader, split, path, errno);
    reader->n_found++;
    for (size_t i = 0; i < reader->done.count; i++)
        if (strcmp(path_list_get(&reader->done, i), path) == 0)
            goto out;
    TRY(path_list_add(&reader->done, path));
    size_t before = reader->collection->images.count;
    if (is_folder(path)) {
        TRY(collection_add_folder(reader->collection, path));
    } else if (has_suffix(path, ".txt") || reader->yaml->darknet) {
        TRY(collection_add_list(reader->collection, path,
                                reader->yaml->darknet ? reader->root : NULL));
    } else {
        status = FAIL(STATUS_BAD_INPUT, "%s is neither a folder nor a .txt list: check '%s' in %s",
                      path, split_name(split), reader->file);
        goto out;
    }
    if (reader->collection->images.count == before) {
        picture_suffixes(&suffixes);
        TRY(text_status(&suffixes));
        TRY(collection_skip(reader->collection, "'%s': no images (%s) in %s", split_name(split),
                            suffixes.data, path));
    }
out:
    text_free(&suffixes);
    return status;
}

static enum status add_split(struct split_reader *reader, size_t split) {
    enum status status = STATUS_OK;
    struct text path = {0};
    const struct path_list *entries = &reader->yaml->entries[split];
    for (size_t i = 0; i < entries->count; i++) {
        const char *entry = path_list_get(entries, i);
        TRY(resolve_entry(reader, entry, &path));
        if (!exists(path.data))
            TRY(check_foreign(reader->file, split_name(split), entry));
        TRY(add_entry(reader, split, path.data));
    }
out:
    text_free(&path);
    return status;
}

static enum status absent_split(const struct data_yaml *yaml, const char *file, size_t split) {
    struct text present = {0};
    for (size_t i = 0; i < N_SPLITS; i++)
        if (yaml->entries[i].count > 0)
            text_format(&present, "%s%s", present.length ? ", " : "", split_name(i));
    enum status status = text_status(&present);
    if (status == STATUS_OK)
        status = FAIL(STATUS_BAD_INPUT, "--split: %s has no '%s'; it has %s", file,
                      split_name(split), present.length ? present.data : "no split at all");
    text_free(&present);
    return status;
}

/* The split that a name is likely meant for. */
static const char *nearest_split(const char *name) {
    switch (*name) {
    case 'v': /* valid, validation, vla */
    case 'd': /* dev */
        return split_name(SPLIT_VAL);
    case 't':
        return split_name(name[1] == 'e' || name[1] == 's' ? SPLIT_TEST : SPLIT_TRAIN);
    default:
        return NULL;
    }
}

static enum status unknown_split(const char *names, const char *name) {
    const char *nearest = nearest_split(name);
    return FAIL(
        STATUS_BAD_INPUT,
        "--split %s: it takes train, val, test, or several of them with commas between%s%s%s",
        names, nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* Takes the next name off a comma-separated list: *split is its number, N_SPLITS for no such. */
static void next_split(const char **names, size_t *split) {
    const char *name = *names + strspn(*names, " ");
    size_t length = strcspn(name, ",");
    *names = name + length + (name[length] == ',');
    while (length > 0 && name[length - 1] == ' ')
        length--;
    *split = 0;
    while (*split < N_SPLITS &&
           !(strlen(split_name(*split)) == length && memcmp(split_name(*split), name, length) == 0))
        ++*split;
}

/* Whether one of the files has the split. */
static bool is_present(const struct split_file *files, size_t n_files, size_t split) {
    for (size_t i = 0; i < n_files; i++)
        if (files[i].yaml.entries[split].count > 0)
            return true;
    return false;
}

static enum status choose_splits(const struct split_file *files, size_t n_files, const char *names,
                                 size_t chosen[N_SPLITS], size_t *count) {
    enum status status = STATUS_OK;
    *count = 0;
    for (size_t i = 0; !names && i < N_SPLITS; i++)
        if (is_present(files, n_files, i))
            chosen[(*count)++] = i;
    const char *at = names;
    bool more = names != NULL;
    while (more) {
        size_t split;
        more = strchr(at, ',') != NULL;
        const char *name = at + strspn(at, " ");
        next_split(&at, &split);
        if (split == N_SPLITS)
            return unknown_split(names, name);
        if (!is_present(files, n_files, split))
            return absent_split(&files[0].yaml, files[0].file, split);
        bool again = false;
        for (size_t i = 0; i < *count; i++)
            again |= chosen[i] == split;
        if (!again)
            chosen[(*count)++] = split;
    }
    return status;
}

static enum status check_any(const struct split_file *file) {
    for (size_t split = 0; split < N_SPLITS; split++)
        if (file->yaml.entries[split].count > 0)
            return STATUS_OK;
    return FAIL(STATUS_BAD_INPUT, "%s names no images: it needs 'train', '%s' or 'test'%s",
                file->file, file->yaml.darknet ? "valid" : "val",
                file->yaml.model ? "; it describes a model, and is not a data set" : "");
}

void split_file_free(struct split_file *file) {
    data_yaml_free(&file->yaml);
    free(file->file);
    text_free(&file->root);
    *file = (struct split_file){0};
}

static void readers_free(struct split_reader *readers, size_t count) {
    for (size_t i = 0; readers && i < count; i++) {
        path_list_free(&readers[i].done);
        text_free(&readers[i].first_absent);
        text_free(&readers[i].root_note);
    }
    free(readers);
}

/* The files' images of one split after the other, so that a split's are side by side. */
static enum status add_chosen(struct split_reader *readers, size_t n_files,
                              const size_t chosen[N_SPLITS], size_t n_chosen) {
    enum status status = STATUS_OK;
    struct collection *collection = readers->collection;
    for (size_t c = 0; c < n_chosen; c++) {
        for (size_t i = 0; i < n_files; i++)
            TRY(add_split(&readers[i], chosen[c]));
        struct image_splits *noted = &collection->splits;
        noted->split[noted->count] = chosen[c];
        noted->end[noted->count++] = collection->images.count;
    }
    for (size_t i = 0; i < n_files && status == STATUS_OK; i++)
        if (readers[i].n_found == 0 && readers[i].first_absent.data)
            status = FAIL(STATUS_BAD_INPUT, "%s", readers[i].first_absent.data);
out:
    return status;
}

enum status collection_add_splits(struct collection *collection, struct split_file *files,
                                  size_t n_files, const char *splits) {
    enum status status;
    struct split_reader *readers = NULL;
    size_t chosen[N_SPLITS], n_chosen;
    for (size_t i = 0; i < n_files && !splits; i++)
        TRY(check_any(&files[i]));
    TRY(choose_splits(files, n_files, splits, chosen, &n_chosen));
    TRY(memory_zeroed(n_files, sizeof *readers, &readers));
    for (size_t i = 0; i < n_files; i++) {
        struct split_file *file = &files[i];
        readers[i] = (struct split_reader){.collection = collection,
                                           .yaml = &file->yaml,
                                           .file = file->file,
                                           .explicit = splits != NULL};
        TRY(resolve_root(&file->yaml, file->file, &file->root, &readers[i].root_note));
        readers[i].root = file->root.data;
    }
    TRY(add_chosen(readers, n_files, chosen, n_chosen));
out:
    readers_free(readers, n_files);
    return status;
}
