/* Drafts that a killed process could not remove. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "data/file_bytes.h"
#include "data/path_list.h"
#include "output/made.h"
#include "output/place.h"
#include "output/storage.h"

static bool is_folder(int folder, const struct dirent *entry) {
    struct stat about;
    return entry->d_type == DT_DIR ||
           (entry->d_type == DT_UNKNOWN &&
            fstatat(folder, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(about.st_mode));
}

/* Whether a folder right in the output folder is one that images or labels are placed in. */
static bool is_made(const char *name) {
    for (size_t i = 0; i <= MADE_PREDICTED; i++)
        if (strcmp(name, made_folder_name(i)) == 0)
            return true;
    return false;
}

/* Adds the folders that it finds to `folders`. A million names are looked at, none but the drafts
 * is asked about. */
static enum status sweep_folder(DIR *stream, const char *path, bool whole_output,
                                struct path_list *folders) {
    enum status status = STATUS_OK;
    const struct dirent *entry;
    struct text below = {0};
    while ((entry = readdir(stream)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (is_folder(dirfd(stream), entry)) {
            if (whole_output && !is_made(name))
                continue;
            text_clear(&below);
            text_format(&below, "%s/%s", path, name);
            TRY(text_status(&below));
            TRY(path_list_add(folders, below.data));
        } else if (is_draft(name)) {
            unlinkat(dirfd(stream), name, 0);
        }
    }
out:
    text_free(&below);
    return status;
}

/* What is no folder, or may not be read, is left alone. */
static enum status open_folder(const struct location *location, DIR **stream) {
    int error = below_stream(location, stream);
    return file_error_is_machine(error) ? storage_failed(error, location, "cannot look through")
                                        : STATUS_OK;
}

enum status output_sweep(const char *output) {
    enum status status;
    struct path_list folders = {0}; /* to be read, a stack */
    struct text path = {0};
    int whole;
    TRY(output_folder_open(output, true, &whole));
    if (whole < 0)
        return STATUS_OK;
    text_string(&path, ".");
    for (bool whole_output = true;; whole_output = false) {
        DIR *stream;
        TRY(text_status(&path));
        TRY(open_folder(&(struct location){whole, output, path.data}, &stream));
        status = stream ? sweep_folder(stream, path.data, whole_output, &folders) : STATUS_OK;
        if (stream)
            closedir(stream);
        if (status != STATUS_OK || folders.count == 0)
            break;
        text_clear(&path);
        text_string(&path, path_list_get(&folders, folders.count - 1));
        folders.length = folders.start[--folders.count];
    }
out:
    if (whole >= 0)
        close(whole);
    path_list_free(&folders);
    text_free(&path);
    return status;
}
