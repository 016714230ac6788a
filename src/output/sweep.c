/* Drafts that a killed process could not remove. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "data/file_bytes.h"
#include "data/path_list.h"
#include "output/place.h"
#include "output/storage.h"

static bool is_folder(int folder, const struct dirent *entry) {
    struct stat about;
    return entry->d_type == DT_DIR ||
           (entry->d_type == DT_UNKNOWN &&
            fstatat(folder, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(about.st_mode));
}

/* Adds the folders that it finds to `folders`. A million names are looked at, none but the drafts
 * is asked about. */
static enum status sweep_folder(DIR *stream, const struct text *path, struct path_list *folders) {
    enum status status = STATUS_OK;
    const struct dirent *entry;
    struct text below = {0};
    while ((entry = readdir(stream)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (is_folder(dirfd(stream), entry)) {
            text_clear(&below);
            text_format(&below, "%s/%s", path->data, name);
            TRY(text_status(&below));
            TRY(path_list_add(folders, below.data));
        } else if (strncmp(name, DRAFT_PREFIX, strlen(DRAFT_PREFIX)) == 0)
            unlinkat(dirfd(stream), name, 0);
    }
out:
    text_free(&below);
    return status;
}

/* What is no folder, or may not be read, is left alone. */
static enum status open_folder(const char *path, DIR **stream) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    *stream = folder < 0 ? NULL : fdopendir(folder);
    if (*stream || !file_error_is_machine(errno))
        return STATUS_OK;
    int error = errno;
    if (folder >= 0)
        close(folder);
    return storage_failed(error, &(struct spot){AT_FDCWD, NULL, path}, "cannot look through");
}

static enum status sweep_tree(const char *root) {
    enum status status;
    struct path_list folders = {0}; /* to be read, a stack */
    struct text path = {0};
    TRY(path_list_add(&folders, root));
    while (folders.count > 0) {
        DIR *stream;
        text_clear(&path);
        text_string(&path, path_list_get(&folders, folders.count - 1));
        TRY(text_status(&path));
        folders.length = folders.start[--folders.count];
        TRY(open_folder(path.data, &stream));
        if (!stream)
            continue;
        status = sweep_folder(stream, &path, &folders);
        closedir(stream);
        if (status != STATUS_OK)
            break;
    }
out:
    path_list_free(&folders);
    text_free(&path);
    return status;
}

enum status output_sweep(const char *output) {
    static const char *const folders[] = {"correct", "mislabeled", "uncertain", "predicted"};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s/%s", output, folders[i]);
        if (length < 0 || (size_t)length >= sizeof path)
            return FAIL(STATUS_BAD_INPUT, "--output %.1000s: the path is too long", output);
        TRY(sweep_tree(path));
    }
out:
    return status;
}
